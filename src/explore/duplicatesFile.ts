/** duplicates.safetensors: pairs of the images of a run that show the same picture. */
import type { DuplicatePair } from '../duplicates/index.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  readRegular,
  writeFileAtomic,
} from '../formats/index.ts';
import { undefinedIfUnreadable } from './unreadable.ts';

const FORMAT = 'likeness pairs 1';

/** Image of a pair as it was measured. */
export interface ComparedImage {
  readonly row: number;
  readonly width: number;
  readonly height: number;
  /** Variance of the Laplacian of the gray values. */
  readonly sharpness: number;
  /** Size of the file, or of the pixels of a record. */
  readonly bytes: number;
  /** Last change in milliseconds since 1970; absent for a record of a packed file. */
  readonly modified?: number;
  /** Date of the camera in milliseconds since 1970; absent where there is none. */
  readonly taken?: number;
  /** First row of `images` with the same bytes. */
  readonly sameAs: number;
}

export interface StoredDuplicates {
  /** Lowest similarity of the pairs. */
  readonly least: number;
  /** Number of images that were compared. */
  readonly compared: number;
  /** Pairs of rows. Of images with equal pixels the first alone has pairs. */
  readonly pairs: readonly DuplicatePair[];
  /** Rows of images with equal pixels, two or more, rising. */
  readonly equal: readonly (readonly number[])[];
  /** Images of pairs and of `equal` by rising row. */
  readonly images: readonly ComparedImage[];
  /** Sizes and times of the files when they were compared, [N, 2]; NaN where there is no file. */
  readonly stamps: Float64Array;
}

/** Writes what was compared for images with a key. @throws LikenessError `write.*` */
export async function writeDuplicates(
  file: string,
  key: string,
  { least, compared, pairs, equal, images, stamps }: StoredDuplicates,
): Promise<void> {
  const int32 = (shape: number[], data: Iterable<number>) =>
    ({ dtype: 'int32', shape, data: Int32Array.from(data) }) as const;
  const float64 = (shape: number[], data: Iterable<number>) =>
    ({ dtype: 'float64', shape, data: Float64Array.from(data) }) as const;
  const [P, M] = [pairs.length, images.length];
  const facts = images.flatMap(({ sharpness, bytes, modified, taken }) => [
    ...[sharpness, bytes, modified ?? Number.NaN, taken ?? Number.NaN],
  ]);
  const tensors = {
    pairs: int32(
      [P, 2],
      pairs.flatMap(({ a, b }) => [a, b]),
    ),
    similarities: float64(
      [P],
      pairs.map(({ similarity }) => similarity),
    ),
    equalRows: int32([equal.flat().length], equal.flat()),
    equalSizes: int32(
      [equal.length],
      equal.map(({ length }) => length),
    ),
    images: int32(
      [M, 4],
      images.flatMap(({ row, width, height, sameAs }) => [row, width, height, sameAs]),
    ),
    facts: float64([M, 4], facts),
    stamps: float64([stamps.length / 2, 2], stamps),
  };
  const metadata = { format: FORMAT, key, least: String(least), compared: String(compared) };
  await writeFileAtomic(file, encodeSafetensors(tensors, metadata));
}

/**
 * Reads {@link writeDuplicates}; undefined where there are none of these images.
 *
 * @param count number of images, N
 */
export async function readDuplicates(
  file: string,
  key: string,
  count: number,
): Promise<StoredDuplicates | undefined> {
  const stored = await readStored(file, key).catch(undefinedIfUnreadable);
  if (stored?.stamps.length !== 2 * count) return undefined;
  const known = new Set(stored.images.map(({ row }) => row));
  const rows = [...stored.pairs.flatMap(({ a, b }) => [a, b]), ...stored.equal.flat(), ...known];
  return rows.every((row) => known.has(row) && row < count) ? stored : undefined;
}

async function readStored(file: string, key: string): Promise<StoredDuplicates | undefined> {
  const { tensors, metadata } = decodeSafetensors(await readRegular(file), file);
  if (metadata.format !== FORMAT || metadata.key !== key) return undefined;
  const int32 = (name: string) => (tensors[name]?.data ?? []) as Int32Array;
  const float64 = (name: string) => (tensors[name]?.data ?? []) as Float64Array;
  const [places, similarities] = [int32('pairs'), float64('similarities')];
  const [numbers, facts] = [int32('images'), float64('facts')];
  const rows = int32('equalRows');
  let at = 0;
  return {
    least: Number(metadata.least),
    compared: Number(metadata.compared),
    pairs: Array.from(similarities, (similarity, i) => ({
      ...{ a: places[2 * i]!, b: places[2 * i + 1]!, similarity },
    })),
    equal: Array.from(int32('equalSizes'), (size) => {
      at += size;
      return [...rows.subarray(at - size, at)];
    }),
    images: Array.from({ length: numbers.length / 4 }, (_, i) => {
      const [row, width, height, sameAs] = numbers.subarray(4 * i, 4 * i + 4);
      const [sharpness, bytes, modified, taken] = facts.subarray(4 * i, 4 * i + 4);
      return {
        ...{ row: row!, width: width!, height: height!, sameAs: sameAs! },
        ...{ sharpness: sharpness!, bytes: bytes! },
        ...(!Number.isNaN(modified) && { modified: modified! }),
        ...(!Number.isNaN(taken) && { taken: taken! }),
      };
    }),
    stamps: float64('stamps'),
  };
}
