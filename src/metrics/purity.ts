/**
 * Purity: how far each cluster consists of one class, and the table that shows it.
 *
 * `purity = sum_c max_y n_yc / N`.
 *
 * Range: above 0 to 1. 1: every cluster holds one class only. Not symmetric. Rises with the number of clusters
 * (one cluster per sample gives 1), so read it beside K. Unlike ACC, several clusters may stand for one class.
 *
 * Reference: Manning, Raghavan and Schuetze, "Introduction to Information Retrieval", 2008, section 16.3.
 */
import { type Contingency, contingency, type Labels, requireSamples } from './contingency.ts';

export interface ClusterPurity {
  /** The cluster's value. */
  readonly cluster: number;
  readonly size: number;
  /** Its most frequent class (the lower value on a tie), and the share of the cluster that it has. */
  readonly majority: number;
  readonly share: number;
}

/**
 * Purity of clusters, N samples.
 *
 * @example purity([0, 0, 1, 1], [0, 0, 0, 1]) // 0.75
 */
export function purity(truth: Labels, clusters: Labels): number {
  return purityOf(contingency(truth, clusters));
}

/** Purity from a contingency table. */
export function purityOf(table: Contingency): number {
  requireSamples('purity', table);
  let right = 0;
  for (const row of purityTable(table)) right += row.share * row.size;
  return Math.min(1, right / table.total);
}

/** One row per cluster, the largest first (equal sizes: by value). */
export function purityTable(table: Contingency): ClusterPurity[] {
  const best = new Float64Array(table.clusters.length);
  const majority = new Int32Array(table.clusters.length);
  // Cells come by ascending class: on a tie the first stays.
  table.counts.forEach((count, i) => {
    const column = table.columns[i]!;
    if (count > best[column]!) {
      best[column] = count;
      majority[column] = table.classes[table.rows[i]!]!;
    }
  });
  return Array.from(table.clusters, (cluster, i) => ({
    cluster,
    size: table.clusterSizes[i]!,
    majority: majority[i]!,
    share: best[i]! / table.clusterSizes[i]!,
  })).sort((a, b) => b.size - a.size || a.cluster - b.cluster);
}
