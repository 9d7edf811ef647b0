/**
 * RandomResizedCrop: which part of an image a view shows.
 *
 * Up to ten times, draw an area `A' ~ U(scale) · A` and a width-to-height ratio with `log r ~ U(log ratio)`; the
 * box is `round(√(A' r)) × round(√(A' / r))`, and is taken if it fits, at a uniform place. If none of the ten
 * fits (very long images), the largest central box whose ratio is inside the range is taken.
 *
 * Reference: Szegedy et al., "Going deeper with convolutions", 2014 (arXiv 1409.4842), section 6; drawing order and
 * fallback as in torchvision's `RandomResizedCrop.get_params`.
 */
import type { Random } from '../core/random.ts';
import type { Box } from './planarImage.ts';
import { roundHalfToEven } from './round.ts';

const TRIES = 10;

export interface CropRange {
  /** Smallest and largest share of the image's area, 0 to 1. */
  readonly scale: readonly [number, number];
  /** Smallest and largest width divided by height. */
  readonly ratio: readonly [number, number];
}

/** Draws the box that a view shows of an image of `width` by `height` pixels; it always lies inside the image. */
export function drawCrop(width: number, height: number, range: CropRange, random: Random): Box {
  const [lowScale, highScale] = range.scale;
  const [lowRatio, highRatio] = range.ratio;
  const area = width * height;
  const logLow = Math.log(lowRatio);
  const logHigh = Math.log(highRatio);
  for (let attempt = 0; attempt < TRIES; attempt++) {
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

/** The largest central box whose width-to-height ratio is inside `[lowRatio, highRatio]`. */
function centralBox(width: number, height: number, lowRatio: number, highRatio: number): Box {
  const ratio = width / height;
  // At least one pixel: a ratio far from the image's own must not round a side to nothing.
  const h = ratio < lowRatio ? Math.min(Math.max(roundHalfToEven(width / lowRatio), 1), height) : height;
  const w = ratio > highRatio ? Math.min(Math.max(roundHalfToEven(height * highRatio), 1), width) : width;
  return {
    left: Math.floor((width - w) / 2),
    top: Math.floor((height - h) / 2),
    width: w,
    height: h,
  };
}
