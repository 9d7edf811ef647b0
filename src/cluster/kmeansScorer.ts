/** The engine's part of k-means: which centroid each row is nearest to, for all restarts in one product. */
import type { Engine, Values } from '../runtime/index.ts';
import { argMaxProduct, input } from '../tensor/index.ts';
import { type Blocks, blocksOf, runBlocks } from './blocks.ts';
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
  const each = Array.from({ length: restarts }, (_, index) => ({
    c: input(`c${index}`, [k, dimension]),
    offset: input(`offset${index}`, [k]), // -|c|²/2, or 0
  }));
  const nearest = each.map(({ c, offset }) => argMaxProduct(x, c, offset)); // [B], for each restart
  const exe = await engine.compile({
    outputs: Object.fromEntries(nearest.map((of, index) => [`nearest${index}`, of])),
    state: each.flatMap(({ c, offset }) => [{ current: c }, { current: offset }]),
  });
  const totals = Array.from({ length: restarts }, () => new Float64Array(k * dimension));

  async function assign(runs: readonly KmeansRun[]): Promise<KmeansSums[]> {
    for (const run of runs.filter(isActive)) await exe.writeState(centroidState(run, metric));
    const sums = totals.map((total): KmeansSums => ({ changed: 0, total }));
    const active = runs.filter(isActive);
    // Blocks are added up while later ones are scored.
    const scored = runBlocks(work, blocks, ({ data }) => exe.run({ x: data }, { transfer: true }));
    for await (const { start, rows, result } of scored) {
      for (const run of active) {
        const nearest = result[`nearest${run.index}`] as Int32Array;
        moveRows(work, run, sums[run.index]!, { nearest, start, rows });
      }
    }
    return sums;
  }
  return { assign, dispose: () => exe.dispose() };
}

/** Centroids of a run, and the offset of their scores. */
function centroidState({ index, centroids, sizes }: KmeansRun, metric: KmeansMetric): Values {
  const offset = new Float32Array(sizes.length);
  if (metric === 'euclidean') {
    const dimension = centroids.length / sizes.length;
    for (let j = 0; j < sizes.length; j++) {
      let squares = 0;
      for (let d = j * dimension; d < (j + 1) * dimension; d++) squares += centroids[d]! ** 2;
      offset[j] = -squares / 2;
    }
  }
  return { [`c${index}`]: centroids, [`offset${index}`]: offset };
}

/**
 * Writes the assignments of one block for one run. Rows that change their cluster are taken out of one sum and added to another: after
 * the first few iterations they are few. In double precision what remains of a row taken out is below 1e-15 of
 * the largest sum that it was part of.
 */
function moveRows(
  { data, dimension }: Features,
  run: KmeansRun,
  sums: KmeansSums,
  { nearest, start, rows }: { nearest: Int32Array; start: number; rows: number },
): void {
  const { total } = sums;
  for (let row = 0; row < rows; row++) {
    const cluster = nearest[row]!;
    const before = run.assignments[start + row]!;
    if (before === cluster) continue;
    sums.changed++;
    run.assignments[start + row] = cluster;
    run.sizes[cluster]! += 1;
    const from = (start + row) * dimension;
    const to = cluster * dimension;
    for (let d = 0; d < dimension; d++) total[to + d]! += data[from + d]!;
    if (before === UNASSIGNED) continue;
    run.sizes[before]! -= 1;
    const out = before * dimension;
    for (let d = 0; d < dimension; d++) total[out + d]! -= data[from + d]!;
  }
}
