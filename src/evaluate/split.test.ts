import { describe, expect, it } from 'vitest';
import { splitOf } from './split.ts';

describe('splitOf', () => {
  it('takes the split of the source when it has both parts', () => {
    const split = splitOf(Int32Array.of(0, 1, -1, 0), ['train', 'test', 'train', undefined]);
    expect(split).toEqual({ train: Int32Array.of(0), test: Int32Array.of(1), origin: 'source' });
  });

  it('makes one per class otherwise: each image once, a fifth of each class, by the seed', () => {
    const labels = Int32Array.from({ length: 61 }, (_, i) => (i < 50 ? i % 2 : i < 60 ? 7 : 9));
    const split = splitOf(labels, undefined, { seed: 4 });
    expect(split.origin).toBe('made');
    expect([...split.train, ...split.test].sort((a, b) => a - b)).toEqual(
      Array.from(labels.keys()),
    );
    expect([...split.test].filter((row) => labels[row] === 0).length).toBe(5);
    expect([...split.test].filter((row) => labels[row] === 7).length).toBe(2);
    expect([...split.test]).not.toContain(60);
    expect(splitOf(labels, undefined, { seed: 4 })).toEqual(split);
    // A fifth, rounded: of 1 to 13 images of a class.
    const held = Array.from(
      { length: 13 },
      (_, i) => splitOf(new Int32Array(i + 1), undefined).test.length,
    );
    expect(held).toEqual([0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3]);
    expect(splitOf(labels, undefined, { seed: 5 })).not.toEqual(split);
  });

  it('never has equal images on both sides', () => {
    const labels = Int32Array.from({ length: 60 }, (_, i) => i % 2);
    // Images come in pairs of equal pixels, with one label or two.
    const contents = BigUint64Array.from(labels, (_, i) => BigInt(Math.floor(i / 3)));
    for (let seed = 0; seed < 5; seed++) {
      const plainSplit = splitOf(labels, undefined, { seed });
      const { train, test } = splitOf(labels, undefined, { seed, contents });
      const known = new Set(Array.from(train, (row) => contents[row]!));
      expect([...test].some((row) => known.has(contents[row]!))).toBe(false);
      expect([...train, ...test].sort((a, b) => a - b)).toEqual(Array.from(labels.keys()));
      expect([...plainSplit.test]).toEqual(expect.arrayContaining([...test]));
    }
    const different = BigUint64Array.from(labels, (_, i) => BigInt(i));
    expect(splitOf(labels, undefined, { seed: 1, contents: different })).toEqual(
      splitOf(labels, undefined, { seed: 1 }),
    );
  });
});
