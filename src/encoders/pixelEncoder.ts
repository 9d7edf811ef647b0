/**
 * Encoders without learning, on the same evaluation view of the same images as a trained encoder.
 */
import { encoderOf, type ImageEncoder } from './encoder.ts';
import {
  colorHistogram,
  type PlanarImages,
  rawPixelDimension,
  rawPixels,
} from './pixelFeatures.ts';

export type PixelFeatures = 'rawPixels' | 'colorHistogram';

export interface PixelEncoderOptions {
  /** Side of the evaluation view. */
  size: number;
  /**
   * Number of images to embed: above 20,000 raw pixels are averaged down further, so that they fit
   * in memory.
   */
  images: number;
}

const MANY_IMAGES = 20_000;
const SIDE = 32;
const SIDE_FOR_MANY = 16;
/** Cells per channel of the histogram. */
const BINS = 4;
const BATCH = 256;

/** Opens an encoder whose features are the pixels themselves, or their joint color histogram. */
export function pixelEncoder(
  features: PixelFeatures,
  { size, images }: PixelEncoderOptions,
): ImageEncoder {
  const isMany = images > MANY_IMAGES;
  const side = isMany ? SIDE_FOR_MANY : SIDE;
  const kinds = {
    rawPixels: {
      title: 'raw pixels',
      dimension: rawPixelDimension(size, { side }),
      of: (views: PlanarImages) => rawPixels(views, { side }),
      protocol:
        `pixels of the evaluation view at ${Math.min(size, side)} x ${Math.min(size, side)} x 3` +
        (isMany && size > SIDE_FOR_MANY
          ? `, made smaller because there are more than ${MANY_IMAGES} images`
          : ''),
    },
    colorHistogram: {
      title: 'color histogram',
      dimension: BINS ** 3,
      of: (views: PlanarImages) => colorHistogram(views, { bins: BINS }),
      protocol:
        `joint RGB histogram of the evaluation view, ${BINS} x ${BINS} x ${BINS} cells, ` +
        'square root of the shares',
    },
  } as const;
  const { of, ...about } = kinds[features];
  return encoderOf({
    id: features,
    ...about,
    size,
    batchSize: BATCH,
    run: (pixels) => of({ pixels, count: pixels.length / (3 * size ** 2), size }), // [B, D]
    close: async () => {},
  });
}
