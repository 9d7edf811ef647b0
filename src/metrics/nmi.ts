/**
 * Normalized mutual information (NMI) of two labelings, and the entropies that it consists of.
 *
 * `NMI = I(Y; C) / mean(H(Y), H(C))` with natural logarithms,
 * `I = sum_yc n_yc/N ln(N n_yc / (n_y n_c))` and `H(Y) = -sum_y n_y/N ln(n_y/N)`.
 *
 * - Range: 0 to 1. 1: the labelings are equal up to names. 0: they are independent, or exactly one
 *   of them has a single group. Never negative.
 * - Symmetric, and invariant to renaming either side.
 * - Not adjusted for chance: more clusters give a higher value even when they are random. Compare
 *   at equal K, or use `ami` or `adjustedRand`.
 *
 * The value depends on the normalizer, so a result should name it. The arithmetic mean is the
 * default here and in scikit-learn since 0.22. Older papers, such as DeepCluster, use the geometric
 * mean. For the same labels `max <= arithmetic <= geometric <= min`.
 *
 * References: Strehl and Ghosh, "Cluster ensembles", JMLR 3, 2002 (geometric); Vinh, Epps and
 * Bailey, "Information theoretic measures for clusterings comparison", JMLR 11, 2010, table 2
 * (all).
 */
import { LikenessError } from '../core/errors.ts';
import { type Contingency, contingency, type Labels } from './contingency.ts';
import { requireNames } from './options.ts';

/** Mean of the two entropies, in scikit-learn `average_method`. */
export type Normalizer = 'arithmetic' | 'geometric' | 'min' | 'max';

export interface NmiOptions {
  /** Normalizer of the mutual information. Default `'arithmetic'`. */
  normalizer?: Normalizer;
}

const means: Readonly<Record<Normalizer, (a: number, b: number) => number>> = {
  arithmetic: (a, b) => (a + b) / 2,
  geometric: (a, b) => Math.sqrt(a * b),
  min: Math.min,
  max: Math.max,
};

/**
 * Computes the NMI of true labels and clusters, one of each per sample.
 *
 * Samples with a negative label are left out. Errors are those of `contingency`.
 *
 * @example nmi([0, 0, 1, 1], [7, 7, 3, 3]) // 1
 * @example nmi(['cat', 'cat', 'dog', 'dog'], [0, 0, 0, 0]) // 0
 * @example nmi([0, 0, 1, 1], [0, 1, 2, 3]) // 0.6667
 * @example nmi([0, 0, 1, 1], [0, 1, 2, 3], { normalizer: 'geometric' }) // 0.7071
 * @example nmi([], []) // 1
 */
export function nmi(truth: Labels, clusters: Labels, options: NmiOptions = {}): number {
  return nmiOf(contingency(truth, clusters), options);
}

/**
 * Computes the NMI from a contingency table.
 *
 * @throws LikenessError `option.unknown`, `option.invalid`
 */
export function nmiOf(table: Contingency, options: NmiOptions = {}): number {
  requireNames(options, ['normalizer']);
  const { normalizer = 'arithmetic' } = options;
  if (!Object.hasOwn(means, normalizer)) {
    throw new LikenessError(
      'option.invalid',
      `normalizer: received "${normalizer}"; expected one of ${Object.keys(means).join(', ')}`,
    );
  }
  // Neither side splits the samples, or there are none. This is a perfect match, so 0/0 becomes 1.
  if (table.classes.length <= 1 && table.clusters.length <= 1) return 1;
  const information = mutualInformation(table);
  // Independent sides can leave a rounding error of either sign.
  if (information <= Number.EPSILON) return 0;
  const a = entropy(table.classSizes, table.total);
  const b = entropy(table.clusterSizes, table.total);
  return Math.min(1, information / means[normalizer](a, b));
}

/** Computes the mutual information `I(Y; C)` in nats; 0 or more, up to rounding. */
export function mutualInformation(table: Contingency): number {
  const { total, rows, columns, counts, classSizes, clusterSizes } = table;
  let information = 0;
  for (let i = 0; i < counts.length; i++) {
    const expected = (classSizes[rows[i]!]! / total) * clusterSizes[columns[i]!]!;
    information += (counts[i]! / total) * Math.log(counts[i]! / expected);
  }
  return information;
}

/**
 * Computes the entropy `-sum p ln p` in nats of counts that sum to `total`.
 *
 * Range 0 (one group) to `ln(counts.length)` (groups of equal size).
 *
 * @example entropy([1, 1], 2) // 0.6931
 */
export function entropy(counts: ArrayLike<number>, total: number): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    const p = counts[i]! / total;
    if (p > 0) sum -= p * Math.log(p);
  }
  return sum;
}
