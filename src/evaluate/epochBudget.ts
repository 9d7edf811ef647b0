/** Plans how many images are measured after how many epochs, for a few percent of the training. */

export interface EpochBudget {
  /** Images measured. */
  readonly images: number;
  /** Number n of epochs between two measurements; the last epoch is always measured. */
  readonly every: number;
  /** Expected fraction of the training time, 0 to 1. */
  readonly share: number;
}

export interface EpochWork {
  /** Images per epoch. */
  images: number;
  /** Crops per image of a step. */
  crops: readonly { count: number; size: number }[];
  /** Sides of the measured views: the evaluation view, and a random one. */
  measured: readonly [number, number];
}

/** Most images measured, and fewest (or all there are): with fewer the measures are noise. */
const MAX_IMAGES = 2000;
const MIN_IMAGES = 400;
/** Bytes of views in memory: 2,000 images up to about 100 px. */
const MEMORY = 128 * 1024 * 1024;
/** Fraction of an epoch's passes that a measurement may cost. */
const TARGET = 0.02;
/** Passes of a training step per crop: one forward, and a backward pass that costs two. */
const PASSES = 3;

/**
 * Plans by the number of pixels passed through the encoder. The plan is the same on every machine,
 * because it does not depend on the clock.
 */
export function epochBudget({ images, crops, measured }: EpochWork): EpochBudget {
  const area = (size: number) => size * size;
  const epoch =
    PASSES * images * crops.reduce((sum, { count, size }) => sum + count * area(size), 0);
  const each = area(measured[0]) + area(measured[1]);
  const affordable = Math.floor((TARGET * epoch) / each);
  const fitting = Math.max(1, Math.floor(MEMORY / (3 * each)));
  const taken = Math.min(images, MAX_IMAGES, fitting, Math.max(MIN_IMAGES, affordable));
  const once = (taken * each) / epoch;
  const every = Math.max(1, Math.ceil(once / TARGET - 1e-9));
  return { images: taken, every, share: once / every };
}
