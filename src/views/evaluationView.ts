/**
 * Evaluation view: shorter side to `resize`, then the central square of `size`, without randomness.
 *
 * All bytes equal torchvision's `Resize(resize)` followed by `CenterCrop(size)` on Pillow images.
 * With `squash` both sides become `resize` first, as with `Resize((resize, resize))`.
 */
import { LikenessError } from '../core/errors.ts';
import type { InterleavedImage, PlanarImage } from './planarImage.ts';
import { type ResizeKernel, resizeInto } from './resize.ts';
import { roundHalfToEven } from './round.ts';

export interface EvaluationSpec {
  /** Side of the cropped square, in pixels. */
  readonly size: number;
  /** Shorter side before cropping, in pixels; at least `size`. Default: `size`. */
  readonly resize?: number;
  /** `crop` keeps the proportions (default); `squash` gives both sides `resize` pixels. */
  readonly fit?: Fit;
  /** Kernel of the resizing. Default: `bilinear`. */
  readonly kernel?: ResizeKernel;
}

/** Ways to make an image square. */
export const fits = ['crop', 'squash'] as const;
export type Fit = (typeof fits)[number];

/**
 * Checks the sizes of an evaluation view.
 *
 * @throws LikenessError `views.evaluation` unless `resize >= size >= 1` are whole numbers.
 */
export function checkEvaluation({ size, resize = size }: EvaluationSpec): void {
  if (!Number.isInteger(size) || size < 1 || !Number.isInteger(resize) || resize < size) {
    throw new LikenessError(
      'views.evaluation',
      `evaluation view: received size ${size} and resize ${resize}; expected whole numbers with ` +
        'resize >= size >= 1. Set resize to at least size.',
    );
  }
}

/** Renders the evaluation view of `source` into `target`, whose width and height are `size`. */
export function renderEvaluationView(
  source: InterleavedImage,
  target: PlanarImage,
  { size, resize = size, fit = 'crop', kernel }: EvaluationSpec,
): void {
  const { width, height } = source;
  const short = Math.min(width, height);
  const isWhole = fit === 'squash';
  const scaledWidth = isWhole || width === short ? resize : Math.trunc((resize * width) / short);
  const scaledHeight = isWhole || height === short ? resize : Math.trunc((resize * height) / short);
  const left = roundHalfToEven((scaledWidth - size) / 2);
  const top = roundHalfToEven((scaledHeight - size) / 2);
  resizeInto(source, target, { scaledWidth, scaledHeight, left, top, kernel });
}
