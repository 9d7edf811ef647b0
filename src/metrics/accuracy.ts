/**
 * Clustering accuracy (ACC): the fraction of correct samples under the best matching of clusters to
 * classes.
 *
 * `ACC = max over one-to-one maps m of sum_i [y_i = m(c_i)] / N`. The Hungarian method finds the
 * best map exactly, by shortest augmenting paths.
 *
 * - Range: above 0 to 1. 1: the labelings are equal up to names. Never 0 or negative. With K
 *   classes of equal size and K clusters, chance is a little above 1/K.
 * - Symmetric, and invariant to renaming either side.
 * - With more clusters than classes, all samples of the unmatched clusters are errors, so the value
 *   falls as K grows. With fewer clusters than classes, the samples of the unmatched classes are.
 *   For K far from the number of classes, read `purity` or `nmi` beside it.
 *
 * References: Kuhn, "The Hungarian method for the assignment problem", 1955; Munkres, "Algorithms
 * for the assignment and transportation problems", 1957 (the package munkres).
 */
import { munkres } from 'munkres';
import {
  type Contingency,
  contingency,
  denseTable,
  type Label,
  type Labels,
  requireSamples,
} from './contingency.ts';

export interface Matching<Y extends Label = Label, C extends Label = Label> {
  /** ACC. */
  readonly accuracy: number;
  /** Class of each matched cluster. */
  readonly classOfCluster: ReadonlyMap<C, Y>;
}

/**
 * Computes the ACC of true labels and clusters, one of each per sample.
 *
 * Samples with a negative label are left out. Errors are those of `contingency` and `denseTable`;
 * `metrics.empty` also when there are no samples.
 *
 * @example accuracy([0, 0, 1, 1], [7, 7, 3, 3]) // 1
 * @example accuracy([0, 0, 1, 1], [0, 1, 2, 3]) // 0.5
 * @example accuracy([0, 0, 1, 1], [0, 0, 0, 0]) // 0.5
 */
export function accuracy(truth: Labels, clusters: Labels): number {
  return matchingOf(contingency(truth, clusters)).accuracy;
}

/** Computes the ACC and the matching behind it from a contingency table. */
export function matchingOf<Y extends Label, C extends Label>(
  table: Contingency<Y, C>,
): Matching<Y, C> {
  requireSamples('accuracy', table);
  const dense = denseTable(table); // [classes][clusters]
  const classOfCluster = new Map<C, Y>();
  let right = 0;
  // The package looks for the smallest sum. With more classes than clusters some have no pair.
  for (const [row, column] of munkres(dense.map((counts) => counts.map((count) => -count)))) {
    right += dense[row]![column]!;
    classOfCluster.set(table.clusters[column]!, table.classes[row]!);
  }
  return { accuracy: right / table.total, classOfCluster };
}
