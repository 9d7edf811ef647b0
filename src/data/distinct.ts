/** Equal images among those of a pixel cache, by the hashes of their pixels. */
import type { PixelCache } from './types.ts';

type Contents = Pick<PixelCache, 'contents'>;

/** Counts the different images among `indices`. */
export function countDistinct({ contents }: Contents, indices: ArrayLike<number>): number {
  const seen = new Set<bigint>();
  for (let i = 0; i < indices.length; i++) seen.add(contents[indices[i]!]!);
  return seen.size;
}

/** Counts the images that equal an earlier one in the cache. */
export function countEqual({ contents }: Contents): number {
  return contents.length - new Set(contents).size;
}
