/**
 * The one view that evaluation uses: shorter side to `resize`, then the central square of `size`. Nothing is random.
 *
 * Bit-equal to torchvision's `Resize(resize)` followed by `CenterCrop(size)` on Pillow images.
 */
import { LikenessError } from '../core/errors.ts';
import type { InterleavedImage, PlanarImage } from './planarImage.ts';
import { resizeInto } from './resize.ts';
import { roundHalfToEven } from './round.ts';

export interface EvaluationSpec {
  /** Side of the square that is kept, in pixels. */
  readonly size: number;
  /** Length of the shorter side before the square is cut out, in pixels; at least `size`. Default: `size`. */
  readonly resize?: number;
}

/** Refuses an evaluation view that cannot be made. */
export function checkEvaluation({ size, resize = size }: EvaluationSpec): void {
  if (!Number.isInteger(size) || size < 1 || !Number.isInteger(resize) || resize < size) {
    throw new LikenessError(
      'views.evaluation',
      `The evaluation view has size ${size} and resize ${resize}; expected whole numbers with resize >= size >= 1. Set resize to at least size.`,
    );
  }
}

/** Computes the evaluation view of `source` into `target`, whose width and height are `spec.size`. */
export function renderEvaluationView(
  source: InterleavedImage,
  target: PlanarImage,
  { size, resize = size }: EvaluationSpec,
): void {
  const { width, height } = source;
  const short = Math.min(width, height);
  const scaledWidth = width === short ? resize : Math.trunc((resize * width) / short);
  const scaledHeight = height === short ? resize : Math.trunc((resize * height) / short);
  const left = roundHalfToEven((scaledWidth - size) / 2);
  const top = roundHalfToEven((scaledHeight - size) / 2);
  resizeInto(source, target, { scaledWidth, scaledHeight, left, top });
}
