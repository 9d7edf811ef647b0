/**
 * Adjusted mutual information (AMI) of two labelings: mutual information corrected for chance.
 *
 * `AMI = (I(Y; C) - E[I]) / ((H(Y) + H(C)) / 2 - E[I])`. `E[I]` is the mean of the mutual
 * information over all labelings with groups of the same sizes (hypergeometric model).
 *
 * - Range: -1 to 1. 1: the labelings are equal up to names. 0: the mean of random labelings with
 *   groups of these sizes. Negative: less agreement than chance; far below 0 only where no two
 *   samples share a group on both sides.
 * - Symmetric, and invariant to renaming either side.
 * - Unlike NMI, comparable between different K.
 *
 * The normalizer is the arithmetic mean, scikit-learn's default.
 *
 * Reference: Vinh, Epps and Bailey, "Information theoretic measures for clusterings comparison",
 * JMLR 11, 2010, section 3 and table 2. Differences from scikit-learn: probabilities are computed
 * from their ratios, starting at the most likely count, because log-factorials lose digits for many
 * samples. If both sides put every sample into its own group (0/0), the value is 1, as for any
 * labeling compared with itself; scikit-learn's value depends on rounding there (0 for 4 samples,
 * 1 for 50).
 */
import { type Contingency, contingency, type Labels } from './contingency.ts';
import { entropy, mutualInformation } from './nmi.ts';

/**
 * Computes the AMI of true labels and clusters, one of each per sample.
 *
 * Samples with a negative label are left out. Errors are those of `contingency`.
 *
 * @example ami([0, 0, 1, 1], [7, 7, 3, 3]) // 1
 * @example ami([0, 0, 1, 1], [0, 0, 0, 0]) // 0
 * @example ami([0, 0, 1, 1], [0, 1, 2, 3]) // 0
 * @example ami([0, 0, 1, 1], [0, 1, 0, 1]) // -0.5
 */
export function ami(truth: Labels, clusters: Labels): number {
  return amiOf(contingency(truth, clusters));
}

/** Computes the AMI from a contingency table. */
export function amiOf(table: Contingency): number {
  const { total, counts, classes, clusters, classSizes, clusterSizes } = table;
  // As many cells as groups on either side: the labelings are equal up to names. The formula gives
  // 0/0 where there is one group or every sample has its own.
  if (counts.length === classes.length && counts.length === clusters.length) return 1;
  const information = Math.max(0, mutualInformation(table));
  const expected = expectedMutualInformation(classSizes, clusterSizes, total);
  const most = (entropy(classSizes, total) + entropy(clusterSizes, total)) / 2;
  return (information - expected) / (most - expected);
}

/** Computes `E[I]` in nats for groups of these sizes. The sizes of each side sum to `total`. */
export function expectedMutualInformation(
  classSizes: ArrayLike<number>,
  clusterSizes: ArrayLike<number>,
  total: number,
): number {
  let expected = 0;
  // Groups of equal size have equal terms.
  const columns = [...multiplicities(clusterSizes)];
  for (const [a, rows] of multiplicities(classSizes)) {
    for (const [b, times] of columns) expected += rows * times * expectedCell(a, b, total);
  }
  return expected;
}

/** Probability, relative to the most likely count, that adds nothing in float64. */
const MIN_PROBABILITY = 1e-20;

/**
 * Computes the mean of `n/N ln(N n / (a b))`. The number n of samples that a class of size a and a
 * cluster of size b share is hypergeometric:
 * `p(n + 1) / p(n) = (a - n) (b - n) / ((n + 1) (N - a - b + n + 1))`.
 */
function expectedCell(a: number, b: number, total: number): number {
  const low = Math.max(0, a + b - total);
  const high = Math.min(a, b);
  const likely = Math.min(high, Math.max(low, Math.floor(((a + 1) * (b + 1)) / (total + 2))));
  const term = (n: number) => (n === 0 ? 0 : (n / total) * Math.log(((n / a) * total) / b));
  let weights = 1;
  let sum = term(likely);
  for (let n = likely, p = 1; n < high && p > MIN_PROBABILITY; n++) {
    p *= ((a - n) / (n + 1)) * ((b - n) / (total - a - b + n + 1));
    weights += p;
    sum += p * term(n + 1);
  }
  for (let n = likely, p = 1; n > low && p > MIN_PROBABILITY; n--) {
    p *= (n / (a - n + 1)) * ((total - a - b + n) / (b - n + 1));
    weights += p;
    sum += p * term(n - 1);
  }
  return sum / weights;
}

/** Counts how often each size occurs. */
function multiplicities(sizes: ArrayLike<number>): Map<number, number> {
  const found = new Map<number, number>();
  for (let i = 0; i < sizes.length; i++) found.set(sizes[i]!, (found.get(sizes[i]!) ?? 0) + 1);
  return found;
}
