/** Confusion matrix of classes and clusters, with the matched cells on the diagonal. */
import { matchingOf } from './accuracy.ts';
import { type Contingency, denseTable, type Label } from './contingency.ts';

export interface Confusion<Y extends Label = Label, C extends Label = Label> {
  /** Values of the classes (rows) in ascending order. */
  readonly classes: readonly Y[];
  /**
   * Values of the clusters (columns): first the clusters that the best one-to-one matching assigns
   * to a class, in the order of the classes; then the others by their most frequent class, larger
   * ones first.
   */
  readonly clusters: readonly C[];
  /** Class matched to each column; undefined for the others. */
  readonly matched: readonly (Y | undefined)[];
  /** Samples, `[classes][clusters]`. */
  readonly counts: readonly (readonly number[])[];
}

/**
 * Counts the samples per class and cluster. The matched cells sum to ACC times N.
 *
 * @example
 * confusionOf(contingency([0, 0, 1], [5, 5, 2]));
 * // { classes: [0, 1], clusters: [5, 2], matched: [0, 1], counts: [[2, 0], [0, 1]] }
 */
export function confusionOf<Y extends Label, C extends Label>(
  table: Contingency<Y, C>,
): Confusion<Y, C> {
  const dense = denseTable(table); // [classes][clusters]
  const { classOfCluster } = matchingOf(table);
  const rowOf = new Map(table.classes.map((value, row) => [value, row]));
  const columns = table.clusters
    .map((cluster, column) => {
      const matched = classOfCluster.get(cluster);
      let majority = 0;
      dense.forEach((row, i) => {
        if (row[column]! > dense[majority]![column]!) majority = i;
      });
      // Unmatched columns come after all classes.
      const place = matched === undefined ? table.classes.length : rowOf.get(matched)!;
      return { cluster, column, matched, place, majority, size: table.clusterSizes[column]! };
    })
    .sort((a, b) => a.place - b.place || a.majority - b.majority || b.size - a.size); // stable
  return {
    classes: table.classes,
    clusters: columns.map(({ cluster }) => cluster),
    matched: columns.map(({ matched }) => matched),
    counts: dense.map((row) => columns.map(({ column }) => row[column]!)),
  };
}
