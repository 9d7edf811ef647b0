/** Images of a part of a source. */
import type { PixelCache } from './types.ts';

/** Part of a source: its training or test images, or all of them. */
export type SplitName = 'train' | 'test' | 'all';

/** Indices of a split, or of all images where the source has no such split. */
export function indicesOfSplit(
  { entries }: Pick<PixelCache, 'entries'>,
  split: SplitName,
): Uint32Array {
  const all = Uint32Array.from({ length: entries.length }, (_, i) => i);
  if (split === 'all' || !entries.some((entry) => entry.split === split)) return all;
  return all.filter((i) => entries[i]!.split === split);
}

/**
 * Positions, among the images at these indices, of those without a label where others have one,
 * such as STL-10's unlabeled images. Empty where no image has a label.
 */
export function unlabeledAmong(
  { entries }: Pick<PixelCache, 'entries'>,
  indices: Uint32Array,
): Uint32Array {
  const positions = Uint32Array.from(indices.keys());
  const without = positions.filter((position) => entries[indices[position]!]!.label === undefined);
  return without.length < indices.length ? without : new Uint32Array(0);
}
