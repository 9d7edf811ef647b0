/** Thumbnails in the cache folder, found by the content of their originals. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  CACHE_BYTES,
  evict,
  markUsed,
  prepareCacheDir,
  release,
  THUMBNAILS,
} from './cache-folder.ts';
import { DECODER_VERSION } from './decode.ts';
import {
  headOfThumbnails,
  KEY_BYTES,
  listThumbnails,
  openThumbnails,
  type PicturePlace,
  readThumbnail,
  thumbnailRecord,
} from './thumbnailFile.ts';
import type { EncodedImage, RawImage } from './types.ts';

/** Stored thumbnails of a source. */
export interface ThumbnailCache {
  /** Finds a picture by its key; undefined where there is none, or a damaged one. */
  get(key: string): Uint8Array | undefined;
  /** Stores a picture. A folder that is full or not writable stores nothing. */
  add(key: string, picture: Uint8Array): void;
  close(): void;
}

export interface ThumbnailCacheOptions {
  readonly cacheDir: string;
  /** Absolute path of the source, and its name for people. */
  readonly path: string;
  readonly name: string;
  /** Bytes of a file after which another is begun. Default 64 MiB. */
  readonly fileBytes?: number;
  /** Bytes of all files of the source; the oldest is removed first. Default 2 GiB. */
  readonly limitBytes?: number;
}

/** Characters of a file's name that come from the path of the source. */
const NAME_CHARACTERS = 40;

/**
 * Hashes everything that a thumbnail depends on: the bytes of its original, the way of reading
 * them, the side, and `version`, which names the rules of the encoder.
 *
 * @returns hexadecimal digits
 */
export function thumbnailKey(
  image: EncodedImage | RawImage,
  { side, version }: { side: number; version: string },
): string {
  const how =
    image.kind === 'raw'
      ? [image.width, image.height, image.channels]
      : [image.page ?? 1, image.range ?? null];
  return createHash('sha256')
    .update(JSON.stringify([DECODER_VERSION, version, side, image.kind, how]))
    .update(image.kind === 'raw' ? image.pixels : image.bytes)
    .digest('hex')
    .slice(0, 2 * KEY_BYTES);
}

/**
 * Opens the thumbnails of a source. Every process that adds some writes files of its own, so that
 * no two write to the same one.
 */
export async function openThumbnailCache({
  cacheDir,
  path,
  name,
  fileBytes = 2 ** 26,
  limitBytes = 2 ** 31,
}: ThumbnailCacheOptions): Promise<ThumbnailCache> {
  const prefix = `${createHash('sha256').update(path).digest('hex').slice(0, NAME_CHARACTERS)}-`;
  const places = new Map<string, PicturePlace>();
  /** Open files in the order of their use, with their lengths. */
  const files: { readonly path: string; readonly file: number; bytes: number }[] = [];
  let log: (typeof files)[number] | undefined;
  let isWritable = true;

  for (const file of namesOf(cacheDir, prefix)) {
    const opened = openThumbnails(file);
    if (!opened) continue;
    await listThumbnails(opened.file, (key, place) => places.set(key, place));
    files.push({ path: file, file: opened.file, bytes: fstatSync(opened.file).size });
    markUsed(file);
  }

  function begin(): (typeof files)[number] {
    prepareCacheDir(cacheDir);
    makeRoom();
    const file = join(
      cacheDir,
      `${prefix}${Date.now().toString(36)}-${randomBytes(4).toString('hex')}${THUMBNAILS}`,
    );
    const begun = { path: file, file: openSync(file, 'wx+'), bytes: 0 };
    files.push(begun);
    markUsed(file);
    const head = headOfThumbnails(name);
    writeSync(begun.file, head, 0, head.length, 0);
    begun.bytes = head.length;
    return begun;
  }
  /** Removes the oldest files of the source above its limit, then others of the folder. */
  function makeRoom(): void {
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    while (total + fileBytes > limitBytes && files.length > 0) {
      const oldest = files.shift()!;
      for (const [key, { file }] of places) if (file === oldest.file) places.delete(key);
      closeSync(oldest.file);
      release(oldest.path);
      rmSync(oldest.path, { force: true });
      total -= oldest.bytes;
    }
    evict(cacheDir, CACHE_BYTES);
  }
  return {
    get(key) {
      const place = places.get(key);
      const picture = place && readThumbnail(place);
      if (place && !picture) places.delete(key);
      return picture;
    },
    add(key, picture) {
      if (!isWritable || places.has(key)) return;
      try {
        if (!log || log.bytes + picture.length > fileBytes) log = begin();
        const record = thumbnailRecord(key, picture);
        writeSync(log.file, record, 0, record.length, log.bytes);
        places.set(key, { file: log.file, offset: log.bytes, length: picture.length });
        log.bytes += record.length;
      } catch {
        isWritable = false; // pictures are made again
      }
    },
    close() {
      isWritable = false;
      places.clear();
      for (const { file } of files.splice(0)) closeSync(file);
    },
  };
}

/** Paths of the source's files, the oldest first. */
function namesOf(cacheDir: string, prefix: string): string[] {
  try {
    return readdirSync(cacheDir)
      .filter((name) => name.startsWith(prefix) && name.endsWith(THUMBNAILS))
      .sort()
      .map((name) => join(cacheDir, name));
  } catch {
    return [];
  }
}
