import { readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import { makeFolderSync } from '../formats/index.ts';
import { readFeatureMeta } from './featureFile.ts';
import { readPack } from './pack-file.ts';
import { systemCode, systemReason } from './reasons.ts';
import { readThumbnailMeta } from './thumbnailFile.ts';
import type { SourceKind } from './types.ts';

/** Extension of a finished cache file. */
export const PACK = '.pixels';
/** Extension of a file of features (see featureFile.ts). */
export const FEATURES = '.features';
/** Extension of a file of thumbnails (see thumbnailFile.ts). */
export const THUMBNAILS = '.thumbnails';
/** Extension of sizes and dates of images. */
export const FACTS = '.facts';
/** Bytes of all caches together, except scores and facts. */
export const CACHE_BYTES = 20 * 2 ** 30;
/** Extension of the scores of baselines on images. */
export const SCORES = '.scores';
/** Scores and facts that are older are removed. */
const OLD_MS = 90 * 24 * 3_600_000;
/** Unfinished files contain this; those untouched for `ABANDONED_MS` are left over from a crash. */
export const UNFINISHED = '.unfinished-';
const ABANDONED_MS = 3_600_000;

/** Caches that this process has opened: never removed to make room. */
const inUse = new Set<string>();

/** Stored pixel cache, features, thumbnails, or scores of a baseline. */
export interface StoredCache {
  readonly file: string;
  readonly bytes: number;
  readonly lastUsed: Date;
  /** Present for the scores of a baseline. */
  readonly scores?: true;
  /** Present for sizes and dates of images. */
  readonly facts?: true;
  /** Absent for a file that is damaged or was never finished. */
  readonly contents?: {
    readonly source: { readonly path: string; readonly name: string; readonly kind: SourceKind };
    readonly count: number;
    readonly size: number;
  };
  /** Present for features of a model. */
  readonly features?: {
    readonly source: string;
    readonly model: string;
    readonly count: number;
    readonly dimension: number;
  };
  /** Present for thumbnails of the page. */
  readonly thumbnails?: { readonly source: string; readonly count: number };
}

/** `$LIKENESS_CACHE`, or `~/.cache/likeness`. */
export function defaultCacheDir(): string {
  return process.env.LIKENESS_CACHE || join(homedir(), '.cache', 'likeness');
}

/**
 * Creates the cache folder and removes unfinished files of crashed processes.
 *
 * @throws LikenessError `cache.unwritable`
 */
export function prepareCacheDir(cacheDir: string): void {
  try {
    makeFolderSync(cacheDir);
  } catch (error) {
    throw cacheWriteError(cacheDir, error);
  }
  const now = Date.now();
  for (const { file, lastUsed } of namesIn(cacheDir)) {
    const age = now - lastUsed.getTime();
    const isOld = [SCORES, FACTS].some((kind) => file.endsWith(kind)) && age > OLD_MS;
    if (isOld || (file.includes(UNFINISHED) && age > ABANDONED_MS)) rmSync(file, { force: true });
  }
}

/** Marks a cache as open in this process, and as used now. */
export function markUsed(file: string): void {
  inUse.add(file);
  try {
    const now = new Date();
    utimesSync(file, now, now);
  } catch {
    // A read-only cache is still usable. Its age is then that of its creation.
  }
}

/** Marks a cache as no longer open in this process. */
export function release(file: string): void {
  inUse.delete(file);
}

/** Lists the stored caches, most recently used first. A folder that does not exist has none. */
export function listCaches(cacheDir: string = defaultCacheDir()): StoredCache[] {
  return namesIn(cacheDir)
    .map(({ file, bytes, lastUsed }): StoredCache => {
      if (file.endsWith(SCORES)) return { file, bytes, lastUsed, scores: true };
      if (file.endsWith(FACTS)) return { file, bytes, lastUsed, facts: true };
      if (file.endsWith(FEATURES)) {
        const found = readFeatureMeta(file);
        if (!found) return { file, bytes, lastUsed };
        const { key: _, ...features } = found;
        return { file, bytes, lastUsed, features };
      }
      if (file.endsWith(THUMBNAILS)) {
        const thumbnails = readThumbnailMeta(file);
        return { file, bytes, lastUsed, ...(thumbnails && { thumbnails }) };
      }
      const meta = file.endsWith(PACK) ? readPack(file)?.meta : undefined;
      if (!meta) return { file, bytes, lastUsed };
      return {
        file,
        bytes,
        lastUsed,
        contents: { source: meta.source, count: meta.count, size: meta.size },
      };
    })
    .sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime());
}

/**
 * Removes every stored cache, finished or not; other files in the folder stay.
 *
 * @throws LikenessError `cache.unwritable`
 */
export function clearCaches(cacheDir: string = defaultCacheDir()): {
  removed: number;
  bytes: number;
} {
  let removed = 0;
  let bytes = 0;
  for (const cache of namesIn(cacheDir)) {
    try {
      rmSync(cache.file);
    } catch (error) {
      throw cacheWriteError(cacheDir, error);
    }
    removed++;
    bytes += cache.bytes;
  }
  return { removed, bytes };
}

/**
 * Removes the least recently used caches until the rest is within the limit. Caches that this
 * process has opened stay, even above the limit.
 */
export function evict(cacheDir: string, limitBytes: number): string[] {
  const caches = namesIn(cacheDir)
    .filter(({ file }) => [PACK, FEATURES, THUMBNAILS].some((kind) => file.endsWith(kind)))
    .sort((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime());
  let total = caches.reduce((sum, { bytes }) => sum + bytes, 0);
  const removed: string[] = [];
  for (const { file, bytes } of caches) {
    if (total <= limitBytes) break;
    if (inUse.has(file)) continue;
    rmSync(file, { force: true });
    removed.push(file);
    total -= bytes;
  }
  return removed;
}

/** Builds the error for a cache folder that is not writable, or whose disk is full. */
export function cacheWriteError(cacheDir: string, error: unknown): LikenessError {
  const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(systemCode(error) ?? '');
  const stored = namesIn(cacheDir).reduce((sum, { bytes }) => sum + bytes, 0);
  const message = full
    ? `cacheDir: no room left to store decoded pixels in ${cacheDir}: ${systemReason(error)}. ` +
      `Older caches there take ${(stored / 2 ** 20).toFixed(0)} MiB; clear them, choose a ` +
      'smaller size, or set LIKENESS_CACHE to a folder on a larger disk.'
    : `cacheDir: cannot write to ${cacheDir}: ${systemReason(error)}. Expected a folder that ` +
      'you may write to; set LIKENESS_CACHE to one.';
  return new LikenessError(full ? 'cache.full' : 'cache.unwritable', message, { cause: error });
}

const kinds = [PACK, FEATURES, THUMBNAILS, SCORES, FACTS];

/** Lists our files in a cache folder. A folder that cannot be read has none. */
function namesIn(cacheDir: string): { file: string; bytes: number; lastUsed: Date }[] {
  let names: string[];
  try {
    names = readdirSync(cacheDir);
  } catch {
    return [];
  }
  return names
    .filter((name) => kinds.some((kind) => name.endsWith(kind)) || name.includes(UNFINISHED))
    .flatMap((name) => {
      const file = join(cacheDir, name);
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat?.isFile() ? [{ file, bytes: stat.size, lastUsed: stat.mtime }] : [];
    });
}
