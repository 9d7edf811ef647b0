/**
 * Concentration phi: a temperature per cluster that measures how close its members are to its
 * centroid.
 *
 * `phi_c = sum over the n_c members of |x_i - c| / (n_c ln(n_c + alpha))`, then scaled so that the
 * mean over clusters is tau. A loose cluster has a large phi, so that its prototype pulls less at
 * the same cosine and the cluster becomes tighter. The smoothing alpha keeps phi of small clusters
 * from becoming too large.
 *
 * Source: Li, Zhou, Xiong, Hoi, "Prototypical Contrastive Learning of Unsupervised
 * Representations", ICLR 2021 (arXiv:2005.04966), section 3.3, equation 12. From the authors' code,
 * not in the paper: a cluster with at most one member gets the largest phi of the others, and all
 * phi are clipped to the 10th and 90th percentile before they are scaled. Our addition: if all
 * members equal their centroids (as many clusters as images), phi is tau instead of 0/0.
 */
import { LikenessError } from '../core/errors.ts';
import { numberFrom, optionCheck, positiveNumber } from '../core/options.ts';

export interface ConcentrationOptions {
  /** Tau, the mean of the result. */
  temperature: number;
  /** Alpha. Default 10. */
  smoothing?: number;
}

const checkConcentration = optionCheck<ConcentrationOptions>({
  temperature: positiveNumber(),
  smoothing: numberFrom(0),
});

/** Percentiles to which raw concentrations are clipped. */
const MIN_PERCENTILE = 10;
const MAX_PERCENTILE = 90;

/**
 * Computes the concentrations of K clusters, `[K]`, all above 0 with mean tau.
 *
 * @param squaredDistances squared distance of each row to its centroid, `[N]`
 * @param assignments cluster of each row, 0 to K - 1, `[N]`
 * @param clusters K
 * @example
 * // Two clusters of two rows at distances 1 and 2. The looser one gets the higher temperature.
 * concentrations([1, 1, 4, 4], [0, 0, 1, 1], 2, { temperature: 0.2 }) // [0.1467, 0.2533]
 */
export function concentrations(
  squaredDistances: ArrayLike<number>,
  assignments: ArrayLike<number>,
  clusters: number,
  options: ConcentrationOptions,
): Float32Array {
  checkConcentration(options);
  const { temperature: tau, smoothing } = options;
  const raw = rawConcentrations(squaredDistances, assignments, clusters, smoothing);
  const ascending = raw.toSorted();
  const [low, high] = [
    percentile(ascending, MIN_PERCENTILE),
    percentile(ascending, MAX_PERCENTILE),
  ];
  const clipped = raw.map((phi) => Math.min(Math.max(phi, low), high));
  const mean = clipped.reduce((sum, phi) => sum + phi, 0) / clusters;
  if (mean === 0) return new Float32Array(clusters).fill(tau);
  return Float32Array.from(clipped, (phi) => (tau * phi) / mean);
}

/** Computes equation 12 before clipping and scaling, `[K]`. */
export function rawConcentrations(
  squaredDistances: ArrayLike<number>,
  assignments: ArrayLike<number>,
  clusters: number,
  smoothing = 10,
): Float64Array {
  if (squaredDistances.length !== assignments.length) {
    throw new LikenessError(
      'concentration.lengths',
      `concentrations: received ${squaredDistances.length} distances and ` +
        `${assignments.length} assignments; expected one of each per row`,
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

/** Computes the p-th percentile of ascending values, with linear interpolation. */
export function percentile(ascending: Float64Array, p: number): number {
  const at = (p / 100) * (ascending.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, ascending.length - 1);
  return ascending[below]! + (at - below) * (ascending[above]! - ascending[below]!);
}
