/** Features of images, stored beside the decoded images: a row is computed once and found again. */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { cacheWriteError, FEATURES, markUsed, prepareCacheDir } from './cache-folder.ts';
import {
  type FeatureMeta,
  FLOAT,
  headOf,
  KEY,
  RECORD,
  readInto,
  readLog,
  recordOf,
} from './featureFile.ts';

/** Characters of a file's name that come from the key. */
const KEY_CHARACTERS = 40;

/** Stored rows of features. */
export interface FeatureCache {
  has(key: bigint): boolean;
  /** Rows [n, D] of these images, all of which must be stored. */
  read(keys: readonly bigint[]): Float32Array;
  /**
   * Stores rows [n, D].
   *
   * @throws LikenessError `cache.unwritable`, `cache.full`; the rows are in memory then, and `read`
   * finds them
   */
  append(keys: readonly bigint[], rows: Float32Array): void;
  close(): void;
}

/** Place of a row, in a file or in memory. */
type Place = { readonly file: number; readonly offset: number } | Float32Array;

/** Opens the features of a key; files that are damaged or of another key are passed over. */
export function openFeatureCache(cacheDir: string, meta: FeatureMeta): FeatureCache {
  const { key, dimension: D } = meta;
  const places = new Map<bigint, Place>();
  const files: number[] = [];
  for (const name of namesOf(cacheDir, key)) {
    const file = readLog(join(cacheDir, name), meta, (image, place) => places.set(image, place));
    if (file === undefined) continue;
    files.push(file);
    markUsed(join(cacheDir, name));
  }
  let log: { file: number; end: number } | undefined;

  function started(): { file: number; end: number } {
    prepareCacheDir(cacheDir);
    const name = `${key.slice(0, KEY_CHARACTERS)}-${randomBytes(4).toString('hex')}${FEATURES}`;
    const file = openSync(join(cacheDir, name), 'wx+');
    files.push(file);
    markUsed(join(cacheDir, name));
    const head = headOf(meta);
    writeSync(file, head, 0, head.length, 0);
    return { file, end: head.length };
  }
  return {
    has: (image) => places.has(image),
    read(images) {
      const out = new Float32Array(images.length * D);
      const bytes = new Uint8Array(out.buffer);
      images.forEach((image, i) => {
        const place = places.get(image)!;
        if (place instanceof Float32Array) out.set(place, i * D);
        else readInto(place.file, bytes.subarray(i * D * FLOAT, (i + 1) * D * FLOAT), place.offset);
      });
      return out;
    },
    append(images, rows) {
      images.forEach((image, i) => void places.set(image, rows.slice(i * D, (i + 1) * D)));
      try {
        log ??= started();
        const { file } = log;
        const record = recordOf(images, rows);
        writeSync(file, record, 0, record.length, log.end);
        const first = log.end + RECORD + images.length * KEY;
        log.end += record.length;
        images.forEach((image, i) => {
          places.set(image, { file, offset: first + i * D * FLOAT });
        });
      } catch (error) {
        throw cacheWriteError(cacheDir, error);
      }
    },
    close() {
      for (const file of files.splice(0)) closeSync(file);
      places.clear();
    },
  };
}

function namesOf(cacheDir: string, key: string): string[] {
  try {
    const prefix = `${key.slice(0, KEY_CHARACTERS)}-`;
    return readdirSync(cacheDir)
      .filter((name) => name.startsWith(prefix) && name.endsWith(FEATURES))
      .sort();
  } catch {
    return [];
  }
}
