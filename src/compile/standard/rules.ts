/** Lowering rules in standard ONNX operators, the same on every device. */
import { LikenessError } from '../../core/errors.ts';
import { crossReplicaOperators, type DType, type TensorData } from '../../tensor/index.ts';
import type { Rule } from '../emitter.ts';
import { onnxTypes } from '../onnx.ts';
import { argMaxProduct, twoLargestProducts } from './argMaxProduct.ts';
import { batchNorm, batchNormGradient, batchNormInference, layerNorm } from './batchNorm.ts';
import { conv2d, conv2dInputGradient } from './convolution.ts';
import { conv2dFilterGradient } from './filterGradient.ts';
import {
  lowerPad,
  lowerReshape,
  lowerSlice,
  lowerTranspose,
  maskedByRelu,
  matchRank,
} from './moves.ts';
import { averagePool2d, maxPool2d, maxPool2dGradient } from './pool.ts';
import { axpy, rowProducts } from './products.ts';
import { lowerRuntimeNode } from './runtimeNode.ts';

/** A rule that is one ONNX operator with the same inputs. */
const direct =
  (type: string): Rule =>
  (emit, _node, inputs) => [emit.add(type, inputs)];

/** An element-wise operator of two tensors. */
const binary =
  (type: string): Rule =>
  (emit, node, inputs) => {
    const { shape } = node.outputs[0]!;
    return [
      emit.add(
        type,
        inputs.map((name, i) => matchRank(emit, name, node.inputs[i]!, shape)),
      ),
    ];
  };

const reduce =
  (type: string): Rule =>
  (emit, node, [x]) => [
    emit.add(type, [x!, emit.integers(node.attributes.axes as number[])], { keepdims: 1 }),
  ];

const arg =
  (type: string): Rule =>
  (emit, node, [x]) => {
    const found = emit.add(type, [x!], { axis: node.attributes.axis as number, keepdims: 0 });
    return [emit.add('Cast', [found], { to: onnxTypes.int32 })];
  };

const alongAxis =
  (type: string, extra: Record<string, string> = {}): Rule =>
  (emit, node, inputs) => [
    emit.add(type, inputs, { axis: node.attributes.axis as number, ...extra }),
  ];

/** Only axes that are cut appear in the node, so that whole axes are copied in one piece. */
const slice: Rule = (emit, node, [x]) => {
  const shape = node.inputs[0]!.shape;
  const { starts, ends, steps } = node.attributes as Record<string, number[]>;
  const axes = shape.flatMap((extent, i) =>
    starts![i] === 0 && ends![i] === extent && steps![i] === 1 ? [] : [i],
  );
  if (axes.length === 0) return [x!];
  const pick = (values: number[]) => axes.map((axis) => values[axis]!);
  return [
    lowerSlice(emit, x!, { starts: pick(starts!), ends: pick(ends!), axes, steps: pick(steps!) }),
  ];
};

const constant: Rule = (emit, node) => {
  const { data, shape, dtype } = node.attributes as {
    data: TensorData;
    shape: number[];
    dtype: DType;
  };
  return [emit.constant(data, shape, onnxTypes[dtype])];
};

const pad: Rule = (emit, node, [x]) => {
  const { before, after, value } = node.attributes as {
    before: number[];
    after: number[];
    value: number;
  };
  return [lowerPad(emit, x!, before, after, value)];
};

/** By elements, each of which has an index of its own. */
const scatterAdd: Rule = (emit, node, [x, indices, updates]) => {
  const { shape } = node.inputs[2]!;
  const column = lowerReshape(emit, indices!, [shape[0]!, ...shape.slice(1).map(() => 1)]);
  const everywhere = emit.add('Expand', [column, emit.integers(shape)]);
  return [emit.add('ScatterElements', [x!, everywhere, updates!], { axis: 0, reduction: 'add' })];
};

const topK: Rule = (emit, node, [x]) => {
  const { k, axis } = node.attributes as { k: number; axis: number };
  const [values, indices] = emit.addMany(
    'TopK',
    [x!, emit.integers([k])],
    { axis, largest: 1, sorted: 1 },
    { outputs: 2 },
  );
  return [values!, emit.add('Cast', [indices!], { to: onnxTypes.int32 })];
};

/** Joins replicas, which no device does. */
const ofReplicas: Rule = (_emit, { operator }) => {
  throw new LikenessError(
    'replicas.joined',
    `${operator}: received a program of several replicas; expected one that was cut at this operator, ` +
      'or a program of one replica',
  );
};

/** Rules by operator name. */
export const standardRules: Readonly<Record<string, Rule>> = {
  constant,
  neg: direct('Neg'),
  exp: direct('Exp'),
  log: direct('Log'),
  sqrt: direct('Sqrt'),
  reciprocal: direct('Reciprocal'),
  abs: direct('Abs'),
  sign: direct('Sign'),
  floor: direct('Floor'),
  tanh: direct('Tanh'),
  sigmoid: direct('Sigmoid'),
  erf: direct('Erf'),
  softplus: direct('Softplus'),
  relu: direct('Relu'),
  reluGradient: (emit, _node, [y, dy]) => [maskedByRelu(emit, y!, dy!)],
  cast: (emit, node, [x]) => [
    emit.add('Cast', [x!], { to: onnxTypes[node.attributes.dtype as DType] }),
  ],
  stopGradient: (_emit, _node, [x]) => [x!],
  add: binary('Add'),
  sub: binary('Sub'),
  mul: binary('Mul'),
  div: binary('Div'),
  pow: binary('Pow'),
  maximum: binary('Max'),
  minimum: binary('Min'),
  equal: direct('Equal'),
  greater: direct('Greater'),
  greaterEqual: direct('GreaterOrEqual'),
  less: direct('Less'),
  lessEqual: direct('LessOrEqual'),
  logicalAnd: direct('And'),
  logicalOr: direct('Or'),
  logicalNot: direct('Not'),
  where: direct('Where'),
  sum: reduce('ReduceSum'),
  sumOfSquares: reduce('ReduceSumSquare'),
  mean: reduce('ReduceMean'),
  max: reduce('ReduceMax'),
  min: reduce('ReduceMin'),
  argMax: arg('ArgMax'),
  argMin: arg('ArgMin'),
  topK,
  reshape: (emit, node, [x]) => [lowerReshape(emit, x!, node.attributes.shape as number[])],
  transpose: (emit, node, [x]) => [
    lowerTranspose(emit, x!, node.attributes.permutation as number[]),
  ],
  broadcastTo: (emit, node, [x]) => [
    emit.add('Expand', [x!, emit.integers(node.attributes.shape as number[])]),
  ],
  concat: alongAxis('Concat'),
  slice,
  pad,
  gather: alongAxis('Gather'),
  gatherElements: alongAxis('GatherElements'),
  scatterElementsAdd: alongAxis('ScatterElements', { reduction: 'add' }),
  scatterAdd,
  matmul: direct('MatMul'),
  softmax: alongAxis('Softmax'),
  logSoftmax: alongAxis('LogSoftmax'),
  conv2d,
  conv2dInputGradient,
  conv2dFilterGradient,
  maxPool2d,
  maxPool2dGradient,
  averagePool2d,
  batchNorm,
  batchNormGradient,
  batchNormInference,
  layerNorm,
  argMaxProduct,
  twoLargestProducts,
  rowProducts,
  axpy,
  runtimeNode: lowerRuntimeNode,
  ...Object.fromEntries(crossReplicaOperators.map((name) => [name, ofReplicas])),
};
