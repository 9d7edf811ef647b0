/**
 * Heads that give cluster probabilities for features: several are trained side by side, and the one
 * with the lowest loss counts. No label takes part in that choice.
 */
import { LikenessError } from '../core/errors.ts';
import { filled, type Initializer, PRETRAINED, type Variables } from '../nn/index.ts';
import {
  add,
  argMin,
  concat,
  div,
  greater,
  l2Normalize,
  matmul,
  mul,
  oneHot,
  reshape,
  softmax,
  sqrt,
  sum,
  type Tensor,
  transpose,
  where,
} from '../tensor/index.ts';
import type { StepContext } from './program.ts';
import { positive } from './settings.ts';

/** Weight of a step's loss in a head's running mean. */
const RATE = 0.05;
/** Name of the running mean losses in the state. */
const LOSSES = 'headLosses';

/** Setting of the number of heads. */
export const clusterHeads = (count: number) =>
  positive(256)
    .default(count)
    .describe('heads that are trained side by side; the one with the lowest loss counts');

/** Setting of the number of neighbors among which an image's partner is drawn. */
export const neighborCount = (count: number) =>
  positive(4096)
    .default(count)
    .describe('nearest neighbors of an image, one of which is its partner in a step');

/**
 * Refuses a network in place of features. The pairs of a head are neighbors, which a network that
 * begins with random weights does not have.
 *
 * @throws LikenessError `head.encoder`
 */
export function requireFeatures(name: string, { encoder }: Pick<StepContext, 'encoder'>): void {
  const { architecture = 'resnet18' } = encoder;
  if (architecture === PRETRAINED) return;
  throw new LikenessError(
    'head.encoder',
    `method: received "${name}" with architecture "${architecture}"; expected "${PRETRAINED}", ` +
      'because it trains a head on features. Name a pretrained model.',
  );
}

/** Embeddings of a head's run: directions of the features themselves, [N, D]. */
export const directions = (_: Variables, features: Tensor) => l2Normalize(features);

/**
 * Linear layer with weight normalization, `x (g v / |v|)ᵀ + b`, of rows x [N, D] to [N, K]. The
 * gain g [K, 1] is trained. Source: Salimans and Kingma, "Weight normalization", NeurIPS 2016.
 */
export function weightNormLinear(
  variables: Variables,
  name: string,
  x: Tensor,
  {
    features: K,
    weight,
    gain,
    bias,
  }: {
    features: number;
    /** First directions v [K, D]. */
    weight: Initializer;
    /** First gain. */
    gain: number;
    /** First bias b [K]. Default: no bias. */
    bias?: Initializer;
  },
): Tensor {
  const v = variables.parameter(`${name}.weight_v`, [K, x.shape[1]!], weight); // [K, D]
  const g = variables.parameter(`${name}.weight_g`, [K, 1], filled(gain)); // [K, 1]
  const length = sqrt(sum(mul(v, v), { axes: [1], keepDims: true })); // [K, 1]
  const y = matmul(x, transpose(mul(v, div(g, length)))); // [N, K]
  return bias ? add(y, variables.parameter(`${name}.bias`, [K], bias)) : y;
}

/** Running mean losses [H] of the heads, 0 before the first step. */
function lossesOf(variables: Variables, count: number): Tensor {
  return variables.buffer(LOSSES, [count], filled(0)); // [H]
}

/**
 * Adds the losses of a step, one number per head, to their running means.
 *
 * @param isRecorded 1 in steps that count and 0 in all others, []. Default: every step counts.
 */
export function recordLosses(
  variables: Variables,
  losses: readonly Tensor[],
  { isRecorded }: { isRecorded?: Tensor } = {},
): void {
  const now = concat(losses.map((loss) => reshape(loss, [1]))); // [H]
  const before = lossesOf(variables, losses.length); // [H]
  const next = add(mul(1 - RATE, before), mul(RATE, now)); // [H]
  variables.setBuffer(LOSSES, isRecorded ? where(greater(isRecorded, 0.5), next, before) : next);
}

/**
 * Probabilities [N, K] of the head whose running mean loss is lowest. All heads are computed, since
 * the choice is a value of the state.
 *
 * @param logits [N, K] of each head
 */
export function bestHead(variables: Variables, logits: readonly Tensor[]): Tensor {
  const H = logits.length;
  if (H === 1) return softmax(logits[0]!);
  const best = oneHot(reshape(argMin(lossesOf(variables, H)), [1]), H); // [1, H]
  const [N, K] = logits[0]!.shape as [number, number];
  // Images stay the first axis, whose extent is free in an exported model.
  const all = concat(
    logits.map((logit) => reshape(softmax(logit), [N, K, 1])),
    2,
  ); // [N, K, H]
  return sum(mul(all, reshape(best, [1, 1, H])), { axes: [2] }); // [N, K]
}
