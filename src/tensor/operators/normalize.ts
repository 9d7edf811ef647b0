/** Batch norm and other normalizations. */
import { apply, applyOne, defineOperator, refuseShape, showShape, type Tensor } from '../tensor.ts';
import { add, div, maximum, mul, sub } from './binary.ts';
import { sqrt } from './elementwise.ts';
import { mean as meanOf, sum } from './reduce.ts';
import { crossReplicaMean } from './replicas.ts';
import { reshape } from './shape.ts';

function requireChannels(name: string, x: Tensor, parameters: readonly Tensor[]): void {
  const C = x.shape[1];
  if (x.shape.length < 2 || parameters.some(({ shape }) => shape.length !== 1 || shape[0] !== C)) {
    refuseShape(
      name,
      `${showShape(x.shape)} with parameters ${parameters.map(({ shape }) => showShape(shape)).join(', ')}`,
      'x [N, C, ..] and parameters [C]',
    );
  }
}

defineOperator({
  name: 'batchNorm',
  infer: ([x, gamma, beta]) => {
    requireChannels('batchNorm', x!, [gamma!, beta!]);
    const channels = { shape: gamma!.shape, dtype: 'float32' as const };
    return [{ shape: x!.shape, dtype: 'float32' }, channels, channels];
  },
});

defineOperator({
  name: 'batchNormGradient',
  infer: ([x, , gamma]) => {
    const channels = { shape: gamma!.shape, dtype: 'float32' as const };
    return [{ shape: x!.shape, dtype: 'float32' }, channels, channels];
  },
});

export interface BatchNormResult {
  y: Tensor;
  /** Mean over the batch (and positions) of each channel, [C]. */
  mean: Tensor;
  /** Biased variance of each channel, [C]. */
  variance: Tensor;
}

/**
 * Batch norm with the statistics of the batch.
 *
 * `y = gamma (x - mean) / sqrt(variance + epsilon) + beta`, per channel over batch and positions,
 * biased variance. Source: Ioffe and Szegedy 2015, algorithm 1.
 */
export function batchNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { epsilon = 1e-5 } = {},
): BatchNormResult {
  const [y, mean, variance] = apply('batchNorm', [x, gamma, beta], { epsilon });
  return { y: y!, mean: mean!, variance: variance! };
}

/**
 * The same with the statistics of all replicas' batches together, as SyncBN in PyTorch.
 *
 * `mean = crossReplicaMean(mean(x))`, `variance = crossReplicaMean(mean((x - mean)²))`: replicas have
 * equal batches. Made of several operators, because replicas meet within it.
 */
export function crossReplicaBatchNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { epsilon = 1e-5 } = {},
): BatchNormResult {
  requireChannels('crossReplicaBatchNorm', x, [gamma, beta]);
  const [C] = gamma.shape as [number];
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const perChannel = (v: Tensor) => reshape(v, [C, ...x.shape.slice(2).map(() => 1)]);
  const mean = crossReplicaMean(meanOf(x, { axes })); // [C]
  const centered = sub(x, perChannel(mean));
  const variance = crossReplicaMean(meanOf(mul(centered, centered), { axes })); // [C]
  const normalized = div(centered, perChannel(sqrt(add(variance, epsilon))));
  return { y: add(mul(normalized, perChannel(gamma)), perChannel(beta)), mean, variance };
}

defineOperator({
  name: 'batchNormInference',
  infer: ([x, ...parameters]) => {
    requireChannels('batchNormInference', x!, parameters);
    return [{ shape: x!.shape, dtype: 'float32' }];
  },
});

/**
 * Batch norm with running statistics, for evaluation: the same formula with `mean` and `variance`
 * [C] as inputs.
 */
export function batchNormInference(
  x: Tensor,
  parameters: { gamma: Tensor; beta: Tensor; mean: Tensor; variance: Tensor },
  { epsilon = 1e-5 } = {},
): Tensor {
  const { gamma, beta, mean, variance } = parameters;
  return applyOne('batchNormInference', [x, gamma, beta, mean, variance], { epsilon });
}

/** `x / max(||x||, epsilon)` along an axis; epsilon protects the zero vector from division by 0. */
export function l2Normalize(x: Tensor, { axis = -1, epsilon = 1e-12 } = {}): Tensor {
  // The squared floor keeps the root away from 0, where its gradient would be infinite.
  const norm = sqrt(maximum(sum(mul(x, x), { axes: [axis], keepDims: true }), epsilon ** 2));
  return div(x, norm);
}
