/** The choice of `start` between features at once and training a network from scratch. */
import { showCount } from '../core/text.ts';

/** Ways from images to features: patch features, or a network that is trained. */
export const roads = ['patches', 'train'] as const;
export type RoadName = (typeof roads)[number];

/**
 * Epochs of published recipes with which networks pass patch features on CIFAR-10: kNN .81 to .87
 * (docs/results.md) against .68. After 12 minutes, 6 to 12 epochs, nine methods reach .44 to .52.
 */
export const RECIPE_EPOCHS = 200;
/** Images from which training from scratch is considered: a choice, not a measurement. */
export const FEWEST_IMAGES = 10_000;

/** Images per second of training on two threads by preset, as in docs/performance.md. */
const IMAGES_PER_SECOND: Readonly<Record<string, number>> = {
  'tiny-28': 1200,
  'small-32': 550,
  'multicrop-64': 315,
};
/** Speed of a preset that is not in the table. */
const SLOWEST = Math.min(...Object.values(IMAGES_PER_SECOND));
const MEASURED_THREADS = 2;

export interface RoadFacts {
  /** Number of images. */
  images: number;
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
}

/**
 * Chooses a road: the one asked for, else training where there are images and time enough for a
 * whole recipe, else patch features.
 *
 * The time is `images · RECIPE_EPOCHS / (images per second · threads / 2)`.
 */
export function chooseRoad({ images, preset, threads, minutes, asked }: RoadFacts): Road {
  const speed = ((IMAGES_PER_SECOND[preset] ?? SLOWEST) * threads) / MEASURED_THREADS;
  const recipeMinutes = (images * RECIPE_EPOCHS) / speed / 60;
  const isMany = images >= FEWEST_IMAGES;
  const isLong = minutes !== undefined && minutes >= recipeMinutes;
  const name = asked ?? (isMany && isLong ? 'train' : 'patches');
  const count = `${showCount(images)} image${images === 1 ? '' : 's'}`;
  const recipe = `the ${RECIPE_EPOCHS} epochs of a recipe take ${showMinutes(recipeMinutes)} here`;
  const better = 'A pretrained model (encoder) often groups images better still.';
  const reasons: Record<RoadName, string> = {
    patches: isMany
      ? `Patch features of ${count}: a network from scratch needs far more time to pass them ` +
        `(${recipe}). ${better}`
      : `Patch features of ${count}: networks from scratch are trained on ` +
        `${showCount(FEWEST_IMAGES)} images or more, unless asked for (${recipe}). ${better}`,
    train: `Training a network on ${count} for ${showMinutes(minutes ?? 0)}: ${recipe}.`,
  };
  const asAsked: Record<RoadName, string> = {
    patches: `Patch features of ${count}, as asked for.`,
    train: `Training a network on ${count}, as asked for: ${recipe}.`,
  };
  return { name, reason: (asked ? asAsked : reasons)[name], recipeMinutes };
}

/** Formats minutes, such as `about 3 minutes` or `about 5 hours`. */
function showMinutes(minutes: number): string {
  if (minutes < 1) return 'less than a minute';
  const [value, unit] = minutes < 120 ? [minutes, 'minute'] : [minutes / 60, 'hour'];
  const whole = Math.round(value);
  return `about ${showCount(whole)} ${unit}${whole === 1 ? '' : 's'}`;
}
