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
  /** One per group of crops: `[count * B, 3, size, size]` uint8, crop-major. */
  readonly crops: Uint8Array<ArrayBuffer>[];
}

export interface Loader {
  /** Whole batches in an epoch: `floor(images / batchSize)`; the rest of the shuffled images is left out. */
  readonly stepsPerEpoch: number;
  /** The batch of a step; the following steps are begun at once. Any step may be asked for first. */
  batch(epoch: number, step: number): Promise<Batch>;
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
  const order = epochOrder(indices, seed);
  let waitedMs = 0;

  async function begin(position: number): Promise<Batch> {
    const epoch = Math.floor(position / stepsPerEpoch);
    const start = (position % stepsPerEpoch) * batchSize;
    const images = order(epoch).slice(start, start + batchSize);
    return { images, crops: await pool.run({ images, epoch }) };
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
    stepsPerEpoch,
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

/** Shuffled indices per epoch; the two latest are kept, because a loader works at the seam of two epochs. */
function epochOrder(indices: Uint32Array, seed: number): (epoch: number) => Uint32Array {
  const kept = new Map<number, Uint32Array>();
  return (epoch) => {
    let order = kept.get(epoch);
    if (order === undefined) {
      order = randomAt(seed, 'shuffle', epoch).shuffle(indices.slice());
      kept.set(epoch, order);
      if (kept.size > 2) kept.delete(kept.keys().next().value!);
    }
    return order;
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
