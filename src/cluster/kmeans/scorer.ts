/** What k-means and the ways of finding each row's nearest centroid share. */
import type { Engine } from '../../runtime/index.ts';
import type { Features } from '../features.ts';
import { prepareClusterSums } from './clusterSums.ts';

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
  readonly changed: number;
  /** `[K, D]`, sum of the rows of each cluster. */
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

/** Gives rows their clusters; the sums of the clusters follow on the engine. */
export interface Moves {
  /** Gives a row of a run its cluster. */
  give(run: KmeansRun, row: number, cluster: number): void;
  /** What the moves since the last time came to, for the runs still on their way. */
  sums(runs: readonly KmeansRun[]): Promise<KmeansSums[]>;
  dispose(): Promise<void>;
}

/** No row has a cluster yet. Sums of all restarts lie one after the other. */
export async function prepareMoves(
  engine: Engine,
  work: Features,
  { k, restarts }: Omit<ScorerOptions, 'metric'>,
): Promise<Moves> {
  const all = await prepareClusterSums(engine, work, restarts * k);
  const changed = new Uint32Array(restarts);
  return {
    give(run, row, cluster) {
      const before = run.assignments[row]!;
      if (before === cluster) return;
      changed[run.index]! += 1;
      run.assignments[row] = cluster;
      run.sizes[cluster]! += 1;
      all.add(row, run.index * k + cluster);
      if (before === UNASSIGNED) return;
      run.sizes[before]! -= 1;
      all.remove(row, run.index * k + before);
    },
    async sums(runs) {
      const totals = await all.read();
      const sums: KmeansSums[] = [];
      for (const { index } of runs.filter(isActive)) {
        const [from, to] = [index, index + 1].map((at) => at * k * work.dimension);
        const total = restarts === 1 ? totals : totals.slice(from, to);
        sums[index] = { changed: changed[index]!, total };
      }
      changed.fill(0);
      return sums;
    },
    dispose: () => all.dispose(),
  };
}
