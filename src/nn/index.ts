/** Layers, networks, optimisers and schedules. */
export { encode } from './encoder.ts';
export { filled, type Initialiser, kaimingFanOut, uniformFanIn } from './initialise.ts';
export { batchNorm, convolution, linear } from './layers.ts';
export { type MlpOptions, mlp } from './mlp.ts';
export { createMomentumVariables, type MomentumOptions, type MomentumVariables } from './momentum.ts';
export {
  type AdamOptions,
  adam,
  type LarcOptions,
  larc,
  lars,
  type Optimizer,
  type SgdOptions,
  sgd,
} from './optimizers.ts';
export {
  type Architecture,
  architectures,
  type EncoderOptions,
  featureLength,
  resnet,
  type Stem,
  stems,
} from './resnet.ts';
export { type WarmupCosine, warmupCosine } from './schedules.ts';
export { createVariables, type Mode, type Variables } from './variables.ts';
