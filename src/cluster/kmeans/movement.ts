/** Centroid movement in one update of k-means, and the subsets of centroids that moved furthest. */

export interface CentroidSubset {
  /** `[F]`, indices in rising order. */
  readonly centroids: Int32Array;
  /** Largest movement of any centroid outside the subset; 0 where there is none. */
  readonly maxOutside: number;
}

export interface Movement {
  /** `[K]`, distance that each centroid moved. */
  readonly distances: Float64Array;
  /** Subsets of growing size: the first is empty, the last holds all centroids. */
  readonly subsets: readonly CentroidSubset[];
  /** Largest and smallest Euclidean norm of the centroids after the update. */
  readonly maxNorm: number;
  readonly minNorm: number;
}

/**
 * Compares centroids `[K, D]` before and after an update.
 *
 * `sizes` are the sizes of the subsets. A subset takes the centroids that moved furthest; of equal
 * ones the lower index.
 */
export function movementOf(
  before: Float32Array,
  after: Float32Array,
  { dimension, sizes }: { dimension: number; sizes: readonly number[] },
): Movement {
  const K = after.length / dimension;
  const distances = new Float64Array(K);
  let [maxNorm, minNorm] = [0, Number.POSITIVE_INFINITY];
  for (let j = 0, at = 0; j < K; j++) {
    let moved = 0;
    let squares = 0;
    for (const end = at + dimension; at < end; at++) {
      moved += (after[at]! - before[at]!) ** 2;
      squares += after[at]! ** 2;
    }
    distances[j] = Math.sqrt(moved);
    maxNorm = Math.max(maxNorm, Math.sqrt(squares));
    minNorm = Math.min(minNorm, Math.sqrt(squares));
  }
  const order = Array.from(distances.keys()).sort((a, b) => distances[b]! - distances[a]! || a - b);
  const subsets = sizes.map((F) => ({
    centroids: Int32Array.from(order.slice(0, F)).sort(),
    maxOutside: F < K ? distances[order[F]!]! : 0,
  }));
  return { distances, subsets, maxNorm, minNorm };
}
