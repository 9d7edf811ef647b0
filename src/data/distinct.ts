/** Number of different images among those of a pixel cache. */
import { createHash } from 'node:crypto';
import { openPixelReader } from './reader.ts';

/** Images that are compared, which bounds the time to a fraction of a second. */
const MAX_COMPARED = 4096;

/**
 * Counts the different images among `indices`, by a hash of size and pixels.
 *
 * Of more than `most` images an evenly spaced sample is compared. Where more than half of it
 * differ, all images count as different; else the count is that of the sample, a lower bound. 1 is
 * exact: every image is then compared.
 */
export function countDistinct(
  cache: Parameters<typeof openPixelReader>[0],
  indices: ArrayLike<number>,
  { most = MAX_COMPARED }: { most?: number } = {},
): number {
  const reader = openPixelReader(cache);
  const seen = new Set<string>();
  const add = (index: number) => {
    const { width, height, pixels } = reader.read(index);
    seen.add(createHash('sha1').update(`${width}x${height}.`).update(pixels).digest('base64'));
  };
  const compared = Math.min(most, indices.length);
  try {
    for (let i = 0; i < compared; i++) add(indices[Math.floor((i * indices.length) / compared)]!);
    if (compared === indices.length) return seen.size;
    for (let i = 0; i < indices.length && seen.size === 1; i++) add(indices[i]!);
    return seen.size > compared / 2 ? indices.length : seen.size;
  } finally {
    reader.close();
  }
}
