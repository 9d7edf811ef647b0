/** Assignment with few clusters: every row against all centroids, all restarts in one graph. */
import type { Engine } from '../../backends/index.ts';
import { argMaxProduct, input } from '../../tensor/index.ts';
import { type Blocks, blocksOf, runBlocks } from '../blocks.ts';
import type { Features } from '../features.ts';
import { isActive, type KmeansRun } from './run.ts';
import {
  type KmeansScorer,
  type KmeansSums,
  offsetsOf,
  prepareAssignmentUpdates,
  type ScorerOptions,
} from './scorer.ts';

/** Compiles the products of a block of rows with the centroids of all restarts. */
export async function prepareFullScorer(
  engine: Engine,
  work: Features,
  { k, restarts, metric }: ScorerOptions,
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
  const updates = await prepareAssignmentUpdates(engine, work, { k, restarts });

  async function assign(runs: readonly KmeansRun[]): Promise<KmeansSums[]> {
    const active = runs.filter(isActive);
    for (const { index, centroids } of active) {
      const offset = offsetsOf(centroids, dimension, metric);
      await exe.writeState({ [`c${index}`]: centroids, [`offset${index}`]: offset });
    }
    const scored = runBlocks(work, blocks, ({ data }) => exe.run({ x: data }, { transfer: true }));
    for await (const { start, rows, result } of scored) {
      for (const run of active) {
        const nearest = result[`nearest${run.index}`] as Int32Array;
        for (let i = 0; i < rows; i++) updates.set(run, start + i, nearest[i]!);
      }
    }
    return updates.sums(runs);
  }
  return {
    assign,
    async dispose() {
      await updates.dispose();
      await exe.dispose();
    },
  };
}
