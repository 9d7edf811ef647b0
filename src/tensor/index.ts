/** Symbolic tensors, operators, gradients and graph simplification. */
export { gradients } from './gradients.ts';
export * from './operators/activations.ts';
export { argMaxProduct, twoLargestProducts } from './operators/argMaxProduct.ts';
export * from './operators/binary.ts';
export * from './operators/compare.ts';
export {
  type ConvolutionOptions,
  conv2d,
  convTranspose2d,
  type Pair,
} from './operators/convolution.ts';
export { dropout } from './operators/dropout.ts';
export * from './operators/elementwise.ts';
export * from './operators/indexing.ts';
export * from './operators/matmul.ts';
export {
  type BatchNormResult,
  batchNorm,
  batchNormInference,
  crossReplicaBatchNorm,
  groupNorm,
  l2Normalize,
  layerNorm,
} from './operators/normalize.ts';
export { averagePool2d, globalAveragePool, maxPool2d, type PoolOptions } from './operators/pool.ts';
export { dotRows, max, mean, min, type ReduceOptions, sum, variance } from './operators/reduce.ts';
export {
  crossReplicaConcat,
  crossReplicaMax,
  crossReplicaMean,
  crossReplicaOperators,
} from './operators/replicas.ts';
export { rowProducts } from './operators/rowProducts.ts';
export {
  type RuntimeAttribute,
  type RuntimeIntegers,
  type RuntimeNode,
  runtimeNode,
  runtimeNodeOf,
} from './operators/runtimeNode.ts';
export {
  broadcastTo,
  concat,
  pad,
  reshape,
  rows,
  type SliceOptions,
  slice,
  split,
  transpose,
} from './operators/shape.ts';
export * from './operators/softmax.ts';
export {
  arange,
  constant,
  constantValue,
  input,
  type Operand,
  scalar,
} from './operators/source.ts';
export { simplify } from './simplify.ts';
export {
  type Attributes,
  apply,
  arrayTypes,
  broadcastShapes,
  type DType,
  type Node,
  naturalType,
  operatorNames,
  resolveAxis,
  type Shape,
  sameShape,
  showShape,
  sizeOf,
  type Tensor,
  type TensorData,
  type TensorType,
} from './tensor.ts';
export { nodesOf } from './traverse.ts';
