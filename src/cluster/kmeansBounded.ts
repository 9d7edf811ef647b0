/** Assignments of k-means with many clusters: each row is compared with those centroids only that can be its nearest. */
import { inOrderOf } from '../core/inOrder.ts';
import type { Engine } from '../runtime/index.ts';
import { gather, input, twoLargestProducts } from '../tensor/index.ts';
import { AHEAD } from './blocks.ts';
import { type Features, selectRows } from './features.ts';
import { type Compared, createBounds, MEASURE, movementOf, UNCLEAR } from './kmeansBounds.ts';
import {
  isActive,
  type KmeansRun,
  type KmeansScorer,
  offsetsOf,
  prepareMoves,
  type ScorerOptions,
} from './kmeansScorer.ts';
import { prepareOwnDistances } from './ownDistances.ts';

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
  /** Of level 1 and up; rows of level 0 are compared with no centroid. */
  const levels: Level[] = [];
  for (const size of sizes) {
    levels.push({ comparison: await prepareComparison(engine, work, size), waiting: new Waiting(count) });
  }
  const own = { distances: await prepareOwnDistances(engine, work, k), waiting: new Waiting(count) };
  const moves = await prepareMoves(engine, work, { k, restarts });
  const at = (level: number) => levels[level - 1]!;
  const all = levels.length;
  const kept = Array.from({ length: restarts }, () => ({
    bounds: createBounds(work, metric === 'spherical' ? 1 / 2 : 0),
    /** Of the assignment before. */
    centroids: undefined as Float32Array | undefined,
  }));

  async function assignOne(run: KmeansRun): Promise<void> {
    const of = kept[run.index]!;
    const { bounds } = of;
    const { centroids, assignments } = run;
    const movement = movementOf(of.centroids ?? centroids, centroids, { dimension, sizes: [0, ...sizes] });
    of.centroids = centroids;
    bounds.moved(movement);
    const rows = { data: centroids, count: k, dimension };
    const written = levels.map(({ comparison }, index) => {
      const { data } = selectRows(rows, movement.levels[index + 1]!.centroids);
      return comparison.write(data, offsetsOf(data, dimension, metric));
    });
    own.distances.write(centroids);
    await Promise.all(written);
    for (const { waiting } of [own, ...levels]) waiting.clear();

    /** Rows wait for what they need. */
    const spread = (needed: Uint8Array, row: (place: number) => number) => {
      for (let i = 0; i < needed.length; i++) {
        const level = needed[i]!;
        if (level > 0) (level === MEASURE ? own : at(level)).waiting.add(row(i));
      }
    };
    type Asked = { level: number; rows: Int32Array };
    /** Tells rows apart while the engine works on earlier ones. */
    function* toldApart(): Generator<Asked> {
      const needed = new Uint8Array(TOLD_AT_ONCE);
      for (let start = 0; start < count; start += TOLD_AT_ONCE) {
        const here = needed.subarray(0, Math.min(TOLD_AT_ONCE, count - start));
        bounds.need(start, here, assignments);
        spread(here, (i) => start + i);
        yield* full();
      }
      yield* rest(MEASURE);
    }
    const placeOf = (level: number) =>
      level === MEASURE
        ? { waiting: own.waiting, size: own.distances.size }
        : { waiting: at(level).waiting, size: at(level).comparison.size };
    function* full(): Generator<Asked> {
      for (const level of [MEASURE, ...levels.map((_, index) => index + 1)]) {
        const { waiting, size } = placeOf(level);
        while (waiting.length >= size) yield { level, rows: waiting.take(size) };
      }
    }
    function* rest(level: number): Generator<Asked> {
      const { waiting, size } = placeOf(level);
      while (waiting.length > 0) yield { level, rows: waiting.take(size) };
    }
    function* restOfSome(): Generator<Asked> {
      for (let level = 1; level < all; level++) yield* rest(level);
    }
    /** Has the engine do something for rows, and takes in what it found. */
    async function ask({ level, rows }: Asked): Promise<() => void> {
      if (level === MEASURE) {
        const squares = await own.distances.run(
          rows,
          rows.map((row) => assignments[row]!),
        );
        return () => {
          const needed = new Uint8Array(rows.length);
          bounds.measured(rows, squares, needed);
          spread(needed, (i) => rows[i]!);
        };
      }
      const compared = await at(level).comparison.run(rows);
      return () => {
        const found = new Int32Array(rows.length);
        bounds.settle(level, compared, assignments, found);
        for (let i = 0; i < rows.length; i++) {
          if (found[i] === UNCLEAR) at(all).waiting.add(rows[i]!);
          else moves.give(run, rows[i]!, found[i]!);
        }
      };
    }
    // Each waits for what those before it gave: first what is measured, then what was not clear.
    for (const asked of [toldApart(), restOfSome(), rest(all)]) {
      for await (const settle of inOrderOf(asked, ask, { ahead: AHEAD })) settle();
    }
  }

  return {
    async assign(runs) {
      for (const run of runs.filter(isActive)) await assignOne(run);
      return moves.sums(runs);
    },
    async dispose() {
      await moves.dispose();
      await own.distances.dispose();
      for (const { comparison } of levels) await comparison.dispose();
    },
  };
}

interface Level {
  comparison: Comparison;
  waiting: Waiting;
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

/** Numbers of rows in the order in which they came, each at most once. */
class Waiting {
  readonly #rows: Int32Array;
  #from = 0;
  #to = 0;

  constructor(most: number) {
    this.#rows = new Int32Array(most);
  }

  get length(): number {
    return this.#to - this.#from;
  }

  clear(): void {
    this.#from = 0;
    this.#to = 0;
  }

  add(row: number): void {
    this.#rows[this.#to++] = row;
  }

  /** Up to `most` of them, to be read before the list is cleared. */
  take(most: number): Int32Array {
    const taken = this.#rows.subarray(this.#from, Math.min(this.#to, this.#from + most));
    this.#from += taken.length;
    return taken;
  }
}
