/**
 * Packing of filters on the host, where state is written and read: from plain order [O, C, kh, kw]
 * to the layout of the convolutions that read them and back. In blocks, [O/b, C/b, kh, kw, b of C,
 * b of O] for O and C of whole blocks, or position-major, [kh, kw, C, O].
 */
import type { FilterOrder } from './filterLayouts.ts';

/** Packing of filters: by blocks of this many channels, or position-major. */
export interface FilterPacking {
  order: FilterOrder;
  block: number;
}

/** Visits the index of each value of plain filters and its index in their packing. */
function eachPlace(
  shape: readonly number[],
  { order, block }: FilterPacking,
  visit: (plain: number, ordered: number) => void,
): void {
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const positions = kh * kw;
  // Position-major is one block of all channels.
  const [ofO, ofC] = order === 'positionMajor' ? [O, C] : [block, block];
  let ordered = 0;
  for (let outer = 0; outer < O; outer += ofO)
    for (let inner = 0; inner < C; inner += ofC)
      for (let position = 0; position < positions; position++)
        for (let c = inner; c < inner + ofC; c++)
          for (let o = outer; o < outer + ofO; o++)
            visit((o * C + c) * positions + position, ordered++);
}

/** A packed copy of plain filters. */
export function packFilters(
  plain: Float32Array,
  shape: readonly number[],
  packing: FilterPacking,
): Float32Array {
  const ordered = new Float32Array(plain.length);
  eachPlace(shape, packing, (from, to) => {
    ordered[to] = plain[from]!;
  });
  return ordered;
}

/** The inverse of `packFilters`. */
export function unpackFilters(
  ordered: Float32Array,
  shape: readonly number[],
  packing: FilterPacking,
): Float32Array {
  const plain = new Float32Array(ordered.length);
  eachPlace(shape, packing, (to, from) => {
    plain[to] = ordered[from]!;
  });
  return plain;
}
