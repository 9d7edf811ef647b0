import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countDistinct } from './distinct.ts';
import { temporaryFolder } from './pictures.cases.ts';

const SIDE = 2;
const BYTES = 3 * SIDE * SIDE;

/** A cache of images of one gray each. */
function cacheOf(grays: readonly number[], heights: readonly number[] = grays.map(() => SIDE)) {
  const file = join(temporaryFolder(), 'pixels.bin');
  writeFileSync(file, Buffer.concat(grays.map((gray) => Buffer.alloc(BYTES, gray))));
  return {
    file,
    widths: Uint16Array.from(heights, (height) => (SIDE * SIDE) / height),
    heights: Uint16Array.from(heights),
    offsets: Float64Array.from(grays, (_, i) => i * BYTES),
  };
}
const all = (count: number) => Array.from({ length: count }, (_, i) => i);
const count = (grays: readonly number[], most?: number) =>
  countDistinct(cacheOf(grays), all(grays.length), { most });

describe('the number of different images', () => {
  it('counts pixels and sizes', () => {
    expect(count([1, 2, 3])).toBe(3);
    expect(count([1, 2, 1, 2])).toBe(2);
    expect(count([7, 7, 7])).toBe(1);
    expect(countDistinct(cacheOf([7, 7], [1, 4]), [0, 1])).toBe(2);
    expect(countDistinct(cacheOf([1, 2, 3, 3]), [2, 3])).toBe(1);
  });

  it('of many is all of them where most of a sample differ, else that of the sample', () => {
    expect(count(all(100), 10)).toBe(100);
    expect(
      count(
        all(100).map((i) => Math.floor(i / 50)),
        10,
      ),
    ).toBe(2);
  });

  it('is 1 only where every image is the same', () => {
    const grays = all(100).map((i) => (i === 77 ? 1 : 0));
    expect(count(grays, 10)).toBe(2);
    expect(
      count(
        grays.map(() => 0),
        10,
      ),
    ).toBe(1);
  });
});
