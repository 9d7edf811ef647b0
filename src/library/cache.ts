/** Decoded images on this machine. */
import {
  clearCaches as clear,
  defaultCacheDir,
  listCaches as list,
  type StoredCache,
} from '../data/index.ts';

/** Cached images of earlier calls. */
export interface CacheListing {
  readonly folder: string;
  /** Size of all files together. */
  readonly bytes: number;
  readonly caches: readonly StoredCache[];
}

/** Lists the cached images. Default folder: `~/.cache/likeness`, or `LIKENESS_CACHE`. */
export function listCaches(folder: string = defaultCacheDir()): CacheListing {
  const caches = list(folder);
  return { folder, bytes: caches.reduce((sum, { bytes }) => sum + bytes, 0), caches };
}

/** Removes the cached images. They are decoded again when something needs them. */
export function clearCaches(folder: string = defaultCacheDir()): {
  folder: string;
  removed: number;
  bytes: number;
} {
  return { folder, ...clear(folder) };
}
