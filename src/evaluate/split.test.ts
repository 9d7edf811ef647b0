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

  it('never has pages of one file on both sides', () => {
    // Twenty files of 1 to 5 pages, of two classes.
    const files = Int32Array.from({ length: 60 }, (_, i) =>
      Math.floor(i / 3 + (i % 7 === 0 ? 1 : 0)),
    );
    const labels = files.map((file) => file % 2);
    for (let seed = 0; seed < 5; seed++) {
      const { train, test } = splitOf(labels, undefined, { seed, files });
      const known = new Set(Array.from(train, (row) => files[row]!));
      expect(Array.from(test, (row) => files[row]!).filter((file) => known.has(file))).toEqual([]);
      expect([...train, ...test].sort((a, b) => a - b)).toEqual(Array.from(labels.keys()));
      for (const label of [0, 1]) {
        const held = test.filter((row) => labels[row] === label).length;
        expect(held).toBeGreaterThan(0);
        expect(held).toBeLessThan(12);
      }
    }
  });

  it('moves a whole file to training, and further ones that this makes known', () => {
    // Files 0 to 9 of two pages each. Page 2 of each equals page 1 of the next.
    const files = Int32Array.from({ length: 20 }, (_, i) => i >> 1);
    const contents = BigUint64Array.from(files, (file, i) => BigInt(file + (i & 1)));
    const { train, test } = splitOf(new Int32Array(20), undefined, { files, contents });
    expect([train.length, test.length]).toEqual([20, 0]);
  });

  it('leaves a class of a single file to training', () => {
    const files = Int32Array.of(0, 0, 0, 3, 4, 5);
    const labels = Int32Array.of(0, 0, 0, 1, 1, 1);
    const { train, test } = splitOf(labels, undefined, { files });
    expect([...train].slice(0, 3)).toEqual([0, 1, 2]);
    expect(test).toHaveLength(1);
  });
});
