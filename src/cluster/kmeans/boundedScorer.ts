/** Assignments of k-means with many clusters: each row is compared with those centroids only that can be its nearest. */
import { inOrderOf } from '../../core/inOrder.ts';
import type { Engine } from '../../runtime/index.ts';
import { gather, input, twoLargestProducts } from '../../tensor/index.ts';
import { AHEAD } from '../blocks.ts';
import { type Features, selectRows } from '../features.ts';
import { fullTurns, lastTurns, type Station, type Turn, Waiting } from './batchQueue.ts';
import { type Compared, createBounds, MEASURE, movementOf, UNCLEAR } from './bounds.ts';
import { prepareOwnDistances } from './centroidDistances.ts';
import {
  isActive,
  type KmeansRun,
  type KmeansScorer,
  offsetsOf,
  prepareMoves,
  type ScorerOptions,
} from './scorer.ts';

/**
 * Shares of the centroids that rows are compared with, those that moved furthest. From the third iteration on a quarter is enough for more
 * and more rows; a second, smaller share costs more time to prepare and to fill than it saves.
 */
const SHARES = [1 / 4, 1];
/** Products that are made at once, and most rows of them. */
const PRODUCTS = 2 ** 21;
const MOST_ROWS = 4096;
/** Rows that are told apart before the engine gets the next. */
const TOLD_AT_ONCE = 1024;

/** Compiles one comparison for each share of the centroids, and distances to the own ones. */
export async function prepareBoundedScorer(
  engine: Engine,
  work: Features,
  { k, restarts, metric }: ScorerOptions,
): Promise<KmeansScorer> {
  const { count, dimension } = work;
  const sizes = SHARES.map((share) => Math.ceil(k * share));
  const comparisons: Comparison[] = [];
  for (const size of sizes) comparisons.push(await prepareComparison(engine, work, size));
  const ownDistances = await prepareOwnDistances(engine, work, k);
  const moves = await prepareMoves(engine, work, { k, restarts });
  const kept = Array.from({ length: restarts }, () => ({
    bounds: createBounds(work, metric === 'spherical' ? 1 / 2 : 0),
    /** Of the assignment before. */
    centroids: undefined as Float32Array | undefined,
  }));

  /** Of rows whose distance to their own centroid has to be known first. */
  const measuring: Station = {
    waiting: new Waiting(count),
    size: ownDistances.size,
    async ask({ index, assignments }, rows) {
      const clusters = rows.map((row) => assignments[row]!);
      const squares = await ownDistances.run(rows, clusters);
      return () => {
        const needed = new Uint8Array(rows.length);
        kept[index]!.bounds.measured(rows, squares, needed);
        spread(needed, (i) => rows[i]!);
      };
    },
  };
  /** Of level 1 and up; rows of level 0 are compared with no centroid. */
  const comparing = comparisons.map(
    (comparison, index): Station => ({
      waiting: new Waiting(count),
      size: comparison.size,
      async ask(run, rows) {
        const compared = await comparison.run(rows);
        return () => {
          const found = new Int32Array(rows.length);
          kept[run.index]!.bounds.settle(index + 1, compared, run.assignments, found);
          for (let i = 0; i < rows.length; i++) {
            if (found[i] === UNCLEAR) withAll.waiting.add(rows[i]!);
            else moves.give(run, rows[i]!, found[i]!);
          }
        };
      },
    }),
  );
  const withAll = comparing.at(-1)!;
  const stations = [measuring, ...comparing];

  /** Has rows wait for what they need. */
  function spread(needed: Uint8Array, row: (place: number) => number): void {
    for (let i = 0; i < needed.length; i++) {
      const level = needed[i]!;
      if (level > 0) (level === MEASURE ? measuring : comparing[level - 1]!).waiting.add(row(i));
    }
  }

  /** Tells rows apart while the engine works on earlier ones. */
  function* toldApart({ index, assignments }: KmeansRun): Generator<Turn> {
    const needed = new Uint8Array(TOLD_AT_ONCE);
    for (let start = 0; start < count; start += TOLD_AT_ONCE) {
      const here = needed.subarray(0, Math.min(TOLD_AT_ONCE, count - start));
      kept[index]!.bounds.need(start, here, assignments);
      spread(here, (i) => start + i);
      yield* fullTurns(stations);
    }
    yield* lastTurns([measuring]);
  }

  /** Tells the bounds and the engine where the centroids of a run are now. */
  async function move({ index, centroids }: KmeansRun): Promise<void> {
    const of = kept[index]!;
    const movement = movementOf(of.centroids ?? centroids, centroids, { dimension, sizes: [0, ...sizes] });
    of.centroids = centroids;
    of.bounds.moved(movement);
    const rows = { data: centroids, count: k, dimension };
    const written = comparisons.map((comparison, index) => {
      const { data } = selectRows(rows, movement.levels[index + 1]!.centroids);
      return comparison.write(data, offsetsOf(data, dimension, metric));
    });
    ownDistances.write(centroids);
    await Promise.all(written);
  }

  async function assignOne(run: KmeansRun): Promise<void> {
    await move(run);
    for (const { waiting } of stations) waiting.clear();
    const ask = ({ station, rows }: Turn) => station.ask(run, rows);
    // Each waits for what those before it gave: first what is measured, then what was not clear.
    for (const turns of [toldApart(run), lastTurns(comparing.slice(0, -1)), lastTurns([withAll])]) {
      for await (const settle of inOrderOf(turns, ask, { ahead: AHEAD })) settle();
    }
  }

  return {
    async assign(runs) {
      for (const run of runs.filter(isActive)) await assignOne(run);
      return moves.sums(runs);
    },
    async dispose() {
      await moves.dispose();
      await ownDistances.dispose();
      for (const comparison of comparisons) await comparison.dispose();
    },
  };
}

interface Comparison {
  /** Most rows at once. */
  readonly size: number;
  write(centroids: Float32Array, offset: Float32Array): Promise<void>;
  /** The two largest products of rows, given by their numbers. */
  run(rows: Int32Array): Promise<Compared>;
  dispose(): Promise<void>;
}

/** Compiles the products of rows with this many centroids. */
async function prepareComparison(
  engine: Engine,
  { data, count, dimension }: Features,
  columns: number,
): Promise<Comparison> {
  const size = Math.max(1, Math.min(MOST_ROWS, count, Math.floor(PRODUCTS / Math.max(columns, dimension))));
  const x = input('x', [count, dimension]);
  const rows = input('rows', [size], 'int32');
  const c = input('c', [columns, dimension]);
  const offset = input('offset', [columns]);
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
      const { at, largest, second } = await executable.run({ x: data, rows: filled }, { transfer: true });
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
