/**
 * Packed pixel cache: every usable image of a source, decoded once into one file.
 *
 * The file name is a hash of the source listing and the settings, not of the content. A changed
 * source gives a new file, and an unchanged one is never decoded twice. The file appears under its
 * name only when it is complete.
 */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import {
  CACHE_BYTES,
  defaultCacheDir,
  evict,
  markUsed,
  PACK,
  prepareCacheDir,
} from './cache-folder.ts';
import { type BuildProgress, buildCache } from './cacheBuilder.ts';
import { DECODER_VERSION, MAX_ASPECT, MAX_PIXELS } from './decode.ts';
import { type PackIndex, type PackMeta, readPack } from './pack-file.ts';
import { isImageError } from './reasons.ts';
import type { PixelCache, Source, StopOptions } from './types.ts';

export type PixelCacheProgress = BuildProgress;

export interface PixelCacheOptions {
  /** Shorter sides above this are shrunk to it, in pixels, 1 to 16,383. Default: 256. */
  size?: number;
  /** Folder of the caches. Default: `defaultCacheDir()`. */
  cacheDir?: string;
  /**
   * Total size of all caches in bytes. The least recently used are removed first. Default: 20 GiB.
   */
  limitBytes?: number;
  /** Pixels that an image may have before shrinking. Default: 2^28. */
  maxPixels?: number;
  /**
   * Called about every half second while decoding, and at its end. Not called for a cache that
   * exists.
   */
  onProgress?: (progress: PixelCacheProgress) => void;
  /** Stops decoding. The promise is rejected with the signal's reason, and no file remains. */
  signal?: AbortSignal;
}

/** Largest `size`: widths and heights are stored in 16 bits. */
const MAX_SIZE = Math.floor(0xffff / MAX_ASPECT);
/** Version of the file format and of the rules here. */
const CACHE_VERSION = 3;

/**
 * Opens the pixel cache of a source. Decodes its images first unless a cache exists.
 *
 * Unusable images are listed in `skipped` with the reason. Memory grows with the number of images
 * by the lists alone.
 *
 * @throws LikenessError `source.unusable` when no image can be used, `cache.full`,
 * `cache.unwritable`, `options.invalid`
 */
export async function openPixelCache(
  source: Source,
  options: PixelCacheOptions = {},
): Promise<PixelCache> {
  const {
    size = 256,
    limitBytes = CACHE_BYTES,
    maxPixels = MAX_PIXELS,
    onProgress,
    signal,
  } = options;
  const cacheDir = resolve(options.cacheDir ?? defaultCacheDir());
  checkSize(size);
  signal?.throwIfAborted();
  const contentKey = await contentKeyOf(source, { size, maxPixels, signal });
  const file = resolve(cacheDir, `${contentKey.slice(0, 40)}${PACK}`);

  const stored = readPack(file);
  const fits = stored?.meta.contentKey === contentKey && stored.meta.count > 0;
  if (stored && fits && !(await anyReadableNow(source, stored.meta, signal))) {
    markUsed(file);
    return describe(source, file, stored, { reused: true });
  }

  prepareCacheDir(cacheDir);
  await buildCache(source, file, { cacheDir, contentKey, size, maxPixels, onProgress, signal });
  markUsed(file);
  evict(cacheDir, limitBytes);
  const index = readPack(file);
  if (!index) {
    throw new LikenessError(
      'cache.damaged',
      `cacheDir: ${file} cannot be read back after writing. The disk may be failing, or another ` +
        'program removes files there; set LIKENESS_CACHE to another folder.',
    );
  }
  return describe(source, file, index, { reused: false });
}

function checkSize(size: number): void {
  if (Number.isInteger(size) && size >= 1 && size <= MAX_SIZE) return;
  throw new LikenessError(
    'options.invalid',
    `size: ${size} is not possible. Expected a whole number of pixels from 1 to ${MAX_SIZE}; ` +
      '256 suits photographs.',
  );
}

/** Hashes the listing and everything else that decides about the stored bytes (SHA-256). */
async function contentKeyOf(
  source: Source,
  { size, maxPixels, signal }: { size: number; maxPixels: number } & StopOptions,
): Promise<string> {
  const settings = [
    CACHE_VERSION,
    DECODER_VERSION,
    size,
    maxPixels,
    await source.fingerprint({ signal }),
  ];
  return createHash('sha256').update(settings.join('\n')).digest('hex');
}

/** Tells if an image that was unreadable when the cache was built can be read now. */
async function anyReadableNow(
  source: Source,
  { skipped }: PackMeta,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (const { index, unread } of skipped) {
    signal?.throwIfAborted();
    if (!unread) continue;
    try {
      await source.read(index);
      return true;
    } catch (error) {
      if (!isImageError(error)) throw error;
    }
  }
  return false;
}

function describe(
  source: Source,
  file: string,
  { meta, images, widths, heights, contents, offsets }: PackIndex,
  { reused }: { reused: boolean },
): PixelCache {
  const { path, name, kind, entries, labelNames } = source;
  const bad = meta.skipped.map(
    ({ index, reason }) => ({ id: entries[index]!.id, reason, damaged: true }) as const,
  );
  return {
    file,
    count: meta.count,
    size: meta.size,
    entries: Array.from(images, (index) => entries[index]!),
    labelNames,
    widths,
    heights,
    offsets,
    contents,
    skipped: [...bad, ...source.skipped],
    remarks: meta.remarks.map((remark) => ({
      ...remark,
      examples: remark.examples.map((index) => entries[index]!.id),
    })),
    medianShortSide: median(widths.map((width, i) => Math.min(width, heights[i]!))),
    contentKey: meta.contentKey,
    source: { path, name, kind },
    reused,
  };
}

/** Median; for an even number of values the lower of the two in the middle. */
export function median(values: Uint16Array | Uint32Array): number {
  return values.slice().sort()[(values.length - 1) >> 1] ?? 0;
}
