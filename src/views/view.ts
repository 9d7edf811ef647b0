/**
 * One view of one image: draw every parameter first, then compute the pixels.
 *
 * The draws come from the stream at `(seed, 'view', epoch, image, view)`, so a view is the same bytes whichever worker
 * makes it, in whatever order, and after whatever interruption.
 */
import { type Random, randomAt } from '../core/random.ts';
import type { Box, InterleavedImage, PlanarImage } from './planarImage.ts';
import { drawCrop } from './randomResizedCrop.ts';
import { resizeInto } from './resize.ts';
import type { CropSpec } from './spec.ts';
import { applyStep, type DrawnStep, drawStep } from './steps.ts';

/** All that was drawn for one view. */
export interface ViewPlan {
  /** The part of the image that is shown. */
  readonly box: Box;
  /** The steps that happen, in order. */
  readonly steps: readonly DrawnStep[];
}

/** Draws one view of an image of `width` by `height` pixels. */
export function drawView(width: number, height: number, crop: CropSpec, random: Random): ViewPlan {
  const box = drawCrop(width, height, crop, random);
  const steps: DrawnStep[] = [];
  for (const step of crop.steps) {
    const drawn = drawStep(step, random);
    if (drawn !== undefined) steps.push(drawn);
  }
  return { box, steps };
}

/** Computes a drawn view into `target`, whose size is the view's size. */
export function renderView(source: InterleavedImage, plan: ViewPlan, target: PlanarImage): void {
  resizeInto(source, target, { box: plan.box });
  for (const step of plan.steps) applyStep(target, step);
}

/** Where in a run's random numbers a view stands. */
export interface ViewPosition {
  readonly seed: number;
  readonly epoch: number;
  /** Index of the image in the pixel cache. */
  readonly image: number;
  /** Number of the view among all views of the image, over all groups of crops. */
  readonly view: number;
}

/**
 * Makes one view: `[3, crop.size, crop.size]` uint8 planes into `target` from `offset` on.
 *
 * @example makeView(image, views.crops[0], { seed: 0, epoch: 3, image: 17, view: 1 }, batch, 0)
 */
export function makeView(
  source: InterleavedImage,
  crop: CropSpec,
  position: ViewPosition,
  target: Uint8Array,
  offset = 0,
): void {
  const { size } = crop;
  const random = randomAt(position.seed, 'view', position.epoch, position.image, position.view);
  const plan = drawView(source.width, source.height, crop, random);
  const data = target.subarray(offset, offset + 3 * size * size);
  renderView(source, plan, { width: size, height: size, data });
}
