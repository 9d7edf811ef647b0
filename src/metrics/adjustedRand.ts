/**
 * Adjusted Rand index (ARI) of two labelings: agreement over pairs of samples, corrected for
 * chance.
 *
 * `ARI = (S - e) / ((a + b)/2 - e)` with `S = sum_yc C2(n_yc)`, `a = sum_y C2(n_y)`,
 * `b = sum_c C2(n_c)`, `e = a b / C2(N)` and `C2(n) = n (n - 1) / 2`.
 *
 * - Range: -0.5 to 1. 1: the labelings are equal up to names. 0: the mean of random labelings with
 *   groups of these sizes. Negative: less agreement than chance.
 * - Symmetric, and invariant to renaming either side.
 * - Comparable between different K.
 *
 * References: Hubert and Arabie, "Comparing partitions", 1985; Steinley, "Properties of the
 * Hubert-Arabie adjusted Rand index", 2004. Pair counts are integers in float64, exact up to 94
 * million samples.
 */
import { type Contingency, contingency, type Labels } from './contingency.ts';

/**
 * Computes the ARI of true labels and clusters, one of each per sample.
 *
 * Samples with a negative label are left out. Errors are those of `contingency`.
 *
 * @example adjustedRand([0, 0, 1, 1], [7, 7, 3, 3]) // 1
 * @example adjustedRand([0, 0, 1, 1], [0, 0, 0, 0]) // 0
 * @example adjustedRand([0, 0, 1, 1], [0, 1, 2, 3]) // 0
 * @example adjustedRand([0, 0, 1, 1], [0, 1, 0, 1]) // -0.5
 */
export function adjustedRand(truth: Labels, clusters: Labels): number {
  return adjustedRandOf(contingency(truth, clusters));
}

/** Computes the ARI from a contingency table. */
export function adjustedRandOf(table: Contingency): number {
  const together = pairs(table.counts);
  const a = pairs(table.classSizes);
  const b = pairs(table.clusterSizes);
  // Both sides join the same pairs, which includes no pairs at all (one sample or none). This is a
  // perfect match, and the formula may give 0/0.
  if (together === a && together === b) return 1;
  const all = (table.total * (table.total - 1)) / 2;
  const expected = (a / all) * b;
  return (together - expected) / ((a + b) / 2 - expected);
}

/** Counts the pairs of samples within groups of the given sizes, `sum C2(n)`. */
export function pairs(sizes: Float64Array): number {
  let sum = 0;
  for (const n of sizes) sum += (n * (n - 1)) / 2;
  return sum;
}
