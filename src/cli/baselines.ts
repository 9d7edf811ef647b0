/** Features without learning, of the same images and through the same evaluation view as the encoder's. */
import { type Features, featuresOf } from '../cluster/index.ts';
import type { PixelCache } from '../data/index.ts';
import { colourHistogram, type PlanarImages, rawPixelDimension, rawPixels } from '../evaluate/index.ts';
import { evaluationBatches } from '../views/index.ts';

export type PixelBaseline = 'rawPixels' | 'colourHistogram';

export interface PixelBaselineOptions {
  /** Side of the evaluation view. */
  size: number;
  indices: Uint32Array;
  workers?: number;
  onProgress?(done: number): void;
  signal?: AbortSignal;
}

export interface PixelFeatures {
  readonly features: Features;
  /** How they were made, in words. */
  readonly protocol: string;
}

/** Above this many images raw pixels are averaged down further, so that they fit in memory. */
const MANY = 20_000;
const SIDE = 32;
const SIDE_FOR_MANY = 16;
/** Cells per channel of the histogram. */
const BINS = 4;

/** The features `[N, D]` of one baseline, images in the order of `indices`. */
export async function pixelFeatures(
  kind: PixelBaseline,
  cache: PixelCache,
  { size, indices, workers = 1, onProgress, signal }: PixelBaselineOptions,
): Promise<PixelFeatures> {
  const side = indices.length > MANY ? SIDE_FOR_MANY : SIDE;
  const dimension = kind === 'rawPixels' ? rawPixelDimension(size, { side }) : BINS ** 3;
  const of = (images: PlanarImages) =>
    kind === 'rawPixels' ? rawPixels(images, { side }) : colourHistogram(images, { bins: BINS });
  const data = new Float32Array(indices.length * dimension);
  let done = 0;
  for await (const { images, pixels } of evaluationBatches(cache, {
    size,
    batchSize: 256,
    indices,
    workers,
  })) {
    signal?.throwIfAborted();
    data.set(of({ pixels, count: images.length, size }), done * dimension);
    done += images.length;
    onProgress?.(done);
  }
  const shown = Math.min(size, side);
  const shrunk = indices.length > MANY && size > SIDE_FOR_MANY;
  return {
    features: featuresOf(data, dimension),
    protocol:
      kind === 'rawPixels'
        ? `pixels of the evaluation view at ${shown} x ${shown} x 3${shrunk ? `, made smaller because there are more than ${MANY} images` : ''}`
        : `joint RGB histogram of the evaluation view, ${BINS} x ${BINS} x ${BINS} cells, square root of the shares`,
  };
}
