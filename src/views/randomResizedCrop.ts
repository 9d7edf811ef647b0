/**
 * RandomResizedCrop: draws the part of an image that a view shows.
 *
 * Draws an area `A' ~ U(scale) · A` and an aspect ratio with `log r ~ U(log ratio)` up to ten
 * times. The first box `round(√(A' r)) × round(√(A' / r))` that fits is placed uniformly. If none
 * fits, as in very long images, the result is the largest central box with a ratio inside the
 * range.
 *
 * Reference: Szegedy et al., "Going deeper with convolutions", 2014 (arXiv 1409.4842), section 6.
 * Order of the draws and fallback as in torchvision's `RandomResizedCrop.get_params`.
 */
import type { Random } from '../core/random.ts';
import type { Box } from './planarImage.ts';
import { roundHalfToEven } from './round.ts';

const MAX_DRAWS = 10;

export interface CropRange {
  /** Smallest and largest fraction of the image's area, 0 to 1. */
  readonly scale: readonly [number, number];
  /** Smallest and largest width divided by height. */
  readonly ratio: readonly [number, number];
}

/** Draws a box inside an image of `width` by `height` pixels. */
export function drawCrop(width: number, height: number, range: CropRange, random: Random): Box {
  const [lowScale, highScale] = range.scale;
  const [lowRatio, highRatio] = range.ratio;
  const area = width * height;
  const logLow = Math.log(lowRatio);
  const logHigh = Math.log(highRatio);
  for (let attempt = 0; attempt < MAX_DRAWS; attempt++) {
    const wanted = area * random.uniform(lowScale, highScale);
    const ratio = Math.exp(random.uniform(logLow, logHigh));
    const w = roundHalfToEven(Math.sqrt(wanted * ratio));
    const h = roundHalfToEven(Math.sqrt(wanted / ratio));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      const top = random.integer(height - h + 1);
      const left = random.integer(width - w + 1);
      return { left, top, width: w, height: h };
    }
  }
  return centralBox(width, height, lowRatio, highRatio);
}

/** Computes the largest central box with an aspect ratio inside `[lowRatio, highRatio]`. */
function centralBox(width: number, height: number, lowRatio: number, highRatio: number): Box {
  const ratio = width / height;
  // A ratio far from the image's own must not round a side to 0 pixels.
  const h =
    ratio < lowRatio ? Math.min(Math.max(roundHalfToEven(width / lowRatio), 1), height) : height;
  const w =
    ratio > highRatio ? Math.min(Math.max(roundHalfToEven(height * highRatio), 1), width) : width;
  return {
    left: Math.floor((width - w) / 2),
    top: Math.floor((height - h) / 2),
    width: w,
    height: h,
  };
}
