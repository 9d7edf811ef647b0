/**
 * Repair of empty clusters by splitting large ones, after faiss (`Clustering.cpp`, split_clusters;
 * Johnson, Douze and Jegou, "Billion-scale similarity search with GPUs", 2017, arXiv:1702.08734).
 *
 * For each empty cluster i, the clusters j = 0, 1, 2, ... are visited in turn, and j is accepted as
 * donor with probability `(n_j - 1) / (N - K)`, so that large clusters are split more often. The
 * empty cluster gets a copy of the donor's centroid. Then the coordinates of both are multiplied by
 * `1 ± 1/1024` with alternating signs, which pushes them apart. The two clusters share the rows.
 *
 * Difference: faiss seeds a generator with 1234 in each call; ours comes from the caller.
 */
import type { Random } from '../../core/random.ts';

/** faiss's EPS: far below the distance of real clusters, well above rounding. */
const PUSH = 1 / 1024;

/**
 * Gives every empty cluster half of a large one, in place. Returns the number of repaired clusters.
 *
 * @param centroids `[K, D]`
 * @param sizes `[K]`, rows per cluster, N in total
 */
export function splitForEmpty(
  centroids: Float32Array | Float64Array,
  sizes: Float64Array,
  dimension: number,
  random: Random,
): number {
  const clusters = sizes.length;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total <= clusters) return 0; // no cluster has to hold two rows, so there may be no donor
  let repaired = 0;
  for (let empty = 0; empty < clusters; empty++) {
    if (sizes[empty]! > 0) continue;
    let donor = 0;
    while (random.uniform() >= (sizes[donor]! - 1) / (total - clusters))
      donor = (donor + 1) % clusters;
    for (let d = 0; d < dimension; d++) {
      const value = centroids[donor * dimension + d]!;
      const push = d % 2 === 0 ? PUSH : -PUSH;
      centroids[empty * dimension + d] = value * (1 + push);
      centroids[donor * dimension + d] = value * (1 - push);
    }
    sizes[empty] = sizes[donor]! / 2;
    sizes[donor]! -= sizes[empty]!;
    repaired++;
  }
  return repaired;
}
