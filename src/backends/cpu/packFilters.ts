/**
 * Filters from plain order [O, C, kh, kw] into that of the convolutions which read them and back, where a held value is written and read: in
 * blocks, [O/b, C/b, kh, kw, b of C, b of O] for O and C of whole blocks, or by tap, [kh, kw, C, O].
 */
import type { FilterOrder } from './filterLayouts.ts';

/** Packing of filters: by blocks of this many channels, or position-major. */
export interface FilterPacking {
  order: FilterOrder;
  block: number;
}

/** Calls back with each place of plain filters and the place of the same value in their order. */
function eachPlace(
  shape: readonly number[],
  { order, block }: FilterPacking,
  visit: (plain: number, ordered: number) => void,
): void {
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const taps = kh * kw;
  // By tap is one block of all channels.
  const [ofO, ofC] = order === 'taps' ? [O, C] : [block, block];
  let ordered = 0;
  for (let outer = 0; outer < O; outer += ofO)
    for (let inner = 0; inner < C; inner += ofC)
      for (let tap = 0; tap < taps; tap++)
        for (let c = inner; c < inner + ofC; c++)
          for (let o = outer; o < outer + ofO; o++) visit((o * C + c) * taps + tap, ordered++);
}

/** Plain filters in their order, copied. */
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

/** The reverse of `packFilters`. */
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
