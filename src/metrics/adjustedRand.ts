/**
 * Adjusted Rand index: agreement over pairs of samples, corrected for chance.
 *
 * `ARI = (S - e) / ((a + b)/2 - e)` with `S = sum_yc C2(n_yc)`, `a = sum_y C2(n_y)`, `b = sum_c C2(n_c)`,
 * `e = a b / C2(N)` and `C2(n) = n (n - 1) / 2`.
 *
 * Range -0.5 to 1. 1: the same up to names. 0: what random labels of these sizes give on average. Negative: worse
 * than chance. Symmetric; unchanged by renaming either side; comparable between different K.
 *
 * References: Hubert and Arabie, "Comparing partitions", 1985; Steinley, 2004. Pair counts are whole numbers held
 * in doubles, exact up to 94 million samples.
 */
import { type Contingency, contingency, type Labels } from './contingency.ts';

/**
 * ARI between true labels and clusters, N samples each.
 *
 * @example adjustedRand([0, 0, 1, 1], [7, 7, 3, 3]) // 1
 * @example adjustedRand([0, 0, 1, 1], [0, 0, 0, 0]) // 0
 * @example adjustedRand([0, 0, 1, 1], [0, 1, 0, 1]) // -0.5: worse than chance
 */
export function adjustedRand(truth: Labels, clusters: Labels): number {
  return adjustedRandOf(contingency(truth, clusters));
}

/** ARI from a contingency table. */
export function adjustedRandOf(table: Contingency): number {
  const together = pairs(table.counts);
  const a = pairs(table.classSizes);
  const b = pairs(table.clusterSizes);
  // Every pair is treated alike by both sides (also: one sample or none, which have no pair): a perfect match, and 0/0.
  if (together === a && together === b) return 1;
  const all = (table.total * (table.total - 1)) / 2;
  const expected = (a / all) * b;
  return (together - expected) / ((a + b) / 2 - expected);
}

/** `sum C2(n)`: pairs of samples within groups of these sizes. */
export function pairs(sizes: Float64Array): number {
  let sum = 0;
  for (const n of sizes) sum += (n * (n - 1)) / 2;
  return sum;
}
