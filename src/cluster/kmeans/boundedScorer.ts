/**
 * Assignment with many clusters: a row is compared only with centroids that can be its nearest
 * (`bounds.ts`).
 *
 * Rows are classified in blocks and wait in queues, one queue per engine operation. The engine
 * works on full batches while later rows are classified.
 */
import type { Engine } from '../../backends/index.ts';
import { inOrderOf } from '../../core/inOrder.ts';
import { gather, input, twoLargestProducts } from '../../tensor/index.ts';
import { MAX_AHEAD } from '../blocks.ts';
import { type Features, selectRows } from '../features.ts';
import {
  type Batch,
  type BatchQueue,
  fullBatches,
  RowQueue,
  remainingBatches,
} from './batchQueue.ts';
import { type Comparison, DistanceBounds, NEEDS_DISTANCE, UNDECIDED } from './bounds.ts';
import { type CentroidDistances, prepareCentroidDistances } from './centroidDistances.ts';
import { movementOf } from './movement.ts';
import { isActive, type KmeansRun } from './run.ts';
import {
  type AssignmentUpdates,
  type KmeansScorer,
  offsetsOf,
  prepareAssignmentUpdates,
  type ScorerOptions,
} from './scorer.ts';

/**
 * Fractions of the centroids that rows are compared with, those that moved furthest. A quarter is
 * enough for most rows from the third iteration on. A second, smaller subset costs more time to
 * prepare and to fill than it saves.
 */
const SUBSET_FRACTIONS = [1 / 4, 1];
/** Largest number of products, and of rows, of one comparison. */
const MAX_PRODUCTS = 2 ** 21;
const MAX_ROWS = 4096;
/** Rows that are classified before full batches go to the engine. */
const CLASSIFIED_ROWS = 1024;

interface RestartState {
  readonly bounds: DistanceBounds;
  /** Centroids of the assignment before. */
  centroids: Float32Array | undefined;
}

/** Compiles one comparison per subset of the centroids, and the distances to the own centroids. */
export async function prepareBoundedScorer(
  engine: Engine,
  work: Features,
  { k, restarts, metric }: ScorerOptions,
): Promise<KmeansScorer> {
  const { count, dimension } = work;
  const sizes = SUBSET_FRACTIONS.map((fraction) => Math.ceil(k * fraction));
  const comparers: Comparer[] = [];
  for (const size of sizes) comparers.push(await prepareComparer(engine, work, size));
  const distances = await prepareCentroidDistances(engine, work, k);
  const updates = await prepareAssignmentUpdates(engine, work, { k, restarts });
  const states: RestartState[] = Array.from({ length: restarts }, () => ({
    bounds: new DistanceBounds(work, metric === 'spherical' ? 1 / 2 : 0),
    centroids: undefined,
  }));
  const queues = createQueues({ count, states, distances, comparers, updates });

  /** Passes the new centroids of a run to its bounds and to the engine. */
  async function moveCentroids({ index, centroids }: KmeansRun): Promise<void> {
    const state = states[index]!;
    const before = state.centroids ?? centroids;
    const movement = movementOf(before, centroids, { dimension, sizes: [0, ...sizes] });
    state.centroids = centroids;
    state.bounds.update(movement);
    const rows = { data: centroids, count: k, dimension };
    const written = comparers.map((comparer, index) => {
      const { data } = selectRows(rows, movement.subsets[index + 1]!.centroids); // [F, D]
      return comparer.write(data, offsetsOf(data, dimension, metric));
    });
    distances.write(centroids);
    await Promise.all(written);
  }

  /** Classifies all rows while the engine works on earlier ones. */
  function* classifyRows({ index, assignments }: KmeansRun): Generator<Batch> {
    const levels = new Uint8Array(CLASSIFIED_ROWS);
    for (let start = 0; start < count; start += CLASSIFIED_ROWS) {
      const here = levels.subarray(0, Math.min(CLASSIFIED_ROWS, count - start));
      states[index]!.bounds.classify(start, here, assignments);
      queues.add(here, (i) => start + i);
      yield* fullBatches(queues.all);
    }
    yield* remainingBatches([queues.measuring]);
  }

  async function assignRun(run: KmeansRun): Promise<void> {
    await moveCentroids(run);
    for (const { rows } of queues.all) rows.clear();
    const ask = ({ queue, rows }: Batch) => queue.run(run, rows);
    const subsets = queues.comparing.slice(0, -1);
    const full = queues.comparing.slice(-1);
    // A later stage depends on the rows that the earlier ones could not settle.
    for (const stage of [classifyRows(run), remainingBatches(subsets), remainingBatches(full)]) {
      for await (const apply of inOrderOf(stage, ask, { ahead: MAX_AHEAD })) apply();
    }
  }

  return {
    async assign(runs) {
      for (const run of runs.filter(isActive)) await assignRun(run);
      return updates.sums(runs);
    },
    async dispose() {
      await updates.dispose();
      await distances.dispose();
      for (const comparer of comparers) await comparer.dispose();
    },
  };
}

interface Queues {
  /** Rows whose distance to their own centroid is to be computed. */
  readonly measuring: BatchQueue;
  /** Rows to compare with the centroids of a subset, for each level from 1 on. */
  readonly comparing: readonly BatchQueue[];
  readonly all: readonly BatchQueue[];
  /** Queues rows by their levels; `rowAt` gives the row of a place in `levels`. */
  add(levels: Uint8Array, rowAt: (place: number) => number): void;
}

function createQueues({
  count,
  states,
  distances,
  comparers,
  updates,
}: {
  count: number;
  states: readonly RestartState[];
  distances: CentroidDistances;
  comparers: readonly Comparer[];
  updates: AssignmentUpdates;
}): Queues {
  const measuring: BatchQueue = {
    rows: new RowQueue(count),
    size: distances.size,
    async run({ index, assignments }, rows) {
      const clusters = rows.map((row) => assignments[row]!);
      const squares = await distances.run(rows, clusters); // [M]
      return () => {
        const levels = new Uint8Array(rows.length);
        states[index]!.bounds.refine(rows, squares, levels);
        add(levels, (i) => rows[i]!);
      };
    },
  };
  const comparing = comparers.map(
    (comparer, index): BatchQueue => ({
      rows: new RowQueue(count),
      size: comparer.size,
      async run(run, rows) {
        const compared = await comparer.run(rows);
        return () => {
          const found = new Int32Array(rows.length);
          states[run.index]!.bounds.settle(index + 1, compared, run.assignments, found);
          for (let i = 0; i < rows.length; i++) {
            if (found[i] === UNDECIDED) full.rows.add(rows[i]!);
            else updates.set(run, rows[i]!, found[i]!);
          }
        };
      },
    }),
  );
  const full = comparing.at(-1)!;

  function add(levels: Uint8Array, rowAt: (place: number) => number): void {
    for (let i = 0; i < levels.length; i++) {
      const level = levels[i]!;
      if (level > 0)
        (level === NEEDS_DISTANCE ? measuring : comparing[level - 1]!).rows.add(rowAt(i));
    }
  }
  return { measuring, comparing, all: [measuring, ...comparing], add };
}

interface Comparer {
  /** Rows of a full batch. */
  readonly size: number;
  write(centroids: Float32Array, offset: Float32Array): Promise<void>;
  /** Finds the two largest products of the given rows. */
  run(rows: Int32Array): Promise<Comparison>;
  dispose(): Promise<void>;
}

/** Compiles the products of rows with a subset of `subsetSize` centroids. */
async function prepareComparer(
  engine: Engine,
  { data, count, dimension }: Features,
  subsetSize: number,
): Promise<Comparer> {
  const most = Math.floor(MAX_PRODUCTS / Math.max(subsetSize, dimension));
  const size = Math.max(1, Math.min(MAX_ROWS, count, most));
  const x = input('x', [count, dimension]);
  const rows = input('rows', [size], 'int32');
  const c = input('c', [subsetSize, dimension]);
  const offset = input('offset', [subsetSize]);
  const executable = await engine.compile({
    outputs: { ...twoLargestProducts(gather(x, rows), c, offset) },
    state: [{ current: c }, { current: offset }],
  });
  return {
    size,
    write: (c, offset) => executable.writeState({ c, offset }),
    async run(rows) {
      const filled = new Int32Array(size);
      filled.set(rows);
      const { at, largest, second } = await executable.run(
        { x: data, rows: filled },
        { transfer: true },
      );
      return {
        rows,
        at: at as Int32Array,
        largest: largest as Float32Array,
        second: second as Float32Array,
      };
    },
    dispose: () => executable.dispose(),
  };
}
