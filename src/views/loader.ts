/**
 * The loader: batches of random views, made ahead of time in worker threads.
 *
 * A batch is a pure function of `(seed, epoch, step)`: the order of the images comes from the stream at
 * `(seed, 'shuffle', epoch)` and each view from its own. Workers only change how long it takes.
 */
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import type { CacheLayout } from './jobs.ts';
import type { ViewsSpec } from './spec.ts';
import { openWorkerPool } from './workerPool.ts';

/** The views of one step. */
export interface Batch {
  /** Cache index of each image: `[B]`. */
  readonly images: Uint32Array;
  /** Position of each image among those that the loader was opened for, 0 to N - 1: `[B]`. */
  readonly positions: Uint32Array;
  /** One per group of crops: `[count * B, 3, size, size]` uint8, crop-major. */
  readonly crops: Uint8Array<ArrayBuffer>[];
}

export interface Loader {
  /** N, the images that it was opened for. */
  readonly count: number;
  /** Whole batches in an epoch: `floor(images / batchSize)`; the rest of the shuffled images is left out. */
  readonly stepsPerEpoch: number;
  /** The batch of a step; the following steps are begun at once. Any step may be asked for first. */
  batch(epoch: number, step: number): Promise<Batch>;
  /**
   * Replaces the shuffled order of an epoch by these positions, at least `stepsPerEpoch * batchSize` of them. Batches of
   * the epoch that were begun in another order are dropped.
   */
  setOrder(epoch: number, positions: Uint32Array): void;
  /**
   * Views of all images in the order of positions, in whole batches; the last is filled up from the start. Their draws
   * are those of no epoch.
   */
  pass(): AsyncGenerator<Batch, void, undefined>;
  /** Milliseconds that callers of `batch` have waited so far, all together. */
  readonly waitedMs: number;
  /** Ends the workers. */
  close(): Promise<void>;
}

export interface LoaderOptions {
  readonly cache: CacheLayout;
  /** Which images of the cache are used. Default: all. */
  readonly indices?: Uint32Array;
  readonly views: ViewsSpec;
  /** Images per batch. */
  readonly batchSize: number;
  readonly seed: number;
  /** Worker threads. Default 1. */
  readonly workers?: number;
  /** Batches that are made ahead. Default: one more than workers. */
  readonly ahead?: number;
}

/**
 * Opens a loader over a pixel cache.
 *
 * @throws LikenessError `views.batchSize` when there are fewer images than a batch has.
 *
 * @example
 * const loader = openLoader({ cache, views, batchSize: 256, seed: 0 });
 * const { crops } = await loader.batch(0, 0);
 */
export function openLoader(options: LoaderOptions): Loader {
  const { cache, views, batchSize, seed, workers = 1, ahead = workers + 1 } = options;
  const indices = checkedIndices(options.indices, cache.widths.length);
  checkWhole('batchSize', batchSize, 1);
  checkWhole('workers', workers, 1);
  checkWhole('ahead', ahead, 0);
  const stepsPerEpoch = Math.floor(indices.length / batchSize);
  if (stepsPerEpoch === 0) {
    throw new LikenessError(
      'views.batchSize',
      `batchSize is ${batchSize}, but there are only ${indices.length} images; expected at most that many. Use a smaller batchSize or more images.`,
    );
  }

  const { file, widths, heights, offsets } = cache;
  const setup = { cache: { file, widths, heights, offsets }, work: { kind: 'random', views, seed } } as const;
  const pool = openWorkerPool({ setup, workers });
  /** Batches begun and not yet handed out, by their position `epoch * stepsPerEpoch + step`. */
  const begun = new Map<number, Promise<Batch>>();
  const order = epochOrders(indices.length, seed);
  let waitedMs = 0;

  async function made(positions: Uint32Array, epoch: number): Promise<Batch> {
    const images = positions.map((position) => indices[position]!);
    return { images, positions, crops: await pool.run({ images, epoch }) };
  }
  function begin(position: number): Promise<Batch> {
    const epoch = Math.floor(position / stepsPerEpoch);
    const start = (position % stepsPerEpoch) * batchSize;
    return made(order.of(epoch).slice(start, start + batchSize), epoch);
  }
  function beginUpTo(position: number): void {
    for (const other of begun.keys()) if (other < position || other > position + ahead) begun.delete(other);
    for (let p = position; p <= position + ahead; p++) {
      if (begun.has(p)) continue;
      const batch = begin(p);
      batch.catch(() => {}); // reported when it is asked for
      begun.set(p, batch);
    }
  }

  return {
    count: indices.length,
    stepsPerEpoch,
    setOrder(epoch, positions) {
      checkWhole('epoch', epoch, 0);
      checkWhole('positions', positions.length, stepsPerEpoch * batchSize);
      order.set(epoch, positions);
      for (const position of begun.keys()) {
        if (Math.floor(position / stepsPerEpoch) === epoch) begun.delete(position);
      }
    },
    async *pass() {
      const coming: Promise<Batch>[] = [];
      for (let next = 0; next < indices.length || coming.length > 0; ) {
        while (next < indices.length && coming.length <= ahead) {
          const start = next;
          const batch = made(
            Uint32Array.from({ length: batchSize }, (_, i) => (start + i) % indices.length),
            PASS_EPOCH,
          );
          batch.catch(() => {}); // reported when its turn comes
          coming.push(batch);
          next += batchSize;
        }
        yield await pool.waitFor(coming.shift()!);
      }
    },
    async batch(epoch, step) {
      checkWhole('epoch', epoch, 0);
      checkWhole('step', step, 0, stepsPerEpoch - 1);
      const position = epoch * stepsPerEpoch + step;
      beginUpTo(position);
      const asked = performance.now();
      try {
        return await pool.waitFor(begun.get(position)!);
      } finally {
        begun.delete(position);
        waitedMs += performance.now() - asked;
      }
    },
    get waitedMs() {
      return waitedMs;
    },
    close: () => pool.close(),
  };
}

/** Stands for "no epoch" in the draws of a pass over all images. */
const PASS_EPOCH = 2 ** 32 - 1;

/** Positions per epoch, shuffled unless set; the two latest are kept, because a loader works at the seam of two epochs. */
function epochOrders(count: number, seed: number) {
  const kept = new Map<number, Uint32Array>();
  function set(epoch: number, positions: Uint32Array): void {
    kept.delete(epoch);
    kept.set(epoch, positions);
    if (kept.size > 2) kept.delete(kept.keys().next().value!);
  }
  return {
    set,
    of(epoch: number): Uint32Array {
      if (!kept.has(epoch)) {
        const all = Uint32Array.from({ length: count }, (_, i) => i);
        set(epoch, randomAt(seed, 'shuffle', epoch).shuffle(all));
      }
      return kept.get(epoch)!;
    },
  };
}

/** The given indices, or all; refuses those that the cache does not have. */
export function checkedIndices(indices: Uint32Array | undefined, count: number): Uint32Array {
  if (indices === undefined) return Uint32Array.from({ length: count }, (_, i) => i);
  const wrong = indices.find((index) => index >= count);
  if (wrong !== undefined) {
    throw new LikenessError(
      'views.indices',
      `indices contains ${wrong}; expected numbers below ${count}, the number of images in the cache.`,
    );
  }
  return indices;
}

/** Refuses a value that is not a whole number from `low` to `high`. */
export function checkWhole(name: string, value: number, low: number, high = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return;
  const range = high === Number.MAX_SAFE_INTEGER ? `of ${low} or more` : `from ${low} to ${high}`;
  throw new LikenessError('views.option', `${name} is ${value}; expected a whole number ${range}.`);
}
