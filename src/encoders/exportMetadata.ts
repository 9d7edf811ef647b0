/** Metadata of exported files: everything that their users must know. */
import type { Settings } from '../methods/index.ts';
import type { EvaluationSpec } from '../views/index.ts';

/** Name of an exported model's output: float32 [batch, D], each row of length 1. */
export const EXPORT_OUTPUT = 'features';

/** Preparation of images up to values from 0 to 1, in words. */
export function preparationOf({
  size,
  resize = size,
  fit = 'crop',
  kernel = 'bilinear',
}: EvaluationSpec): string {
  return (
    `RGB; ${fit === 'crop' ? 'shorter side' : 'both sides'} resized to ${resize} (antialiased ` +
    `${kernel}), central square of ${size}; values divided by 255.`
  );
}

/** Metadata of the evaluation view of a pretrained model. */
export function viewMetadata(view: EvaluationSpec): Record<string, string> {
  const { size, resize = size, fit = 'crop', kernel = 'bilinear' } = view;
  return {
    'likeness.image_size': String(size),
    'likeness.resize': String(resize),
    'likeness.fit': fit,
    'likeness.kernel': kernel,
    'likeness.preprocessing': preparationOf(view),
  };
}

/** Metadata of the output of an exported model. */
export const outputMetadata = {
  'likeness.output': `${EXPORT_OUTPUT}: one row of Euclidean length 1 per image; compare rows by their product`,
};

/** Metadata of a trained network, whatever holds it. */
export function networkMetadata(settings: Settings): Record<string, string> {
  const { architecture, width, stem } = settings.encoder;
  const { imageSize, mean, std } = settings.data;
  return {
    'likeness.method': settings.method.name,
    'likeness.architecture': `${architecture}, width ${width}, stem ${stem}`,
    'likeness.image_size': String(imageSize),
    'likeness.mean': mean.join(','),
    'likeness.std': std.join(','),
  };
}

/**
 * Metadata of the model of a trained network.
 *
 * @param size side of the images that the model takes, in pixels. Default: that of training
 */
export function exportMetadata(
  settings: Settings,
  size = settings.data.imageSize,
): Record<string, string> {
  const preparation = preparationOf({ size });
  return {
    ...networkMetadata(settings),
    'likeness.image_size': String(size),
    'likeness.preprocessing': `${preparation} Normalization by mean and std is part of the model.`,
    ...outputMetadata,
  };
}
