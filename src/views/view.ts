/**
 * Renders one view of one image: draws every parameter first, then computes the pixels.
 *
 * The draws come from the random stream `(seed, 'view', epoch, image, view)`. A view's bytes
 * therefore depend neither on the worker, nor on the order of the work, nor on a resumed run.
 */
import { type Random, randomAt } from '../core/random.ts';
import type { Box, InterleavedImage, PlanarImage } from './planarImage.ts';
import { drawCrop } from './randomResizedCrop.ts';
import { resizeInto } from './resize.ts';
import type { CropSpec } from './spec.ts';
import { applyStep, type DrawnStep, drawStep } from './steps.ts';

/** Drawn parameters of one view. */
export interface ViewPlan {
  /** Cropped part of the image. */
  readonly box: Box;
  /** Augmentation steps to apply, in order. */
  readonly steps: readonly DrawnStep[];
}

/** Draws the parameters of one view of an image of `width` by `height` pixels. */
export function drawView(width: number, height: number, crop: CropSpec, random: Random): ViewPlan {
  const box = drawCrop(width, height, crop, random);
  const steps: DrawnStep[] = [];
  for (const step of crop.steps) {
    const drawn = drawStep(step, random);
    if (drawn !== undefined) steps.push(drawn);
  }
  return { box, steps };
}

/** Renders a drawn view into `target`, whose size is that of the view. */
export function renderView(source: InterleavedImage, plan: ViewPlan, target: PlanarImage): void {
  resizeInto(source, target, { box: plan.box });
  for (const step of plan.steps) applyStep(target, step);
}

/** Index of a view's random stream. */
export interface ViewPosition {
  readonly seed: number;
  readonly epoch: number;
  /** Index of the image in the pixel cache. */
  readonly image: number;
  /** Index among all views of the image, over all groups of crops. */
  readonly view: number;
}

/**
 * Renders one view, uint8 `[3, crop.size, crop.size]`, into `target` from `offset` on.
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
