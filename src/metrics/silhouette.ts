/**
 * Silhouette coefficient: how much nearer the rows are to their own cluster than to the next one.
 *
 * `s_i = (b_i - a_i) / max(a_i, b_i)`: `a_i` is the mean Euclidean distance to the other rows of
 * the own cluster, `b_i` the smallest mean distance to the rows of another cluster. The coefficient
 * is the mean of all `s_i`.
 *
 * - Range: -1 to 1. Near 1: clusters are far apart compared with their width. Near 0: rows lie
 *   between clusters. Negative: rows are nearer to another cluster than to their own.
 * - Invariant to renaming the clusters and to scaling the rows. It needs no true labels.
 * - 0 for a row alone in its cluster, and where all distances are 0, as in scikit-learn.
 *
 * Time is N² D. For many rows `simplifiedSilhouette` of `likeness-ml/cluster` measures distances to
 * centroids on the engine, in N K D.
 *
 * Reference: Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of
 * cluster analysis", 1987.
 */
import { LikenessError } from '../core/errors.ts';

/**
 * Computes the silhouette coefficient of rows, one cluster per row.
 *
 * @throws LikenessError `metrics.lengths` when there is not one cluster per row or rows differ in
 * length, `metrics.clusters` when there are fewer than two clusters
 *
 * @example silhouette([[0], [1], [9], [10]], [0, 0, 1, 1]) // 0.8885
 * @example silhouette([[0], [1], [9], [10]], [0, 1, 1, 1]) // 0.0294
 */
export function silhouette(
  rows: readonly ArrayLike<number>[],
  assignments: ArrayLike<number>,
): number {
  requireRows(rows, assignments);
  const sizes = new Map<number, number>();
  for (let i = 0; i < rows.length; i++)
    sizes.set(assignments[i]!, (sizes.get(assignments[i]!) ?? 0) + 1);
  if (sizes.size < 2) {
    throw new LikenessError(
      'metrics.clusters',
      `silhouette: received ${sizes.size} clusters; expected at least 2`,
    );
  }
  let total = 0;
  for (let i = 0; i < rows.length; i++) {
    const own = assignments[i]!;
    if (sizes.get(own) === 1) continue; // 0 by definition
    const sums = new Map<number, number>(); // distances to the rows of each cluster
    for (let j = 0; j < rows.length; j++) {
      const cluster = assignments[j]!;
      sums.set(cluster, (sums.get(cluster) ?? 0) + euclidean(rows[i]!, rows[j]!));
    }
    const a = sums.get(own)! / (sizes.get(own)! - 1);
    let b = Number.POSITIVE_INFINITY;
    for (const [cluster, sum] of sums)
      if (cluster !== own) b = Math.min(b, sum / sizes.get(cluster)!);
    total += silhouetteOf(a, b);
  }
  return total / rows.length;
}

/**
 * Combines a distance to the own cluster and one to the next, `(b - a) / max(a, b)`; 0 if both are
 * 0.
 */
export function silhouetteOf(a: number, b: number): number {
  const largest = Math.max(a, b);
  return largest === 0 ? 0 : (b - a) / largest;
}

function euclidean(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let squares = 0;
  for (let d = 0; d < x.length; d++) squares += (x[d]! - y[d]!) ** 2;
  return Math.sqrt(squares);
}

function requireRows(rows: readonly ArrayLike<number>[], assignments: ArrayLike<number>): void {
  if (rows.length !== assignments.length) {
    throw new LikenessError(
      'metrics.lengths',
      `silhouette: received ${rows.length} rows and ${assignments.length} assignments; ` +
        'expected one cluster per row',
    );
  }
  const odd = rows.findIndex((row) => row.length !== rows[0]!.length);
  if (odd >= 0) {
    throw new LikenessError(
      'metrics.lengths',
      `silhouette: received ${rows[odd]!.length} values in row ${odd}; expected ${rows[0]!.length}`,
    );
  }
}
