/** State of one k-means restart. */

export type KmeansMetric = 'euclidean' | 'spherical';

/** Label of a row before the first assignment. */
export const UNASSIGNED = -1;

export interface KmeansRun {
  /** Number of the restart. */
  readonly index: number;
  /** `[K, D]`, in the centered (Euclidean) or normalized (spherical) space. */
  centroids: Float32Array;
  /** `[N]`, cluster of each row; `UNASSIGNED` before the first assignment. */
  assignments: Int32Array;
  /** `[K]`, rows per cluster. */
  sizes: Float64Array;
  /** Centroid updates so far. */
  iterations: number;
  /** Empty clusters refilled so far. */
  repaired: number;
  /** `finishing`: one last assignment follows, so that labels belong to the final centroids. */
  state: 'iterating' | 'finishing' | 'converged' | 'stopped';
}

/** Creates a restart from centroids `[K, D]`, before its first assignment. */
export function newRun(
  centroids: Float32Array,
  { index, count, k }: { index: number; count: number; k: number },
): KmeansRun {
  return {
    index,
    centroids,
    assignments: new Int32Array(count).fill(UNASSIGNED),
    sizes: new Float64Array(k),
    iterations: 0,
    repaired: 0,
    state: 'iterating',
  };
}

/** True while a restart still takes part in assignments. */
export function isActive({ state }: KmeansRun): boolean {
  return state === 'iterating' || state === 'finishing';
}
