/**
 * Adjusted mutual information of two labellings: NMI with what chance alone gives taken out.
 *
 * `AMI = (I(Y; C) - E[I]) / ((H(Y) + H(C)) / 2 - E[I])`, `E[I]` the mean of the mutual information over all labellings
 * with groups of the same sizes (hypergeometric model of chance).
 *
 * Range from -1 to 1. 1: the same up to names. 0: what random labels of these sizes give on average; a little below 0
 * is possible, and far below it where no two samples are together on both sides. Symmetric; unchanged by renaming either
 * side; comparable between different K, unlike NMI.
 *
 * Reference: Vinh, Epps and Bailey, "Information theoretic measures for clusterings comparison", JMLR 11, 2010, section 3
 * and table 2 (the arithmetic mean, scikit-learn's default). Difference from scikit-learn: the probabilities come from
 * their ratios, starting at the most likely count, instead of from log-factorials, which lose digits for many samples; and
 * where both sides put every sample into a group of its own (0/0) the value is 1, as for any labelling compared with
 * itself, while scikit-learn's hangs on rounding (0 for 4 samples, 1 for 50).
 */

import { type Contingency, contingency, type Labels } from './contingency.ts';
import { entropy, mutualInformation } from './nmi.ts';

/**
 * AMI between true labels and clusters, N samples each.
 *
 * @example ami([0, 0, 1, 1], [7, 7, 3, 3]) // 1
 * @example ami([0, 0, 1, 1], [0, 0, 0, 0]) // 0
 * @example ami([0, 0, 1, 1], [0, 1, 2, 3]) // 0: splitting everything tells nothing
 */
export function ami(truth: Labels, clusters: Labels): number {
  return amiOf(contingency(truth, clusters));
}

/** AMI from a contingency table. */
export function amiOf(table: Contingency): number {
  const { total, counts, classes, clusters, classSizes, clusterSizes } = table;
  // As many cells as groups on either side: the same labelling up to names, 0/0 where it has no pair or all pairs.
  if (counts.length === classes.length && counts.length === clusters.length) return 1;
  const information = Math.max(0, mutualInformation(table));
  const expected = expectedMutualInformation(classSizes, clusterSizes, total);
  const most = (entropy(classSizes, total) + entropy(clusterSizes, total)) / 2;
  return (information - expected) / (most - expected);
}

/** `E[I]` in nats, over all pairs of labellings whose groups have these sizes; each side adds up to `total`. */
export function expectedMutualInformation(
  classSizes: ArrayLike<number>,
  clusterSizes: ArrayLike<number>,
  total: number,
): number {
  let expected = 0;
  // Groups of equal size give equal terms.
  const columns = [...multiplicities(clusterSizes)];
  for (const [a, rows] of multiplicities(classSizes)) {
    for (const [b, times] of columns) expected += rows * times * expectedCell(a, b, total);
  }
  return expected;
}

/** Probability relative to the most likely count below which further counts add nothing in double precision. */
const NEGLIGIBLE = 1e-20;

/**
 * Mean of `n/N ln(N n / (a b))` where n, the samples that a class of a and a cluster of b share, is hypergeometric:
 * `p(n + 1) / p(n) = (a - n) (b - n) / ((n + 1) (N - a - b + n + 1))`.
 */
function expectedCell(a: number, b: number, total: number): number {
  const low = Math.max(0, a + b - total);
  const high = Math.min(a, b);
  const likely = Math.min(high, Math.max(low, Math.floor(((a + 1) * (b + 1)) / (total + 2))));
  const term = (n: number) => (n === 0 ? 0 : (n / total) * Math.log(((n / a) * total) / b));
  let weights = 1;
  let sum = term(likely);
  for (let n = likely, p = 1; n < high && p > NEGLIGIBLE; n++) {
    p *= ((a - n) / (n + 1)) * ((b - n) / (total - a - b + n + 1));
    weights += p;
    sum += p * term(n + 1);
  }
  for (let n = likely, p = 1; n > low && p > NEGLIGIBLE; n--) {
    p *= (n / (a - n + 1)) * ((total - a - b + n) / (b - n + 1));
    weights += p;
    sum += p * term(n - 1);
  }
  return sum / weights;
}

/** How often each size occurs. */
function multiplicities(sizes: ArrayLike<number>): Map<number, number> {
  const found = new Map<number, number>();
  for (let i = 0; i < sizes.length; i++) found.set(sizes[i]!, (found.get(sizes[i]!) ?? 0) + 1);
  return found;
}
