/** The engine's part of k-means: which centroid each row is nearest to, for all restarts in one product. */
import type { Engine } from '../runtime/index.ts';
import { add, input, matmul, reshape } from '../tensor/index.ts';
import { argMaxOfRows, GROUP } from './argMaxOfRows.ts';
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

/** Clusters from which on the nearest is searched by groups. */
const MANY = 4 * GROUP;
/** Offset of a column that is no centroid. */
const NEVER = -1e30;

/** Compiles the scores of a block of rows against the centroids of all restarts. */
export async function prepareScorer(
  engine: Engine,
  work: Features,
  k: number,
  restarts: number,
  metric: KmeansMetric,
): Promise<KmeansScorer> {
  const { dimension } = work;
  // Columns that no row is nearest to fill up the last group.
  const columns = k < MANY ? k : Math.ceil(k / GROUP) * GROUP;
  const blocks: Blocks = blocksOf(work.count, Math.max(columns * restarts, dimension));
  const x = input('x', [blocks.size, dimension]);
  const c = input('c', [dimension, restarts * columns]);
  const offset = input('offset', [restarts * columns]); // -|c|²/2, or 0
  const scores = add(matmul(x, c), offset); // [B, restarts K]
  const exe = await engine.compile({
    outputs: { nearest: argMaxOfRows(reshape(scores, [blocks.size * restarts, columns])) }, // [B restarts]
    state: [{ current: c }, { current: offset }],
  });
  const run = (block: number) => exe.run({ x: blockAt(work, blocks, block).data }, { transfer: true });

  async function assign(runs: readonly KmeansRun[]): Promise<KmeansSums[]> {
    await exe.writeState(centroidState(runs, columns, dimension, metric));
    const sums = runs.map((): KmeansSums => ({ changed: 0, total: new Float64Array(k * dimension) }));
    const active = runs.filter(isActive);
    for (const run of active) run.sizes.fill(0);
    // One block is added up while the next one is scored.
    let scored = run(0);
    for (let i = 0; i < blocks.number; i++) {
      const nearest = (await scored).nearest as Int32Array;
      if (i + 1 < blocks.number) scored = run(i + 1);
      const start = i * blocks.size;
      const rows = Math.min(blocks.size, work.count - start);
      for (const run of active) gatherSums(work, run, sums[run.index]!, { nearest, start, rows, restarts });
    }
    return sums;
  }
  return { assign, dispose: () => exe.dispose() };
}

/** Centroids of all runs as columns, `[D, restarts columns]`, and the offset of their scores. */
function centroidState(
  runs: readonly KmeansRun[],
  columns: number,
  dimension: number,
  metric: KmeansMetric,
): { c: Float32Array; offset: Float32Array } {
  const width = runs.length * columns;
  const c = new Float32Array(dimension * width);
  const offset = new Float32Array(width);
  for (const { index, centroids, sizes } of runs) {
    const first = index * columns;
    for (let j = 0; j < sizes.length; j++) {
      let squares = 0;
      for (let d = 0; d < dimension; d++) {
        const value = centroids[j * dimension + d]!;
        c[d * width + first + j] = value;
        squares += value * value;
      }
      if (metric === 'euclidean') offset[first + j] = -squares / 2;
    }
    offset.fill(NEVER, first + sizes.length, first + columns);
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
