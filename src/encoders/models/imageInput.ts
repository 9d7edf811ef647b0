/** Images as an imported model takes them. */
import { z } from 'zod';
import { type EvaluationSpec, fits, resizeKernels } from '../../views/index.ts';

export const triple = z.tuple([z.number(), z.number(), z.number()]);
/** Largest side of images, in pixels. */
export const MAX_SIDE = 2048;
export const side = z.int().min(1).max(MAX_SIDE);
/** Deviations of the three channels, by which colors are divided. */
export const deviations = triple.refine(
  (values) => values.every((value) => value > 0),
  'expected values above 0',
);

/** Pixels of an imported model: `(byte · scale - mean) / std` per channel. */
export const imageInput = z.strictObject({
  /** Side of the square images, in pixels. */
  size: side,
  /** Shorter side before cropping, in pixels. */
  resize: side,
  /** `squash` gives both sides `resize` pixels in place of keeping the proportions. */
  fit: z.enum(fits),
  /** Kernel of the resizing; absent for `bilinear`, as in runs of before there were others. */
  kernel: z.enum(resizeKernels).optional(),
  channels: z.enum(['rgb', 'bgr']),
  scale: z.number().positive(),
  mean: triple,
  std: deviations,
});
export type ImageInput = z.output<typeof imageInput>;

/** The evaluation view of an input. */
export function viewOf({ size, resize, fit, kernel }: ImageInput) {
  return { size, resize, fit, ...(kernel && { kernel }) } satisfies EvaluationSpec;
}

/** Mean and deviation of the colors of ImageNet, in 0 to 1, which most models take. */
export const IMAGENET = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const satisfies Pick<ImageInput, 'mean' | 'std'>;

/** Values that messages show for the parts behind the name of a model. */
export const NAME_EXAMPLES: Readonly<Record<keyof ImageInput, string>> = {
  size: 'size=224',
  resize: 'resize=256',
  fit: 'fit=crop',
  kernel: 'kernel=bicubic',
  channels: 'channels=bgr',
  scale: 'scale=1',
  mean: 'mean=0.485,0.456,0.406',
  std: 'std=0.229,0.224,0.225',
};
