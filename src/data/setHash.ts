/** Identity of images as they are measured: ids, pixels, labels and split. */
import { createHash } from 'node:crypto';
import { DECODER_VERSION } from './decode.ts';
import type { PixelCache } from './types.ts';

/**
 * Hashes the images at the given indices of a cache with SHA-256.
 *
 * Another name, another pixel, another label and another order give another hash.
 */
export function hashOfSet(
  { entries, contents, labelNames }: Pick<PixelCache, 'entries' | 'contents' | 'labelNames'>,
  indices: Iterable<number>,
): string {
  const hash = createHash('sha256').update(JSON.stringify([DECODER_VERSION, labelNames ?? []]));
  for (const index of indices) {
    const { id, label, split } = entries[index]!;
    hash.update(`\n${JSON.stringify([id, label ?? null, split ?? null])}${contents[index]}`);
  }
  return hash.digest('hex');
}
