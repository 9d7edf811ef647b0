/**
 * Purity: the fraction of samples that belong to the majority class of their cluster.
 *
 * `purity = sum_c max_y n_yc / N`.
 *
 * - Range: above 0 to 1. 1: every cluster has samples of one class only. Never 0 or negative.
 * - Not symmetric. Invariant to renaming either side.
 * - Rises with the number of clusters (1 for one cluster per sample), so read it beside K. Unlike
 *   in ACC, several clusters may represent one class.
 *
 * Reference: Manning, Raghavan and Schuetze, "Introduction to Information Retrieval", 2008, section
 * 16.3.
 */
import {
  type Contingency,
  contingency,
  type Label,
  type Labels,
  requireSamples,
} from './contingency.ts';

export interface ClusterPurity<Y extends Label = Label, C extends Label = Label> {
  /** Value of the cluster. */
  readonly cluster: C;
  /** Samples of the cluster. */
  readonly size: number;
  /** Most frequent class of the cluster; the lower value on a tie. */
  readonly majority: Y;
  /** Fraction of the cluster's samples that belong to this class, above 0 to 1. */
  readonly share: number;
}

/**
 * Computes the purity of clusters, one label and one cluster per sample.
 *
 * Samples with a negative label are left out. Errors are those of `contingency`; `metrics.empty`
 * also when there are no samples.
 *
 * @example purity([0, 0, 1, 1], [7, 7, 3, 3]) // 1
 * @example purity([0, 0, 1, 1], [0, 0, 0, 1]) // 0.75
 * @example purity([0, 0, 1, 1], [0, 1, 2, 3]) // 1
 */
export function purity(truth: Labels, clusters: Labels): number {
  return purityOf(contingency(truth, clusters));
}

/** Computes the purity from a contingency table. */
export function purityOf(table: Contingency): number {
  requireSamples('purity', table);
  let right = 0;
  for (const row of purityTable(table)) right += row.share * row.size;
  return Math.min(1, right / table.total);
}

/** Lists the clusters with their majority class, the largest first; equal sizes by value. */
export function purityTable<Y extends Label, C extends Label>(
  table: Contingency<Y, C>,
): ClusterPurity<Y, C>[] {
  const largest = new Float64Array(table.clusters.length);
  const majority = new Int32Array(table.clusters.length);
  // Cells are in ascending order of the class, so that the first one wins a tie.
  table.counts.forEach((count, i) => {
    const column = table.columns[i]!;
    if (count > largest[column]!) {
      largest[column] = count;
      majority[column] = table.rows[i]!;
    }
  });
  return table.clusters
    .map((cluster, i) => ({
      cluster,
      size: table.clusterSizes[i]!,
      majority: table.classes[majority[i]!]!,
      share: largest[i]! / table.clusterSizes[i]!,
    }))
    .sort((a, b) => b.size - a.size); // stable: clusters are in ascending order
}
