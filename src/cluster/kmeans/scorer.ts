/**
 * Assignment step of k-means: one interface, two implementations (`fullScorer.ts`,
 * `boundedScorer.ts`), and the bookkeeping that both share.
 */
import type { Engine } from '../../backends/index.ts';
import type { Features } from '../features.ts';
import { prepareClusterSums } from './clusterSums.ts';
import { isActive, type KmeansMetric, type KmeansRun, UNASSIGNED } from './run.ts';

export interface KmeansSums {
  /** Rows whose cluster differs from the one before. */
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
  /** Assigns every row of the active runs to its nearest centroid, in place. */
  assign(runs: readonly KmeansRun[]): Promise<KmeansSums[]>;
  dispose(): Promise<void>;
}

/** Offsets of the products with centroids `[K, D]`: `-|c|²/2`, or 0 for spherical k-means. */
export function offsetsOf(
  centroids: Float32Array,
  dimension: number,
  metric: KmeansMetric,
): Float32Array {
  const offset = new Float32Array(centroids.length / dimension); // [K]
  if (metric === 'spherical') return offset;
  for (let j = 0; j < offset.length; j++) {
    let squares = 0;
    for (let d = j * dimension; d < (j + 1) * dimension; d++) squares += centroids[d]! ** 2;
    offset[j] = -squares / 2;
  }
  return offset;
}

/** Records new labels; the engine updates the sums of the clusters in the background. */
export interface AssignmentUpdates {
  /** Gives a row of a run its cluster. */
  set(run: KmeansRun, row: number, cluster: number): void;
  /** Sums after all changes since the last call, for the active runs. */
  sums(runs: readonly KmeansRun[]): Promise<KmeansSums[]>;
  dispose(): Promise<void>;
}

/** Prepares updates of rows without a label. The sums of all restarts share one matrix. */
export async function prepareAssignmentUpdates(
  engine: Engine,
  work: Features,
  { k, restarts }: Omit<ScorerOptions, 'metric'>,
): Promise<AssignmentUpdates> {
  const clusterSums = await prepareClusterSums(engine, work, restarts * k);
  const changed = new Uint32Array(restarts);
  return {
    set(run, row, cluster) {
      const before = run.assignments[row]!;
      if (before === cluster) return;
      changed[run.index]! += 1;
      run.assignments[row] = cluster;
      run.sizes[cluster]! += 1;
      clusterSums.add(row, run.index * k + cluster);
      if (before === UNASSIGNED) return;
      run.sizes[before]! -= 1;
      clusterSums.remove(row, run.index * k + before);
    },
    async sums(runs) {
      const totals = await clusterSums.read(); // [restarts * K, D]
      const sums: KmeansSums[] = [];
      for (const { index } of runs.filter(isActive)) {
        const [from, to] = [index, index + 1].map((at) => at * k * work.dimension);
        const total = restarts === 1 ? totals : totals.slice(from, to); // [K, D]
        sums[index] = { changed: changed[index]!, total };
      }
      changed.fill(0);
      return sums;
    },
    dispose: () => clusterSums.dispose(),
  };
}
