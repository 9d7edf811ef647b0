/** The engine's part of k-means: which centroid each row is nearest to, for all restarts in one product. */
import type { Engine } from '../runtime/index.ts';
import { add, argMax, input, matmul, reshape } from '../tensor/index.ts';
import { type Blocks, blockAt, blocksOf } from './blocks.ts';
import type { Features } from './features.ts';

export type KmeansMetric = 'euclidean' | 'spherical';

/** One start on its way. */
export interface KmeansRun {
  readonly index: number;
  /** `[K, D]`, in the shifted or normalised space of the work. */
  centroids: Float32Array;
  assignments: Int32Array;
  sizes: Float64Array;
  iterations: number;
  repaired: number;
  state: 'moving' | 'settling' | 'converged' | 'stopped';
}

/** Whether a run still takes part in assignments. */
export function isActive({ state }: KmeansRun): boolean {
  return state === 'moving' || state === 'settling';
}

export interface KmeansSums {
  /** Rows whose cluster is another than before. */
  changed: number;
  /** `[K, D]`, sum of the rows of each cluster. */
  total: Float64Array;
}

export interface KmeansScorer {
  /** Assigns every row anew, in place, for the runs still on their way. */
  assign(runs: readonly KmeansRun[]): Promise<KmeansSums[]>;
  dispose(): Promise<void>;
}

/** Compiles the scores of a block of rows against the centroids of all restarts. */
export async function prepareScorer(
  engine: Engine,
  work: Features,
  k: number,
  restarts: number,
  metric: KmeansMetric,
): Promise<KmeansScorer> {
  const { dimension } = work;
  const blocks: Blocks = blocksOf(work.count, Math.max(k * restarts, dimension));
  const x = input('x', [blocks.size, dimension]);
  const c = input('c', [dimension, restarts * k]);
  const offset = input('offset', [restarts * k]); // -|c|²/2, or 0
  const scores = reshape(add(matmul(x, c), offset), [blocks.size, restarts, k]);
  const exe = await engine.compile({
    outputs: { nearest: argMax(scores, 2) }, // [B, restarts]
    state: [{ current: c }, { current: offset }],
  });

  async function assign(runs: readonly KmeansRun[]): Promise<KmeansSums[]> {
    await exe.writeState(centroidState(runs, k, dimension, metric));
    const sums = runs.map((): KmeansSums => ({ changed: 0, total: new Float64Array(k * dimension) }));
    const active = runs.filter(isActive);
    for (const run of active) run.sizes.fill(0);
    for (let i = 0; i < blocks.number; i++) {
      const block = blockAt(work, blocks, i);
      const nearest = (await exe.run({ x: block.data }, { transfer: true })).nearest as Int32Array;
      for (const run of active) {
        gatherSums(work, run, sums[run.index]!, { nearest, start: block.start, rows: block.rows, restarts });
      }
    }
    return sums;
  }
  return { assign, dispose: () => exe.dispose() };
}

/** Centroids of all runs as columns, `[D, restarts K]`, and the offset of their scores. */
function centroidState(
  runs: readonly KmeansRun[],
  k: number,
  dimension: number,
  metric: KmeansMetric,
): { c: Float32Array; offset: Float32Array } {
  const width = runs.length * k;
  const c = new Float32Array(dimension * width);
  const offset = new Float32Array(width);
  for (const { index, centroids } of runs) {
    for (let j = 0; j < k; j++) {
      let squares = 0;
      for (let d = 0; d < dimension; d++) {
        const value = centroids[j * dimension + d]!;
        c[d * width + index * k + j] = value;
        squares += value * value;
      }
      if (metric === 'euclidean') offset[index * k + j] = -squares / 2;
    }
  }
  return { c, offset };
}

/** Writes the assignments of one block for one run, and adds its rows to their clusters' sums. */
function gatherSums(
  { data, dimension }: Features,
  run: KmeansRun,
  sums: KmeansSums,
  { nearest, start, rows, restarts }: { nearest: Int32Array; start: number; rows: number; restarts: number },
): void {
  for (let row = 0; row < rows; row++) {
    const cluster = nearest[row * restarts + run.index]!;
    if (run.assignments[start + row] !== cluster) sums.changed++;
    run.assignments[start + row] = cluster;
    run.sizes[cluster]! += 1;
    const from = (start + row) * dimension;
    const to = cluster * dimension;
    for (let d = 0; d < dimension; d++) sums.total[to + d]! += data[from + d]!;
  }
}
