/**
 * Sizes and dates of all images of a source, read from the heads of their files once and stored in
 * the cache folder.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { LikenessError } from '../core/errors.ts';
import { FACTS, isolatedDecoder, knownSize, prepareCacheDir, type Source } from '../data/index.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  readRegular,
  writeFileAtomic,
} from '../formats/index.ts';
import type { SourceImages } from './sourceImages.ts';

/** Facts about the images of a source in the order of its entries, NaN where one is unknown. */
export interface ImageTable {
  /** Width in pixels [N]. */
  readonly width: Float32Array;
  readonly height: Float32Array;
  /** Time of the camera in milliseconds since 1970 UTC [N]. */
  readonly taken: Float64Array;
}

/** Changes where the same files give other facts. */
const FORMAT = 'likeness image table 1';
/** First bytes of a file, in which JPEG has its Exif block and its size. */
const HEAD_BYTES = 2 ** 17;
/** Images that are read at once. */
const AT_ONCE = 8;
/** Images between two chances for other work. */
const CHUNK = 32;

/** Reads the table of a source, or finds it in the cache folder. */
export async function imageTable({ images }: SourceImages): Promise<ImageTable> {
  const { source, cacheDir } = images;
  const hash = createHash('sha256').update(`${FORMAT}\n${await source.fingerprint()}`);
  const key = hash.digest('hex');
  const file = join(cacheDir, `${key.slice(0, 40)}${FACTS}`);
  const stored = await readTable(file, key, source.entries.length);
  if (stored) return stored;
  const table = await measure(source);
  try {
    prepareCacheDir(cacheDir);
    await writeTable(file, key, table);
  } catch (error) {
    if (!(error instanceof LikenessError)) throw error; // it is read again next time
  }
  return table;
}

async function measure(source: Source): Promise<ImageTable> {
  const count = source.entries.length;
  const table = {
    width: new Float32Array(count).fill(Number.NaN),
    height: new Float32Array(count).fill(Number.NaN),
    taken: new Float64Array(count).fill(Number.NaN),
  };
  let next = 0;
  const run = async () => {
    while (next < count) {
      const index = next++;
      if (index % CHUNK === 0) await setImmediate();
      const found = await sizeAt(source, index);
      if (!found) continue;
      table.width[index] = found.width;
      table.height[index] = found.height;
      table.taken[index] = found.taken ?? Number.NaN;
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, run));
  return table;
}

/** Size and date of an image; undefined for one that cannot be read. */
async function sizeAt(source: Source, index: number) {
  try {
    const head = source.head?.(index, HEAD_BYTES);
    const known = head && knownSize({ kind: 'encoded', bytes: head });
    return known ?? (await isolatedDecoder.size(await source.read(index)));
  } catch (error) {
    if (error instanceof LikenessError) return undefined;
    throw error;
  }
}

async function writeTable(file: string, key: string, table: ImageTable): Promise<void> {
  const shape = [table.width.length];
  const tensors = {
    width: { dtype: 'float32', shape, data: table.width },
    height: { dtype: 'float32', shape, data: table.height },
    taken: { dtype: 'float64', shape, data: table.taken },
  } as const;
  await writeFileAtomic(file, encodeSafetensors(tensors, { format: FORMAT, key }));
}

/** Reads a stored table; undefined where there is none, or it is damaged or of another source. */
async function readTable(
  file: string,
  key: string,
  count: number,
): Promise<ImageTable | undefined> {
  try {
    const { tensors, metadata } = decodeSafetensors(await readRegular(file), file);
    const [width, height, taken] = [tensors.width, tensors.height, tensors.taken].map(
      (tensor) => tensor?.data,
    );
    const fits =
      metadata.format === FORMAT &&
      metadata.key === key &&
      [width, height, taken].every((data) => data?.length === count);
    return fits &&
      width instanceof Float32Array &&
      height instanceof Float32Array &&
      taken instanceof Float64Array
      ? { width, height, taken }
      : undefined;
  } catch {
    return undefined;
  }
}
