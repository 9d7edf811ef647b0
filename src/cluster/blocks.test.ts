import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockAt, blocksOf, gatherSize } from './blocks.ts';
import { featuresOf } from './features.ts';

describe('blocksOf', () => {
  it('covers all rows with blocks of equal size, within the limits', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100_000 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        (count, width, maxValues) => {
          const { size, number } = blocksOf(count, width, maxValues);
          expect(size * number).toBeGreaterThanOrEqual(count);
          expect(size * (number - 1)).toBeLessThan(Math.max(count, 1));
          expect(size).toBeLessThanOrEqual(16_384);
          // A single row may exceed the limit.
          if (size > 1) expect(size * width).toBeLessThanOrEqual(maxValues);
        },
      ),
    );
  });

  it('takes as few blocks as fit', () => {
    expect(blocksOf(100, 10, 300)).toEqual({ size: 25, number: 4 });
    expect(blocksOf(90, 10, 300)).toEqual({ size: 30, number: 3 });
    expect(blocksOf(40_000, 1)).toEqual({ size: 13_334, number: 3 });
  });
});

describe('blockAt', () => {
  const features = featuresOf(
    Float32Array.from({ length: 14 }, (_, i) => i + 1),
    2,
  );

  it('copies the rows of a block, and fills the last with zeros', () => {
    const blocks = { size: 3, number: 3 };
    expect(blockAt(features, blocks, 1)).toEqual({
      start: 3,
      rows: 3,
      data: Float32Array.of(7, 8, 9, 10, 11, 12),
    });
    expect(blockAt(features, blocks, 2)).toEqual({
      start: 6,
      rows: 1,
      data: Float32Array.of(13, 14, 0, 0, 0, 0),
    });
    expect(blockAt(features, { size: 4, number: 3 }, 2).rows).toBe(0);
    expect(features.data[12]).toBe(13);
  });
});

describe('gatherSize', () => {
  it('is bounded by rows, by values and by what there is', () => {
    expect(gatherSize(16, 1e9)).toBe(4096);
    expect(gatherSize(512, 1e9)).toBe(1024);
    expect(gatherSize(16, 7)).toBe(7);
    expect(gatherSize(1e7, 7)).toBe(1);
  });
});
