/** Clusters beside labels, as the report shows them. */
import { describe, expect, it } from 'vitest';
import { classTable } from './classTable.ts';

const entries = [0, 0, 1, 1, undefined].map((label, i) => ({ id: `${i}.png`, label }));
const cache = { entries, labelNames: ['cat', 'dog'] } as unknown as Parameters<
  typeof classTable
>[0];
const indices = Uint32Array.of(0, 1, 2, 3, 4);

describe('clusters beside labels', () => {
  it('are compared in every figure, by the images that have a label', () => {
    // scikit-learn on [0, 0, 1, 1] and [0, 0, 0, 1]: adjusted_rand_score 0, fowlkes_mallows_score
    // 1/sqrt(6).
    const found = classTable(cache, indices, Int32Array.of(0, 0, 0, 1, 1))!;
    expect(found).toMatchObject({ images: 4, acc: 0.75, purity: 0.75, classes: ['cat', 'dog'] });
    expect(found.ari).toBeCloseTo(0, 12);
    expect(found.fmi).toBeCloseTo(1 / Math.sqrt(6), 12);
  });

  it('are nothing where no image has a label', () => {
    expect(classTable(cache, Uint32Array.of(4), Int32Array.of(0))).toBeUndefined();
  });
});
