/**
 * Fowlkes-Mallows index (FMI): geometric mean of pairwise precision and recall.
 *
 * `FMI = S / sqrt(a b)`: S counts the pairs of samples that share a group on both sides, a the
 * pairs that share a class, b the pairs that share a cluster (as in `adjustedRand`).
 *
 * - Range: 0 to 1. 1: the labelings are equal up to names. 0: no pair shares a group on both sides;
 *   also where one side has no pairs, as in scikit-learn. Never negative.
 * - Symmetric, and invariant to renaming either side.
 * - Not adjusted for chance: a single cluster scores high when there are few classes.
 *
 * Reference: Fowlkes and Mallows, "A method for comparing two hierarchical clusterings", 1983.
 */
import { pairs } from './adjustedRand.ts';
import { type Contingency, contingency, type Labels } from './contingency.ts';

/**
 * Computes the FMI of true labels and clusters, one of each per sample.
 *
 * Samples with a negative label are left out. Errors are those of `contingency`.
 *
 * @example fowlkesMallows([0, 0, 1, 1], [7, 7, 3, 3]) // 1
 * @example fowlkesMallows([0, 0, 1, 1], [0, 0, 0, 0]) // 0.5774
 * @example fowlkesMallows([0, 0, 1, 1], [0, 1, 2, 3]) // 0
 */
export function fowlkesMallows(truth: Labels, clusters: Labels): number {
  return fowlkesMallowsOf(contingency(truth, clusters));
}

/** Computes the FMI from a contingency table. */
export function fowlkesMallowsOf(table: Contingency): number {
  const together = pairs(table.counts);
  if (together === 0) return 0; // also without samples
  return (
    Math.sqrt(together / pairs(table.classSizes)) * Math.sqrt(together / pairs(table.clusterSizes))
  );
}
