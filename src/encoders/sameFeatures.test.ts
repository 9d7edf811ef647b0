import { describe, expect, it } from 'vitest';
import { rowsSeen, sayIfSame } from './sameFeatures.ts';

const seenOf = (...parts: number[][]) => {
  const seen = rowsSeen(2);
  for (const part of parts) seen.add(Float32Array.from(part));
  return seen;
};
const model = { id: 'model', title: 'tiny' };
const set = (...contents: bigint[]) => ({
  cache: { contents: BigUint64Array.from(contents) },
  indices: Uint32Array.from(contents, (_, i) => i),
});

describe('rows that were seen', () => {
  it.each<[string, number[][], boolean]>([
    ['one row', [[1, 2]], false],
    [
      'equal rows of two parts',
      [
        [1, 2, 1, 2],
        [1, 2],
      ],
      true,
    ],
    ['rows of zeros', [[0, 0, 0, 0]], true],
    ['rows but for rounding', [[1, 2, 1.0000001, 2]], true],
    [
      'a tiny row',
      [
        [1e-9, 0],
        [2e-9, 0],
      ],
      false,
    ],
    [
      'another row in a later part',
      [
        [1, 2, 1, 2],
        [1, 3],
        [1, 2],
      ],
      false,
    ],
  ])('%s', (_, parts, areSame) => {
    expect(seenOf(...parts).areSame).toBe(areSame);
  });
});

describe('the sentence on features that are all the same', () => {
  it('names the encoder and the next step', () => {
    expect(sayIfSame(model, set(1n, 2n), seenOf([1, 2, 1, 2]))).toBe(
      'tiny: the features of all 2 images are the same, although the images differ, so they tell ' +
        'nothing apart. Take another output of the model with `?output=`, or another model.',
    );
    expect(sayIfSame(model, set(1n, 2n), seenOf([0, 0, 0, 0]))).toContain('are zero, although');
    const own = { id: 'trained', title: 'trained encoder' };
    expect(sayIfSame(own, set(1n, 2n), seenOf([1, 2, 1, 2]))).toContain('train again');
  });

  it('is not said of images of the same pixels, nor of features that differ', () => {
    expect(sayIfSame(model, set(7n, 7n), seenOf([1, 2, 1, 2]))).toBeUndefined();
    expect(sayIfSame(model, set(1n, 2n), seenOf([1, 2, 2, 1]))).toBeUndefined();
  });
});
