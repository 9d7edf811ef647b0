/** Size of the decoded images that a run's views are cut from. */
import type { Settings } from './settings.ts';

/** Decoded size over the largest crop, so that a crop of a part of an image still has detail. */
const CACHE_RATIO = 1.5;

/**
 * Side in pixels of the cached images for these settings. Everything that reads a run's images uses
 * it.
 */
export function cacheSizeOf({ data, views }: Pick<Settings, 'data' | 'views'>): number {
  return cacheSizeFor(Math.max(data.imageSize, ...views.crops.map(({ size }) => size)));
}

/** Side in pixels of the cached images that views of at most `size` pixels are cut from. */
export function cacheSizeFor(size: number): number {
  return Math.ceil(size * CACHE_RATIO);
}
