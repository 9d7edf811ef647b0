import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accuracy, matchingOf } from './accuracy.ts';
import { contingency } from './contingency.ts';
import { purityTable } from './purity.ts';

describe('matching and purity table', () => {
  it('names each cluster by its class', () => {
    const { classOfCluster } = matchingOf(contingency([0, 0, 1, 1, 2], [7, 7, 3, 3, 3]));
    expect([...classOfCluster]).toEqual(
      expect.arrayContaining([
        [7, 0],
        [3, 1],
      ]),
    );
    expect(classOfCluster.size).toBe(2);
  });

  it('gives majority and share of each cluster, the largest first', () => {
    expect(purityTable(contingency([0, 0, 1, 1, 2], [7, 7, 3, 3, 3]))).toEqual([
      { cluster: 3, size: 3, majority: 1, share: 2 / 3 },
      { cluster: 7, size: 2, majority: 0, share: 1 },
    ]);
    // Of equally frequent classes the lower, of equal sizes the lower cluster.
    expect(purityTable(contingency([4, 1, 4, 1], [9, 9, 2, 2]))).toEqual([
      { cluster: 2, size: 2, majority: 1, share: 1 / 2 },
      { cluster: 9, size: 2, majority: 1, share: 1 / 2 },
    ]);
  });

  it('the accuracy is the best of all maps', () => {
    // Against trying every permutation of four names.
    const permutations = (items: number[]): number[][] =>
      items.length < 2
        ? [items]
        : items.flatMap((x, i) => permutations(items.toSpliced(i, 1)).map((rest) => [x, ...rest]));
    const all = permutations([0, 1, 2, 3]);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 })), { minLength: 1, maxLength: 30 }),
        (rows) => {
          const best = Math.max(...all.map((map) => rows.filter(([y, c]) => map[c] === y).length));
          const value = accuracy(
            rows.map(([y]) => y),
            rows.map(([, c]) => c),
          );
          expect(value).toBeCloseTo(best / rows.length, 12);
        },
      ),
    );
  });
});
