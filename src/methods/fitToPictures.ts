/** Views that follow the images: no mirroring of digits and letters, no color changes of gray. */
import { showCount } from '../core/text.ts';
import type { Settings } from './settings.ts';

/** Facts about a sample of the images. */
export interface PictureFacts {
  /** Number of images that were examined. */
  images: number;
  /** Number of them that have color. */
  colored: number;
  /**
   * Distance of mirrored images to the others, divided by that of the images themselves (see
   * `mirrorRatio`). Null for too few images.
   */
  mirrorRatio: number | null;
}

/**
 * Ratio from which images are not mirrored. Ten sets of photos have 0.999 to 1.006, Fashion-MNIST
 * 1.06, rendered letters 1.07 to 1.24, pages of text 1.41, digits 1.44 to 1.59 (docs/results.md).
 */
export const MIRROR_LIMIT = 1.03;
/** Fewest images whose ratio is measured well enough, to about .01. */
const MIN_IMAGES = 100;

/**
 * Adapts flips and color changes to the images, and gives a sentence for each decision.
 *
 * Settings that a person gave stay.
 *
 * @param given flat names
 */
export function fitToPictures(
  settings: Settings,
  { images, colored, mirrorRatio }: PictureFacts,
  given: ReadonlySet<string>,
): { settings: Settings; notes: string[] } {
  const views = { ...settings.views };
  const isFree = (name: keyof typeof views) => !given.has(name);
  const notes: string[] = [];
  const isMeasured = mirrorRatio !== null && images >= MIN_IMAGES;
  if (isMeasured && views.flipProbability > 0 && isFree('flipProbability')) {
    const isFar = mirrorRatio >= MIRROR_LIMIT;
    const distance =
      `mirrored images lie ${mirrorRatio.toFixed(2)} times as far from the other images as the ` +
      `images themselves (${showCount(images)} compared, limit ${MIRROR_LIMIT})`;
    notes.push(
      isFar
        ? `flipProbability 0 instead of ${views.flipProbability}: ${distance}`
        : `flipProbability ${views.flipProbability}: ${distance}`,
    );
    if (isFar) views.flipProbability = 0;
  }
  const names = ['saturation', 'hue', 'grayscaleProbability', 'channelShift'] as const;
  const changed = colored > 0 ? [] : names.filter((name) => (views[name] ?? 0) > 0 && isFree(name));
  if (changed.length > 0) {
    for (const name of changed) views[name] = 0;
    notes.push(`${changed.map((name) => `${name} 0`).join(', ')}: the images are gray`);
  }
  return { settings: { ...settings, views }, notes };
}
