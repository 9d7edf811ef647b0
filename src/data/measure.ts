import { median } from './cache.ts';
import { isolatedDecoder } from './isolatedDecoder.ts';
import { isImageError } from './reasons.ts';
import type { CountFunction, Source, StopOptions } from './types.ts';

/** Image sizes in the source, before any shrinking. */
export interface SourceSizes {
  /** Median of the shorter sides, in pixels. */
  readonly medianShortSide: number;
  readonly smallestShortSide: number;
  readonly largestShortSide: number;
  /** Number of images that were measured. */
  readonly samples: number;
}

/**
 * Measures some images by their headers, evenly spread over the source, before all are decoded.
 *
 * @param samples maximum number of images to measure.
 * @returns undefined if none of them can be read.
 */
export async function measureSource(
  source: Source,
  {
    samples = 64,
    onProgress,
    signal,
  }: { samples?: number; onProgress?: CountFunction | undefined } & StopOptions = {},
): Promise<SourceSizes | undefined> {
  const total = source.entries.length;
  const count = Math.min(samples, total);
  const sides: number[] = [];
  for (let i = 0; i < count; i++) {
    signal?.throwIfAborted();
    try {
      const image = await source.read(Math.floor((i * total) / count));
      const { width, height } = await isolatedDecoder.size(image, { signal });
      if (width > 0 && height > 0) sides.push(Math.min(width, height));
    } catch (error) {
      if (!isImageError(error)) throw error;
    }
    onProgress?.(i + 1, count);
  }
  if (sides.length === 0) return undefined;
  return {
    medianShortSide: median(Uint32Array.from(sides)),
    smallestShortSide: Math.min(...sides),
    largestShortSide: Math.max(...sides),
    samples: sides.length,
  };
}
