/**
 * Fowlkes-Mallows index: geometric mean of pairwise precision and recall.
 *
 * `FMI = S / sqrt(a b)`, with S the pairs of samples together on both sides, a together in the classes, b together
 * in the clusters (as in `adjustedRand`).
 *
 * Range 0 to 1. 1: the same up to names. 0: no pair is together on both sides; also where one side puts no two
 * samples together, as in scikit-learn. Symmetric; unchanged by renaming; not adjusted for chance: one single
 * cluster scores high when classes are few.
 *
 * Reference: Fowlkes and Mallows, "A method for comparing two hierarchical clusterings", 1983.
 */
import { pairs } from './adjustedRand.ts';
import { type Contingency, contingency, type Labels } from './contingency.ts';

/**
 * FMI between true labels and clusters, N samples each.
 *
 * @example fowlkesMallows([0, 0, 1, 1], [7, 7, 3, 3]) // 1
 * @example fowlkesMallows([0, 0, 1, 1], [0, 0, 0, 0]) // 0.5774
 * @example fowlkesMallows([0, 0, 1, 1], [0, 1, 2, 3]) // 0
 */
export function fowlkesMallows(truth: Labels, clusters: Labels): number {
  return fowlkesMallowsOf(contingency(truth, clusters));
}

/** FMI from a contingency table. */
export function fowlkesMallowsOf(table: Contingency): number {
  const together = pairs(table.counts);
  if (together === 0) return 0; // no samples at all, too
  return Math.sqrt(together / pairs(table.classSizes)) * Math.sqrt(together / pairs(table.clusterSizes));
}
