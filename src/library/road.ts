/** The choice of `start` between features at once and training a network from scratch. */
import { showCount } from '../core/text.ts';

/** Ways from images to features: patch features, or a network that is trained. */
export const roads = ['patches', 'train'] as const;
export type RoadName = (typeof roads)[number];

/** Epochs after which a network that is trained from scratch passes patch features. */
export const EPOCHS_TO_PASS = 200;

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
  /** Estimated minutes of training from scratch to pass patch features on this machine. */
  readonly minutesToPass: number;
}

/**
 * Chooses a road: the one asked for, else training where the time allows it to pass patch features,
 * else patch features.
 *
 * The time is `images · EPOCHS_TO_PASS / (images per second · threads / 2)`.
 */
export function chooseRoad({ images, preset, threads, minutes, asked }: RoadFacts): Road {
  const speed = ((IMAGES_PER_SECOND[preset] ?? SLOWEST) * threads) / MEASURED_THREADS;
  const minutesToPass = (images * EPOCHS_TO_PASS) / speed / 60;
  const isEnough = minutes !== undefined && minutes >= minutesToPass;
  const name = asked ?? (isEnough ? 'train' : 'patches');
  const count = `${showCount(images)} image${images === 1 ? '' : 's'}`;
  const time = showMinutes(minutesToPass);
  const toPass = 'here to pass patch features.';
  const reasons = {
    patches: asked
      ? `Patch features of ${count}, as asked for.`
      : `Patch features of ${count} now, because training a network from scratch would need ` +
        `${time} here to pass them.`,
    train: asked
      ? `Training a network on ${count}, as asked for, which needs ${time} ${toPass}`
      : `Training a network on ${count} for ${showMinutes(minutes ?? 0)}, because it needs ` +
        `${time} ${toPass}`,
  };
  return { name, reason: reasons[name], minutesToPass };
}

/** Formats minutes, such as `about 3 minutes` or `about 5 hours`. */
function showMinutes(minutes: number): string {
  if (minutes < 1) return 'less than a minute';
  const [value, unit] = minutes < 120 ? [minutes, 'minute'] : [minutes / 60, 'hour'];
  const whole = Math.round(value);
  return `about ${showCount(whole)} ${unit}${whole === 1 ? '' : 's'}`;
}
