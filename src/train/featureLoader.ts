/**
 * Loader of stored features: the crops of a step on a pretrained model.
 *
 * A batch is a pure function of `(seed, epoch, step)`. Images are shuffled as by the loader of
 * views, and the stream `(seed, 'storedCrops', epoch, step)` draws the views or neighbors.
 */
import { LikenessError } from '../core/errors.ts';
import { type Random, randomAt } from '../core/random.ts';
import { plural } from '../core/text.ts';
import { type Batch, epochOrders, type Loader } from '../views/index.ts';

/** Origin of the crops of a group. */
export type CropOrigin =
  | {
      readonly kind: 'views';
      /** Features of V views of each image, [N, V, D]. */
      readonly rows: Float32Array;
      /** V */
      readonly views: number;
    }
  | {
      readonly kind: 'neighbors';
      /** Features of each image, [N, D]. */
      readonly rows: Float32Array;
      /** Positions of the n nearest other images of each, [N, n]. */
      readonly neighbors: Int32Array;
      /** n */
      readonly count: number;
    };

export interface FeatureLoaderOptions {
  /** Cache index of each image, [N]. */
  indices: Uint32Array;
  /** D */
  dimension: number;
  /** Groups of crops; the first crop of the first group is the image itself for neighbors. */
  groups: readonly { readonly count: number; readonly origin: CropOrigin }[];
  batchSize: number;
  seed: number;
}

type FeatureBatch = Batch<Float32Array<ArrayBuffer>>;

/** Epoch number of the draws of `pass`, which no real epoch reaches. */
const PASS_EPOCH = 2 ** 32 - 1;

/**
 * Opens a loader over features in memory.
 *
 * @throws LikenessError `views.batchSize` where there are fewer images than a batch needs.
 */
export function openFeatureLoader({
  indices,
  dimension,
  groups,
  batchSize,
  seed,
}: FeatureLoaderOptions): Loader<Float32Array<ArrayBuffer>> {
  const count = indices.length;
  const stepsPerEpoch = Math.floor(count / batchSize);
  if (stepsPerEpoch === 0) {
    throw new LikenessError(
      'views.batchSize',
      `batchSize: received ${batchSize} for ${plural(count, 'image')}; expected at most the ` +
        'number of images. Use a smaller batchSize or more images.',
    );
  }
  const order = epochOrders(count, seed);

  function made(positions: Uint32Array, epoch: number, step: number): FeatureBatch {
    const random = randomAt(seed, 'storedCrops', epoch, step);
    const crops = groups.map((group, g) =>
      cropsOf(group, positions, { dimension, random, isFirst: g === 0 }),
    );
    return { images: positions.map((position) => indices[position]!), positions, crops };
  }
  return {
    count,
    stepsPerEpoch,
    async batch(epoch, step) {
      const positions = order.of(epoch).slice(step * batchSize, (step + 1) * batchSize);
      return made(positions, epoch, step);
    },
    setOrder: (epoch, positions) => order.set(epoch, positions),
    async *pass() {
      for (let start = 0, step = 0; start < count; start += batchSize, step++) {
        const positions = Uint32Array.from({ length: batchSize }, (_, i) => (start + i) % count);
        yield made(positions, PASS_EPOCH, step);
      }
    },
    waitedMs: 0,
    close: async () => {},
  };
}

/** Features [count B, D] of the crops of a group, crop-major. */
function cropsOf(
  { count, origin }: FeatureLoaderOptions['groups'][number],
  positions: Uint32Array,
  { dimension: D, random, isFirst }: { dimension: number; random: Random; isFirst: boolean },
): Float32Array<ArrayBuffer> {
  const B = positions.length;
  const out = new Float32Array(count * B * D);
  const place = (crop: number, b: number, row: number) =>
    out.set(origin.rows.subarray(row * D, (row + 1) * D), (crop * B + b) * D);
  positions.forEach((position, b) => {
    if (origin.kind === 'views') {
      const { views } = origin;
      drawnViews(count, views, random).forEach((view, crop) => {
        place(crop, b, position * views + view);
      });
      return;
    }
    for (let crop = 0; crop < count; crop++) {
      const isSelf = isFirst && crop === 0;
      const neighbor = () =>
        origin.neighbors[position * origin.count + random.integer(origin.count)]!;
      place(crop, b, isSelf ? position : neighbor());
    }
  });
  return out;
}

/** Draws `count` of V views, each once before one comes again. */
function drawnViews(count: number, views: number, random: Random): number[] {
  const drawn: number[] = [];
  while (drawn.length < count) {
    drawn.push(...random.shuffle(Array.from({ length: views }, (_, v) => v)));
  }
  return drawn.slice(0, count);
}
