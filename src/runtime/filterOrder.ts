/**
 * Filters from plain order [O, C, kh, kw] into that of the blocked convolutions and back, where a held value is written and read:
 * [O/b, C/b, kh, kw, b of C, b of O], for O and C of whole blocks.
 */

/** Calls back with each place of plain filters and the place of the same value in blocks. */
function eachPlace(
  shape: readonly number[],
  b: number,
  visit: (plain: number, blocked: number) => void,
): void {
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const taps = kh * kw;
  let blocked = 0;
  for (let outer = 0; outer < O; outer += b)
    for (let inner = 0; inner < C; inner += b)
      for (let tap = 0; tap < taps; tap++)
        for (let c = inner; c < inner + b; c++)
          for (let o = outer; o < outer + b; o++) visit((o * C + c) * taps + tap, blocked++);
}

/** Plain filters in blocks of `b` channels, copied. */
export function toFilterBlocks(plain: Float32Array, shape: readonly number[], b: number): Float32Array {
  const blocked = new Float32Array(plain.length);
  eachPlace(shape, b, (from, to) => {
    blocked[to] = plain[from]!;
  });
  return blocked;
}

/** The reverse of `toFilterBlocks`. */
export function fromFilterBlocks(blocked: Float32Array, shape: readonly number[], b: number): Float32Array {
  const plain = new Float32Array(blocked.length);
  eachPlace(shape, b, (to, from) => {
    plain[to] = blocked[from]!;
  });
  return plain;
}
