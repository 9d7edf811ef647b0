/** The choice of `start` between patch features, a network beside them, and a network alone. */
import { showCount } from '../core/text.ts';

/**
 * Ways from images to features: patch features, these joined with a network, or a network that is
 * trained.
 */
export const roads = ['patches', 'joined', 'train'] as const;
export type RoadName = (typeof roads)[number];

/**
 * Epochs of published recipes with which networks pass patch features on CIFAR-10: kNN .81 to .87
 * (docs/results.md) against .68. After 12 minutes, 6 to 12 epochs, nine methods reach .44 to .52.
 */
export const RECIPE_EPOCHS = 200;
/** Images from which training from scratch is considered: a choice, not a measurement. */
export const FEWEST_IMAGES = 10_000;
/**
 * Images that a training must see, each as often as there are epochs, for a network to add to patch
 * features. Of networks on four sets, those that had seen 14,000 to 40,000 images added little or
 * nothing, and those of 55,000 to 135,000 raised the means (docs/patch-features.md).
 */
export const FEWEST_SEEN = 50_000;
/** Images from which a network is trained beside patch features: 341 were the fewest measured. */
export const FEWEST_BESIDE = 300;

/**
 * Images per second that SimCLR, the default method, trains on two threads by preset. Measured by
 * the epochs of `start --minutes 4` on four sets.
 */
const IMAGES_PER_SECOND: Readonly<Record<string, number>> = {
  'tiny-28': 1900,
  'small-32': 650,
  'multicrop-64': 500,
};
/** Speed of a preset that is not in the table. */
const SLOWEST = Math.min(...Object.values(IMAGES_PER_SECOND));
const MEASURED_THREADS = 2;
/**
 * Seconds of everything but training on two threads, fixed and for each image, from 32 to 64 px:
 * patch features, evaluation, clusters and report.
 */
const OTHER_SECONDS = 20;
const OTHER_SECONDS_PER_IMAGE = 0.012;

/** Estimated images per second of training a preset on a number of threads. */
export function imagesPerSecond(preset: string, threads: number): number {
  return ((IMAGES_PER_SECOND[preset] ?? SLOWEST) * threads) / MEASURED_THREADS;
}

/** Returns true for a preset whose speed was measured. */
export function hasMeasuredSpeed(preset: string): boolean {
  return Object.hasOwn(IMAGES_PER_SECOND, preset);
}

export interface RoadFacts {
  /** Number of images. */
  images: number;
  /** Number of images that are learned from, where a source has a split. Default: all. */
  learned?: number;
  /** Preset that `train` would choose for them. */
  preset: string;
  /** Threads of this machine. */
  threads: number;
  /** Time that may be spent, in minutes. */
  minutes?: number;
  /** Road that was asked for. */
  asked?: RoadName;
}

export interface Road {
  readonly name: RoadName;
  /** Sentence that tells the choice with its reason. */
  readonly reason: string;
  /** Estimated minutes of a whole recipe of training from scratch on this machine. */
  readonly recipeMinutes: number;
  /** Estimated fewest minutes, everything included, that a network beside patch features needs. */
  readonly fewestMinutes: number;
}

/**
 * Chooses a road: the one asked for, else training where there are images and time enough for a
 * whole recipe, else a network beside patch features where the time is enough for a short training,
 * else patch features.
 *
 * The time of E epochs is `images · E / (images per second · threads / 2)`, by the images that are
 * learned from.
 */
export function chooseRoad({
  images,
  learned = images,
  preset,
  threads,
  minutes,
  asked,
}: RoadFacts): Road {
  const speed = imagesPerSecond(preset, threads);
  const recipeMinutes = (learned * RECIPE_EPOCHS) / speed / 60;
  const isMany = learned >= FEWEST_IMAGES;
  const isLong = minutes !== undefined && minutes >= recipeMinutes;
  const { epochs, fewestMinutes } = trainingBeside({ images, learned, speed, threads, minutes });
  const isEnough = learned >= FEWEST_BESIDE;
  const isShort = isEnough && minutes !== undefined && minutes >= fewestMinutes;
  const name = asked ?? (isMany && isLong ? 'train' : isShort ? 'joined' : 'patches');
  const count = `${showCount(images)} image${images === 1 ? '' : 's'}`;
  const recipe = `the ${RECIPE_EPOCHS} epochs of a recipe take ${showMinutes(recipeMinutes)} here`;
  const better = 'A pretrained model often groups images better still.';
  const longer = isEnough
    ? `with ${shownMinutes(fewestMinutes)} or more a network is trained beside them`
    : `a network beside them would need ${FEWEST_BESIDE} images or more`;
  const reasons: Record<RoadName, string> = {
    patches: `Patch features of ${count}: ${longer}. ${better}`,
    joined:
      `Patch features of ${count} and a network beside them: ${shownMinutes(minutes ?? 0)} ` +
      `leave time for about ${showEpochs(epochs)}. ${better}`,
    train: `Training a network on ${count} for ${showMinutes(minutes ?? 0)}: ${recipe}.`,
  };
  const asAsked: Record<RoadName, string> = {
    patches: `Patch features of ${count}, as asked for.`,
    joined:
      `Patch features of ${count} and a network beside them, as asked for: ` +
      `${shownMinutes(minutes ?? fewestMinutes)} leave time for about ${showEpochs(epochs)}.`,
    train: `Training a network on ${count}, as asked for: ${recipe}.`,
  };
  const reason = (asked ? asAsked : reasons)[name];
  return { name, reason, recipeMinutes, fewestMinutes };
}

/**
 * Epochs of a network that fit into the minutes beside everything else, and the fewest minutes,
 * rounded up to halves, in which it sees enough images.
 */
function trainingBeside({
  images,
  learned,
  speed,
  threads,
  minutes,
}: Pick<RoadFacts, 'images' | 'threads' | 'minutes'> & { learned: number; speed: number }): {
  epochs: number;
  fewestMinutes: number;
} {
  const other = ((OTHER_SECONDS + OTHER_SECONDS_PER_IMAGE * images) * MEASURED_THREADS) / threads;
  const fewestMinutes = Math.ceil((other + FEWEST_SEEN / speed) / 30) / 2;
  const spent = 60 * (minutes ?? fewestMinutes);
  return { epochs: Math.max(0, ((spent - other) * speed) / learned), fewestMinutes };
}

function showEpochs(epochs: number): string {
  return `${showCount(Math.round(epochs))} epoch${Math.round(epochs) === 1 ? '' : 's'}`;
}

/** Formats minutes, such as `about 3 minutes` or `about 5 hours`. */
export function showMinutes(minutes: number): string {
  if (minutes < 1) return 'less than a minute';
  const [value, unit] = minutes < 120 ? [minutes, 'minute'] : [minutes / 60, 'hour'];
  const whole = Math.round(value);
  return `about ${showCount(whole)} ${unit}${whole === 1 ? '' : 's'}`;
}

/** Formats given minutes, such as `4 minutes` or `2.5 minutes`. */
export function shownMinutes(minutes: number): string {
  return `${Number(minutes.toPrecision(3))} minute${minutes === 1 ? '' : 's'}`;
}
