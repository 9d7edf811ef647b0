/** Layers, networks, optimizers and schedules. */
export {
  dcganGenerator,
  discriminatorLogits,
  discriminatorMaps,
  GENERATOR,
  generatorInputs,
  pooledMaps,
} from './dcgan.ts';
export { decnnLayers, decnnPooled, type SparseLayer, sparseCost } from './decnn.ts';
export { createDropout, type Drop, type DropoutSource } from './dropout.ts';
export {
  type Architecture,
  architectureNames,
  architectures,
  checkSizes,
  type EncoderOptions,
  encode,
  type FrontEnd,
  featureLength,
  firstFilters,
  frontEnds,
  IMPORTED,
  PRETRAINED,
} from './encoder.ts';
export {
  IMPORTED_PREFIX,
  type ImportedNetwork,
  type ImportedOptions,
  type ImportOptions,
  importedRates,
  importGraph,
  NAMING,
  type RuntimeTypes,
  registerNetwork,
  trainableOperators,
  untrainableNodes,
} from './graph/index.ts';
export {
  filled,
  glorotUniform,
  type Initializer,
  identity,
  kaimingFanIn,
  kaimingFanOut,
  normal,
  uniformFanIn,
} from './initialize.ts';
export { batchNorm, convolution, linear, transposedConvolution, type Weights } from './layers.ts';
export {
  binaryCrossEntropyWithLogits,
  gaussianDivergence,
  meanSquaredError,
} from './losses.ts';
export { type MlpOptions, mlp } from './mlp.ts';
export {
  createMomentumVariables,
  type MomentumOptions,
  type MomentumVariables,
} from './momentum.ts';
export {
  type AdamOptions,
  adam,
  type LarcOptions,
  larc,
  lars,
  type MomentumForm,
  momentumForms,
  type Optimizer,
  type RmspropOptions,
  rmsprop,
  type SgdOptions,
  sgd,
} from './optimizers.ts';
export {
  decoderLayer,
  encoderLayer,
  flattened,
  mirroredPerceptron,
  type PerceptronLayer,
  type PerceptronOptions,
  perceptronWidths,
} from './perceptron.ts';
export {
  type ResidualInit,
  type ResidualNetwork,
  type ResnetOptions,
  residualInits,
  residualNetworks,
  resnet,
  type Stem,
  stems,
} from './resnet.ts';
export { type WarmupCosine, warmupCosine } from './schedules.ts';
export { vaeDecoder, vaeHidden, vaeLogVariance, vaeMean } from './vae.ts';
export {
  createVariables,
  type FirstValues,
  type Mode,
  stateOfBuffer,
  type Variables,
} from './variables.ts';
