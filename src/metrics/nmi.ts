/**
 * Normalised mutual information of two labellings.
 *
 * `NMI = I(Y; C) / mean(H(Y), H(C))`, natural logarithms, with
 * `I = sum_yc n_yc/N ln(N n_yc / (n_y n_c))` and `H(Y) = -sum_y n_y/N ln(n_y/N)`.
 *
 * Range 0 to 1. 1: the two say the same up to names. 0: independent, or one side has a single group. Never
 * negative. Symmetric; unchanged by renaming either side. Not adjusted for chance: more clusters give a higher
 * value even when they are random, so compare only at equal K (or use `adjustedRand`).
 *
 * The value depends on which mean is taken. Arithmetic is the default here and in scikit-learn since 0.22;
 * older papers, DeepCluster among them, use the geometric one. A result should name it.
 *
 * References: Strehl and Ghosh, "Cluster ensembles", JMLR 3, 2002 (geometric); Vinh, Epps and Bailey,
 * "Information theoretic measures for clusterings comparison", JMLR 11, 2010 (both).
 */
import { type Contingency, contingency, type Labels } from './contingency.ts';

export interface NmiOptions {
  /** The mean of the two entropies that normalises. */
  normalizer?: 'arithmetic' | 'geometric';
}

/**
 * NMI between true labels and clusters, N samples each.
 *
 * @example nmi([0, 0, 1, 1], [7, 7, 3, 3]) // 1
 * @example nmi([0, 0, 1, 1], [0, 0, 0, 0]) // 0: a single cluster tells nothing
 * @example nmi([0, 0, 1, 1], [0, 1, 2, 3]) // 0.6667: all split, yet not 0
 * @example nmi([], []) // 1, as in scikit-learn
 */
export function nmi(truth: Labels, clusters: Labels, options: NmiOptions = {}): number {
  return nmiOf(contingency(truth, clusters), options);
}

/** NMI from a contingency table. */
export function nmiOf(
  table: Contingency,
  { normalizer: normaliser = 'arithmetic' }: NmiOptions = {},
): number {
  // Neither side splits the samples (or there are none): they agree perfectly, and 0/0 is taken as 1.
  if (table.classes.length <= 1 && table.clusters.length <= 1) return 1;
  const information = mutualInformation(table);
  // Rounding can leave a tiny value of either sign where the sides are independent.
  if (information <= Number.EPSILON) return 0;
  const a = entropy(table.classSizes, table.total);
  const b = entropy(table.clusterSizes, table.total);
  return Math.min(1, information / (normaliser === 'arithmetic' ? (a + b) / 2 : Math.sqrt(a * b)));
}

/** `I(Y; C)` in nats. */
export function mutualInformation(table: Contingency): number {
  const { total, rows, columns, counts, classSizes, clusterSizes } = table;
  let information = 0;
  for (let i = 0; i < counts.length; i++) {
    const expected = (classSizes[rows[i]!]! / total) * clusterSizes[columns[i]!]!;
    information += (counts[i]! / total) * Math.log(counts[i]! / expected);
  }
  return information;
}

/** `-sum p ln p` in nats of counts that add up to `total`. */
export function entropy(counts: ArrayLike<number>, total: number): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    const p = counts[i]! / total;
    if (p > 0) sum -= p * Math.log(p);
  }
  return sum;
}
