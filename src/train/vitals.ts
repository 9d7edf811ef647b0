/** Vital signs of a training step: usage of prototypes, and spread and rank of embeddings. */
import { spectrum } from '../cluster/index.ts';

/** Moments of a batch's embeddings z [B, D]. */
export interface EmbeddingMoments {
  /** Mean of z, [D]. */
  embeddingMean: Float32Array;
  /** Mean of z zᵀ, [D, D]. */
  embeddingMoment: Float32Array;
}

/** Region that healthy embeddings fill: the unit sphere, or a standard normal. */
export type Geometry = 'sphere' | 'gaussian';

/** Smallest deviation of embeddings that are not a point, for practical purposes. */
const MIN_DEVIATION = 0.1;
/** Smallest effective rank of embeddings that do not lie on a line, for practical purposes. */
const MIN_RANK = 1.5;
/**
 * Cube of the dimension per step up to which each epoch has an effective rank. A head on features
 * of 512 dimensions has epochs of one step, which takes 10 ms, and the spectrum takes half a
 * second: it is then measured in every 34th step.
 */
const RANK_WORK = 4e6;
/** Fraction of an equal share below which a prototype counts as unused. */
const UNUSED = 0.01;

/** Entropy of the usage [K] over ln K, and the number of unused prototypes. */
export function usageVitals(usage: Float32Array): { usageEntropy: number; deadPrototypes: number } {
  const K = usage.length;
  const total = usage.reduce((a, b) => a + b, 0) || 1;
  let entropy = 0;
  let deadPrototypes = 0;
  for (const value of usage) {
    const p = value / total;
    if (p > 0) entropy -= p * Math.log(p);
    if (p < UNUSED / K) deadPrototypes++;
  }
  return { usageEntropy: entropy / Math.log(K), deadPrototypes };
}

/**
 * Mean standard deviation of a coordinate, relative to that of embeddings that fill their region: 1
 * / sqrt(D) on the sphere, 1 for a standard normal. 0 is a point.
 */
export function deviation(
  { embeddingMean: mean, embeddingMoment: moment }: EmbeddingMoments,
  geometry: Geometry = 'sphere',
): number {
  const D = mean.length;
  let total = 0;
  for (let d = 0; d < D; d++) total += Math.sqrt(Math.max(0, moment[d * D + d]! - mean[d]! ** 2));
  return (total / D) * (geometry === 'sphere' ? Math.sqrt(D) : 1);
}

/** Covariance of the embeddings, [D, D]. */
function covarianceOf({
  embeddingMean: mean,
  embeddingMoment: moment,
}: EmbeddingMoments): Float64Array {
  const D = mean.length;
  const matrix = new Float64Array(D * D);
  for (let i = 0; i < D; i++)
    for (let j = 0; j < D; j++) matrix[i * D + j] = moment[i * D + j]! - mean[i]! * mean[j]!;
  return matrix;
}

/**
 * Exponential of the entropy of the covariance's normalized eigenvalues, 1 to D.
 *
 * Source: Roy, Vetterli, "The Effective Rank", EUSIPCO 2007.
 */
export function effectiveRank(moments: EmbeddingMoments): number {
  const matrix = covarianceOf(moments);
  if (!matrix.every(Number.isFinite)) return Number.NaN;
  const { embeddingMean: mean } = moments;
  const { values } = spectrum({ means: Float64Array.from(mean), matrix, dimension: mean.length });
  const total = values.reduce((a, b) => a + b, 0);
  if (total <= 0) return 1;
  return Math.exp(
    -values.reduce(
      (sum, value) => (value > 0 ? sum + (value / total) * Math.log(value / total) : sum),
      0,
    ),
  );
}

/**
 * True at the ends of epochs after which the effective rank is measured: of each, or of fewer where
 * epochs are short and the dimension D is large.
 */
export function isRankDue(
  { step, stepsPerEpoch }: { step: number; stepsPerEpoch: number },
  D: number,
): boolean {
  const steps = Math.max(1, D ** 3 / RANK_WORK);
  return Math.floor(step / steps) > Math.floor((step - stepsPerEpoch) / steps);
}

/** True where embeddings are at one point or on one line. */
export function isNarrow(moments: EmbeddingMoments, geometry: Geometry = 'sphere'): boolean {
  if (deviation(moments, geometry) < MIN_DEVIATION) return true;
  // `(sum of eigenvalues)^2 / (sum of their squares)` is never above the effective rank and needs
  // no
  // spectrum, which costs milliseconds and is computed only where this is small.
  const matrix = covarianceOf(moments);
  const D = moments.embeddingMean.length;
  let trace = 0;
  for (let d = 0; d < D; d++) trace += matrix[d * D + d]!;
  const squares = matrix.reduce((sum, value) => sum + value * value, 0);
  return trace ** 2 < MIN_RANK * squares && effectiveRank(moments) < MIN_RANK;
}
