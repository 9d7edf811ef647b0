/** What k-means and the ways of finding each row's nearest centroid share. */
import type { Features } from './features.ts';

export type KmeansMetric = 'euclidean' | 'spherical';

export const UNASSIGNED = -1;

/** One start on its way. */
export interface KmeansRun {
  readonly index: number;
  /** `[K, D]`, in the shifted or normalised space of the work. */
  centroids: Float32Array;
  /** `[N]`, the cluster of each row; `UNASSIGNED` before the first assignment. */
  assignments: Int32Array;
  /** `[K]`, rows per cluster. */
  sizes: Float64Array;
  iterations: number;
  repaired: number;
  state: 'moving' | 'settling' | 'converged' | 'stopped';
}

/** A start from centroids `[K, D]`, before its first assignment. */
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
    state: 'moving',
  };
}

/** Whether a run still takes part in assignments. */
export function isActive({ state }: KmeansRun): boolean {
  return state === 'moving' || state === 'settling';
}

export interface KmeansSums {
  /** Rows whose cluster is another than before. */
  changed: number;
  /** `[K, D]`, sum of the rows of each cluster; the next assignment goes on in the same memory. */
  readonly total: Float64Array;
}

export interface ScorerOptions {
  k: number;
  restarts: number;
  metric: KmeansMetric;
}

export interface KmeansScorer {
  /** Assigns every row anew, in place, for the runs still on their way. */
  assign(runs: readonly KmeansRun[]): Promise<KmeansSums[]>;
  dispose(): Promise<void>;
}

/** What is added to the products with centroids `[K, D]`: `-|c|²/2`, or 0 where they are of equal length. */
export function offsetsOf(centroids: Float32Array, dimension: number, metric: KmeansMetric): Float32Array {
  const offset = new Float32Array(centroids.length / dimension);
  if (metric === 'spherical') return offset;
  for (let j = 0; j < offset.length; j++) {
    let squares = 0;
    for (let d = j * dimension; d < (j + 1) * dimension; d++) squares += centroids[d]! ** 2;
    offset[j] = -squares / 2;
  }
  return offset;
}

/**
 * Gives a row its cluster. A row that changes it is taken out of one sum and added to another: after the first few iterations
 * they are few. In double precision what remains of a row taken out is below 1e-15 of the largest sum that it was part of.
 */
export function moveRow(
  { data, dimension }: Features,
  run: KmeansRun,
  sums: KmeansSums,
  row: number,
  cluster: number,
): void {
  const before = run.assignments[row]!;
  if (before === cluster) return;
  const { total } = sums;
  sums.changed++;
  run.assignments[row] = cluster;
  run.sizes[cluster]! += 1;
  const from = row * dimension;
  const to = cluster * dimension;
  for (let d = 0; d < dimension; d++) total[to + d]! += data[from + d]!;
  if (before === UNASSIGNED) return;
  run.sizes[before]! -= 1;
  const out = before * dimension;
  for (let d = 0; d < dimension; d++) total[out + d]! -= data[from + d]!;
}
