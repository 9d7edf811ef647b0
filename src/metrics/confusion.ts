/** The confusion matrix of classes and clusters, in an order in which agreement lies on the diagonal. */

import { matchingOf } from './accuracy.ts';
import { type Contingency, denseTable } from './contingency.ts';

export interface Confusion {
  /** Values of the classes, ascending: the rows. */
  readonly classes: readonly number[];
  /**
   * Values of the clusters, the columns: first those that the best one-to-one naming gives a class, in the order of the
   * classes; then the others by their most frequent class, larger ones first.
   */
  readonly clusters: readonly number[];
  /** The class that each column was given, undefined for the others. */
  readonly matched: readonly (number | undefined)[];
  /** `[classes][clusters]`, samples. */
  readonly counts: readonly (readonly number[])[];
}

/**
 * Counts per class and cluster. The sum of the matched cells over all samples is the ACC.
 *
 * @example confusionOf(contingency([0, 0, 1], [5, 5, 2])) // { classes: [0, 1], clusters: [5, 2], counts: [[2, 0], [0, 1]], … }
 */
export function confusionOf(table: Contingency): Confusion {
  const dense = denseTable(table);
  const { classOfCluster } = matchingOf(table);
  const columns = Array.from(table.clusters, (cluster, column) => {
    const matched = classOfCluster.get(cluster);
    let majority = 0;
    dense.forEach((row, i) => {
      if (row[column]! > dense[majority]![column]!) majority = i;
    });
    return { cluster, column, matched, majority, size: table.clusterSizes[column]! };
  }).sort(
    (a, b) =>
      Number(a.matched === undefined) - Number(b.matched === undefined) ||
      (a.matched ?? 0) - (b.matched ?? 0) ||
      a.majority - b.majority ||
      b.size - a.size ||
      a.cluster - b.cluster,
  );
  return {
    classes: [...table.classes],
    clusters: columns.map(({ cluster }) => cluster),
    matched: columns.map(({ matched }) => matched),
    counts: dense.map((row) => columns.map(({ column }) => row[column]!)),
  };
}
