/**
 * Concentration phi: how tightly a cluster's members lie around its centroid, as a temperature of its own.
 *
 * Source: Li, Zhou, Xiong, Hoi, "Prototypical Contrastive Learning of Unsupervised Representations", ICLR 2021
 * (arXiv:2005.04966), section 3.3, equation 12:
 *
 *   phi_c = sum over the n_c members of |x_i - c|  /  (n_c ln(n_c + alpha))
 *
 * then scaled so that the mean over clusters is tau. A loose cluster gets a large phi, so its prototype pulls
 * less at the same cosine and the cluster becomes tighter; alpha keeps small clusters from a phi that is too large.
 *
 * From the authors' code, not in the paper: a cluster with at most one member takes the largest phi of the others, and
 * all are clipped to the 10th and 90th percentiles before they are scaled. Added here: where all members sit on
 * their centroids (as many clusters as images), phi is tau everywhere instead of 0 / 0.
 */
import { LikenessError } from '../core/errors.ts';

export interface ConcentrationOptions {
  /** tau, the mean of the result. */
  temperature: number;
  /** alpha. Default 10. */
  smoothing?: number;
}

/** Values below and above which raw concentrations are clipped, in percent. */
const CLIPPED_BELOW = 10;
const CLIPPED_ABOVE = 90;

/**
 * Concentrations of K clusters, all above 0, with mean tau.
 *
 * @param squaredDistances of each row to its centroid, [N]
 * @param assignments cluster of each row, 0 to K - 1, [N]
 * @param clusters K
 * @example
 * // Rows at distance 1 and 2 of two clusters of two: the looser one gets the higher temperature.
 * concentrations([1, 1, 4, 4], [0, 0, 1, 1], 2, { temperature: 0.2 }) // [0.1467, 0.2533]
 */
export function concentrations(
  squaredDistances: ArrayLike<number>,
  assignments: ArrayLike<number>,
  clusters: number,
  { temperature: tau, smoothing }: ConcentrationOptions,
): Float32Array {
  const raw = rawConcentrations(squaredDistances, assignments, clusters, smoothing);
  const ascending = raw.toSorted();
  const [low, high] = [percentile(ascending, CLIPPED_BELOW), percentile(ascending, CLIPPED_ABOVE)];
  const clipped = raw.map((phi) => Math.min(Math.max(phi, low), high));
  const mean = clipped.reduce((sum, phi) => sum + phi, 0) / clusters;
  if (mean === 0) return new Float32Array(clusters).fill(tau);
  return Float32Array.from(clipped, (phi) => (tau * phi) / mean);
}

/** Equation 12 before clipping and scaling, [K]. */
export function rawConcentrations(
  squaredDistances: ArrayLike<number>,
  assignments: ArrayLike<number>,
  clusters: number,
  smoothing = 10,
): Float64Array {
  if (squaredDistances.length !== assignments.length) {
    throw new LikenessError(
      'concentration.lengths',
      `concentrations: received ${squaredDistances.length} distances and ${assignments.length} assignments; expected one of each per row`,
    );
  }
  const sums = new Float64Array(clusters);
  const sizes = new Float64Array(clusters);
  for (let i = 0; i < assignments.length; i++) {
    const c = assignments[i]!;
    sums[c]! += Math.sqrt(squaredDistances[i]!);
    sizes[c]! += 1;
  }
  const estimated = sums.map((sum, c) =>
    sizes[c]! > 1 ? sum / (sizes[c]! * Math.log(sizes[c]! + smoothing)) : 0,
  );
  const largest = estimated.reduce((a, b) => Math.max(a, b), 0);
  return estimated.map((phi, c) => (sizes[c]! > 1 ? phi : largest));
}

/** The value below which p percent of ascending values lie, interpolated linearly between neighbours. */
export function percentile(ascending: Float64Array, p: number): number {
  const at = (p / 100) * (ascending.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, ascending.length - 1);
  return ascending[below]! + (at - below) * (ascending[above]! - ascending[below]!);
}
