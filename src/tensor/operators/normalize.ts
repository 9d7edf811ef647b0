/** Batch norm and other normalizations. */
import {
  apply,
  applyOne,
  defineOperator,
  refuseShape,
  showShape,
  sizeOf,
  type Tensor,
} from '../tensor.ts';
import { add, div, maximum, mul, sub } from './binary.ts';
import { sqrt } from './elementwise.ts';
import { mean as meanOf, sum } from './reduce.ts';
import { crossReplicaMean } from './replicas.ts';
import { broadcastTo, reshape } from './shape.ts';
import { scalar } from './source.ts';

/** Shapes of x and of its parameters, for errors. */
function withParameters(x: Tensor, parameters: readonly Tensor[]): string {
  const shapes = parameters.map(({ shape }) => showShape(shape));
  return `${showShape(x.shape)} with parameters ${shapes.join(', ')}`;
}

function requireChannels(name: string, x: Tensor, parameters: readonly Tensor[]): void {
  const C = x.shape[1];
  if (x.shape.length < 2 || parameters.some(({ shape }) => shape.length !== 1 || shape[0] !== C)) {
    refuseShape(name, withParameters(x, parameters), 'x [N, C, ..] and parameters [C]');
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

defineOperator({
  name: 'layerNorm',
  infer: ([x, ...parameters]) => {
    const D = x!.shape.at(-1);
    if (parameters.some(({ shape }) => shape.length !== 1 || shape[0] !== D)) {
      refuseShape('layerNorm', withParameters(x!, parameters), 'x [.., D] and parameters [D]');
    }
    const rows = { shape: x!.shape.with(-1, 1), dtype: 'float32' as const };
    return [{ shape: x!.shape, dtype: 'float32' }, rows, rows];
  },
});

/**
 * Layer norm of rows: `y = gamma (x - mean) / sqrt(variance + epsilon) + beta` with mean and biased
 * variance of each row over the last axis. Source: Ba, Kiros, Hinton 2016, equation 4.
 *
 * @param x [.., D]
 * @param gamma [D]
 * @param beta [D]
 * @throws LikenessError `shape.mismatch`
 */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor, { epsilon = 1e-5 } = {}): Tensor {
  return apply('layerNorm', [x, gamma, beta], { epsilon })[0]!;
}

/**
 * Group norm: the same with mean and variance over each group of channels and all positions of an
 * image, and gamma and beta per channel. Groups of one channel are an instance norm. Source: Wu and
 * He 2018, equations 1 to 7.
 *
 * @param x [N, C, ..]
 * @param gamma [C]
 * @param beta [C]
 * @throws LikenessError `shape.mismatch`
 */
export function groupNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { groups, epsilon = 1e-5 }: { groups: number; epsilon?: number },
): Tensor {
  requireChannels('groupNorm', x, [gamma, beta]);
  const [N, C] = x.shape as [number, number];
  if (!Number.isInteger(groups) || groups < 1 || C % groups !== 0) {
    refuseShape('groupNorm', `${groups} groups of ${C} channels`, `a number that divides ${C}`);
  }
  const length = sizeOf(x.shape) / (N * groups);
  const plain = (value: number) => broadcastTo(scalar(value), [length]);
  const rows = reshape(x, [N * groups, length]); // [N G, L]
  const standard = layerNorm(rows, plain(1), plain(0), { epsilon }); // [N G, L]
  const normalized = reshape(standard, x.shape); // [N, C, ..]
  const perChannel = (v: Tensor) => reshape(v, [C, ...x.shape.slice(2).map(() => 1)]);
  return add(mul(normalized, perChannel(gamma)), perChannel(beta)); // [N, C, ..]
}

/** `x / max(||x||, epsilon)` along an axis; epsilon protects the zero vector from division by 0. */
export function l2Normalize(x: Tensor, { axis = -1, epsilon = 1e-12 } = {}): Tensor {
  // The squared floor keeps the root away from 0, where its gradient would be infinite.
  const norm = sqrt(maximum(sum(mul(x, x), { axes: [axis], keepDims: true }), epsilon ** 2));
  return div(x, norm);
}
