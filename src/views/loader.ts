/**
 * Loader of random views, which worker threads prefetch batch by batch.
 *
 * A batch is a pure function of `(seed, epoch, step)`. The random stream `(seed, 'shuffle', epoch)`
 * shuffles the images, and each view has a stream of its own. The number of workers only affects
 * the speed.
 */

import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import { plural } from '../core/text.ts';
import type { CacheLayout } from './jobs.ts';
import type { ViewsSpec } from './spec.ts';
import { openWorkerPool } from './workerPool.ts';

/** Values of crops: pixels, or features of a pretrained model. */
export type CropValues = Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** Views of one training step. */
export interface Batch<Values extends CropValues = Uint8Array<ArrayBuffer>> {
  /** Cache index of each image: `[B]`. */
  readonly images: Uint32Array;
  /** Index of each image among the loader's images, 0 to N - 1: `[B]`. */
  readonly positions: Uint32Array;
  /** Indices of all images of the batch, where this is a rank's share of it: `[R B]`. */
  readonly ofAllRanks?: Uint32Array;
  /**
   * Views by group of crops: `[count * B, 3, size, size]` uint8, crop-major; features
   * `[count * B, D]` float32 alike.
   */
  readonly crops: Values[];
}

export interface Loader<Values extends CropValues = Uint8Array<ArrayBuffer>> {
  /** Number of images N. */
  readonly count: number;
  /** Full batches per epoch, `floor(N / batchSize)`; the remaining images are left out. */
  readonly stepsPerEpoch: number;
  /** Renders the batch of a step and prefetches the following steps. Any step may come first. */
  batch(epoch: number, step: number): Promise<Batch<Values>>;
  /**
   * Replaces the shuffled order of an epoch by at least `stepsPerEpoch * batchSize` indices among
   * the loader's images. Discards prefetched batches of that epoch.
   */
  setOrder(epoch: number, positions: Uint32Array): void;
  /**
   * Iterates over random views of all images, in order and in full batches. The last batch is
   * filled with the first images. The random streams are those of no epoch.
   */
  pass(): AsyncGenerator<Batch<Values>, void, undefined>;
  /** Total time that callers of `batch` have waited, in milliseconds. */
  readonly waitedMs: number;
  /** Ends the workers. */
  close(): Promise<void>;
}

export interface LoaderOptions {
  readonly cache: CacheLayout;
  /** Cache indices of the images. Default: all. */
  readonly indices?: Uint32Array;
  readonly views: ViewsSpec;
  /** Images per batch. */
  readonly batchSize: number;
  readonly seed: number;
  /**
   * Share of each batch that is rendered, of ranks that train together; `batchSize` is that of all
   * of them. Default: the whole batch.
   */
  readonly share?: { readonly rank: number; readonly of: number };
  /** Worker threads. Default 1. */
  readonly workers?: number;
  /** Number of batches to prefetch. Default: workers + 1. */
  readonly ahead?: number;
}

/**
 * Opens a loader over a pixel cache.
 *
 * @throws LikenessError `views.batchSize` where there are fewer images than a batch needs.
 *
 * @example
 * const loader = openLoader({ cache, views, batchSize: 256, seed: 0 });
 * const { crops } = await loader.batch(0, 0);
 */
export function openLoader(options: LoaderOptions): Loader {
  const { cache, views, batchSize, seed, workers = 1, ahead = workers + 1 } = options;
  const { rank, of } = options.share ?? { rank: 0, of: 1 };
  const indices = checkedIndices(options.indices, cache.widths.length);
  checkWhole('batchSize', batchSize, 1);
  checkWhole('workers', workers, 1);
  checkWhole('ahead', ahead, 0);
  if (batchSize % of !== 0) {
    throw new LikenessError(
      'views.batchSize',
      `batchSize: received ${batchSize} for ${of} ranks; expected a multiple of ${of}`,
    );
  }
  const stepsPerEpoch = Math.floor(indices.length / batchSize);
  if (stepsPerEpoch === 0) {
    throw new LikenessError(
      'views.batchSize',
      `batchSize: received ${batchSize} for ${plural(indices.length, 'image')}; expected at most the number ` +
        'of images. Use a smaller batchSize or more images.',
    );
  }

  const { file, widths, heights, offsets } = cache;
  const setup = {
    cache: { file, widths, heights, offsets },
    work: { kind: 'random', views, seed },
  } as const;
  const pool = openWorkerPool({ setup, workers });
  /** Prefetched batches by global step, `epoch * stepsPerEpoch + step`. */
  const begun = new Map<number, Promise<Batch>>();
  const order = epochOrders(indices.length, seed);
  let waitedMs = 0;

  async function made(
    positions: Uint32Array,
    epoch: number,
    ofAllRanks?: Uint32Array,
  ): Promise<Batch> {
    const images = positions.map((position) => indices[position]!);
    const crops = await pool.run({ images, epoch });
    return { images, positions, crops, ...(ofAllRanks && { ofAllRanks }) };
  }
  function begin(globalStep: number): Promise<Batch> {
    const epoch = Math.floor(globalStep / stepsPerEpoch);
    const start = (globalStep % stepsPerEpoch) * batchSize;
    const all = order.of(epoch).slice(start, start + batchSize);
    const own = all.slice((rank * batchSize) / of, ((rank + 1) * batchSize) / of);
    return made(own, epoch, of > 1 ? all : undefined);
  }
  function prefetch(from: number): void {
    for (const other of begun.keys()) if (other < from || other > from + ahead) begun.delete(other);
    for (let p = from; p <= from + ahead; p++) {
      if (begun.has(p)) continue;
      const batch = begin(p);
      batch.catch(() => {}); // reported when it is requested
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
          batch.catch(() => {}); // reported when the loop reaches it
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
      prefetch(position);
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

/** Epoch number of the random streams of `pass`, which no real epoch reaches. */
const PASS_EPOCH = 2 ** 32 - 1;

/**
 * Stores the image order of an epoch, shuffled unless set. Prefetching crosses from one epoch into
 * the next, so the latest two orders stay.
 */
export function epochOrders(count: number, seed: number) {
  const orders = new Map<number, Uint32Array>();
  function set(epoch: number, positions: Uint32Array): void {
    orders.delete(epoch);
    orders.set(epoch, positions);
    if (orders.size > 2) orders.delete(orders.keys().next().value!);
  }
  return {
    set,
    of(epoch: number): Uint32Array {
      if (!orders.has(epoch)) {
        const all = Uint32Array.from({ length: count }, (_, i) => i);
        set(epoch, randomAt(seed, 'shuffle', epoch).shuffle(all));
      }
      return orders.get(epoch)!;
    },
  };
}

/**
 * Checks cache indices; `undefined` stands for all.
 *
 * @throws LikenessError `views.indices` where an index is not below `count`.
 */
export function checkedIndices(indices: Uint32Array | undefined, count: number): Uint32Array {
  if (indices === undefined) return Uint32Array.from({ length: count }, (_, i) => i);
  const wrong = indices.find((index) => index >= count);
  if (wrong !== undefined) {
    throw new LikenessError(
      'views.indices',
      `indices: received ${wrong}; expected numbers below ${count}, the number of cached images.`,
    );
  }
  return indices;
}

/**
 * Checks that a value is a whole number from `low` to `high`.
 *
 * @throws LikenessError `views.option`
 */
export function checkWhole(
  name: string,
  value: number,
  low: number,
  high = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return;
  const range = high === Number.MAX_SAFE_INTEGER ? `of ${low} or more` : `from ${low} to ${high}`;
  const problem = `${name}: received ${value}; expected a whole number ${range}.`;
  throw new LikenessError('views.option', problem);
}
