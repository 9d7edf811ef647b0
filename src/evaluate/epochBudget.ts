/** How many images are measured after how many epochs, so that it costs a few per cent of the training. */

export interface EpochBudget {
  /** Images measured. */
  readonly images: number;
  /** Measured after every so many epochs, and after the last. */
  readonly every: number;
  /** Expected part of the training's time, 0 to 1. */
  readonly share: number;
}

export interface EpochWork {
  /** Images per epoch. */
  images: number;
  /** Crops of a step, as it sees each image. */
  crops: readonly { count: number; size: number }[];
  /** Sides of the views that are measured: the evaluation view, and a random one. */
  measured: readonly [number, number];
}

/** Most images looked at, and fewest (or all there are) below which the measures say little. */
const MOST = 2000;
const FEWEST = 400;
/** Bytes of views kept in memory: 2,000 images up to about 100 px. */
const MEMORY = 128 * 1024 * 1024;
/** Part of an epoch's passes that a measurement may cost. */
const TARGET = 0.02;
/** A training step passes each crop forwards once and backwards, which is twice as much again. */
const PASSES = 3;

/**
 * Counts pixels passed through the encoder: the same plan on every machine, whatever its speed, so that what is measured
 * does not depend on the clock.
 */
export function epochBudget({ images, crops, measured }: EpochWork): EpochBudget {
  const area = (size: number) => size * size;
  const epoch = PASSES * images * crops.reduce((sum, { count, size }) => sum + count * area(size), 0);
  const each = area(measured[0]) + area(measured[1]);
  const affordable = Math.floor((TARGET * epoch) / each);
  const fitting = Math.max(1, Math.floor(MEMORY / (3 * each)));
  const taken = Math.min(images, MOST, fitting, Math.max(FEWEST, affordable));
  const once = (taken * each) / epoch;
  const every = Math.max(1, Math.ceil(once / TARGET - 1e-9));
  return { images: taken, every, share: once / every };
}
