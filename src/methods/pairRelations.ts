/**
 * Relations between the images of a batch, two by two: what DAC, DDC and DCCM share.
 *
 * Targets come from the image itself, whole and without augmentation, and no gradient reaches them;
 * the network learns from an augmented view. Symbols: B images per batch, K clusters, y [B, K]
 * probabilities, f = y / |y| label features, s_ij = f_i · f_j from 0 to 1.
 */
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import { batchNorm, filled, identity, linear, type Variables } from '../nn/index.ts';
import {
  add,
  argMax,
  div,
  l2Normalize,
  log,
  matmul,
  maximum,
  mean,
  mul,
  neg,
  oneHot,
  relu,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import type { CropSpec } from '../views/index.ts';
import type { Moment, StepContext } from './program.ts';

/** Stands for 0 under a logarithm, as in the authors' code of DAC. */
const TINY = 1e-10;

/** Name of the head's parameters. */
const HEAD = 'cluster_head';

/** First values of the head's layers. Batch norms follow, so there are no biases. */
const initialize = { weight: identity(), bias: filled(0) };

/** The clean image, its largest central square with nothing drawn, and an augmented view. */
export function cleanAndAugmented(crop: CropSpec): CropSpec[] {
  const clean = { ...crop, count: 1, scale: [1, 1], ratio: [1, 1], steps: [] } satisfies CropSpec;
  return [clean, { ...crop, count: 1 }];
}

/**
 * Refuses more clusters than a batch has images: the relations of a batch say nothing of clusters
 * that none of its images can be in.
 *
 * @throws LikenessError `settings.clusters`
 */
export function requireClustersInBatch(
  { clusters: K }: { clusters: number },
  { batchSize: B }: Pick<StepContext, 'batchSize'>,
): void {
  if (K <= B) return;
  throw new LikenessError(
    'settings.clusters',
    `clusters: received ${K}; expected at most ${B}, the images per step. ` +
      'Set fewer clusters or a larger batchSize.',
  );
}

/** Setting of a threshold that moves over the run. */
export const threshold = (from: number, to: number) =>
  z
    .tuple([z.number().min(0).max(1), z.number().min(0).max(1)], {
      error: 'expected the value of the first epoch and that of the last, such as "0.95,0.5"',
    })
    .default([from, to]);

/**
 * Value of a threshold that moves linearly from epoch to epoch: `from + (to - from) e / E` in epoch
 * e of E, counted from 0.
 */
export function thresholdAt(
  [from, to]: readonly [number, number],
  { step, stepsPerEpoch, totalSteps }: Moment,
): number {
  const epochs = Math.max(1, Math.ceil(totalSteps / stepsPerEpoch));
  return from + ((to - from) * Math.floor(step / stepsPerEpoch)) / epochs;
}

/**
 * Logits [N, K] of features [N, F]: Linear, batch norm, ReLU, Linear, batch norm. Both layers begin
 * as the identity, so that each cluster begins as one feature.
 *
 * @param hidden outputs of the first layer
 * @returns the logits, and the values before the last batch norm, [N, K]
 */
export function relationLogits(
  variables: Variables,
  features: Tensor,
  { hidden, clusters }: { hidden: number; clusters: number },
): { logits: Tensor; raw: Tensor } {
  const layer = (index: number, x: Tensor, outputs: number) =>
    linear(variables, `${HEAD}.${index}`, x, { features: outputs, bias: 'without', initialize });
  const h = relu(batchNorm(variables, `${HEAD}.1`, layer(0, features, hidden))); // [N, hidden]
  const raw = layer(3, h, clusters); // [N, K]
  return { logits: batchNorm(variables, `${HEAD}.4`, raw), raw }; // [N, K]
}

/** Cosines s [B, B] of probabilities y [B, K], from 0 to 1. */
export function similarities(y: Tensor): Tensor {
  const f = l2Normalize(y); // [B, K]
  return matmul(f, transpose(f)); // [B, B]
}

/** 1 for pairs whose largest probabilities are of one cluster, else 0: [B, B], an equivalence. */
export function samePartition(y: Tensor): Tensor {
  const member = oneHot(argMax(y), y.shape[1]!); // [B, K]
  return matmul(member, transpose(member)); // [B, B]
}

/**
 * Cross-entropy of similarities with relations, mean over the chosen pairs of
 * `-r ln s - (1 - r) ln(1 - s)`. At least 0; 0 where no pair is chosen.
 *
 * @param s similarities [B, B], 0 to 1
 * @param positive 1 for pairs of one cluster [B, B]; no gradient may reach it
 * @param negative 1 for pairs of two clusters [B, B]; pairs that are neither are not chosen
 */
export function relationLoss(
  s: Tensor,
  { positive, negative }: { positive: Tensor; negative: Tensor },
): Tensor {
  const terms = add(mul(positive, logOf(s)), mul(negative, logOf(sub(1, s)))); // [B, B]
  const chosen = maximum(add(sum(positive), sum(negative)), 1);
  return neg(div(sum(terms), chosen)); // []
}

/**
 * Cross-entropy of Bernoulli variables, mean over K: `-mean_k (t ln y + (1 - t) ln(1 - y))`, [B].
 *
 * @param y probabilities [B, K]
 * @param t targets [B, K], 0 to 1; no gradient may reach them
 */
export function bernoulliCrossEntropy(y: Tensor, t: Tensor): Tensor {
  const terms = add(mul(t, logOf(y)), mul(sub(1, t), logOf(sub(1, y)))); // [B, K]
  return neg(mean(terms, { axes: [1] })); // [B]
}

/** `ln max(x, 1e-10)`. */
export const logOf = (x: Tensor) => log(maximum(x, TINY));

/** Fraction of images whose two outputs have their largest value in the same cluster, []. */
export function sameCluster(a: Tensor, b: Tensor): Tensor {
  const K = a.shape[1]!;
  return mean(sum(mul(oneHot(argMax(a), K), oneHot(argMax(b), K)), { axes: [1] }));
}
