/**
 * Clustering accuracy: the share of samples that are right under the best naming of clusters by classes.
 *
 * `ACC = max over one-to-one maps m of sum_i [y_i = m(c_i)] / N`, the best map found exactly (Hungarian method,
 * in the variant of Jonker and Volgenant).
 *
 * Range: above 0 to 1. 1: each cluster is one class. With as many clusters as classes of equal size, chance is a
 * little above 1/K. Symmetric, and unchanged by renaming either side.
 * With more clusters than classes the clusters left without a class count as wrong in full, so the value falls
 * as K grows past the number of classes; with fewer clusters than classes the classes left over count as wrong.
 * For K far from the number of classes use `purity` or `nmi` beside it.
 *
 * References: Kuhn, "The Hungarian method for the assignment problem", 1955; Crouse, "On implementing 2D
 * rectangular assignment algorithms", 2016 (the package linear-sum-assignment).
 */
import { linearSumAssignment } from 'linear-sum-assignment';
import { type Contingency, contingency, denseTable, type Labels, requireSamples } from './contingency.ts';

export interface Matching {
  /** ACC. */
  readonly accuracy: number;
  /** Cluster value -> class value, for the clusters that were given a class. */
  readonly classOfCluster: ReadonlyMap<number, number>;
}

/**
 * ACC between true labels and clusters, N samples each.
 *
 * @example accuracy([0, 0, 1, 1], [7, 7, 3, 3]) // 1
 * @example accuracy([0, 0, 1, 1], [0, 1, 2, 3]) // 0.5: four clusters, two of them unmatched
 * @example accuracy([0, 0, 1, 1], [0, 0, 0, 0]) // 0.5
 */
export function accuracy(truth: Labels, clusters: Labels): number {
  return matchingOf(contingency(truth, clusters)).accuracy;
}

/** ACC and the map behind it, from a contingency table. */
export function matchingOf(table: Contingency): Matching {
  requireSamples('accuracy', table);
  const dense = denseTable(table); // [classes][clusters]
  const { rowAssignments } = linearSumAssignment(dense, { maximaze: true });
  const classOfCluster = new Map<number, number>();
  let right = 0;
  dense.forEach((row, i) => {
    const column = rowAssignments[i]!;
    if (column < 0) return; // more classes than clusters: this class has none
    right += row[column]!;
    classOfCluster.set(table.clusters[column]!, table.classes[i]!);
  });
  return { accuracy: right / table.total, classOfCluster };
}
