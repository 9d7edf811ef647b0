import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accuracy } from './accuracy.ts';
import { confusionOf } from './confusion.ts';
import { contingency } from './contingency.ts';

describe('confusion matrix', () => {
  it('has agreement on its diagonal, then what is left by class and size', () => {
    const truth = [0, 0, 0, 4, 4, 4, 4, 0, 4, 4];
    const clusters = [8, 8, 1, 3, 3, 3, 5, 1, 7, 7];
    const table = confusionOf(contingency(truth, clusters));
    expect(table.classes).toEqual([0, 4]);
    expect(table.clusters).toEqual([1, 3, 8, 7, 5]);
    expect(table.matched).toEqual([0, 4, undefined, undefined, undefined]);
    expect(table.counts).toEqual([
      [2, 0, 2, 0, 0],
      [0, 3, 0, 2, 1],
    ]);
  });

  it('orders by the match, not by what is most frequent in a cluster', () => {
    // Cluster 9 holds more of class 0, and stands for class 1 all the same: 4 + 3 are right,
    // against 5.
    const truth = [...Array(9).fill(0), ...Array(3).fill(1)];
    const clusters = [...Array(4).fill(2), ...Array(8).fill(9)];
    const table = confusionOf(contingency(truth, clusters));
    expect(table.clusters).toEqual([2, 9]);
    expect(table.matched).toEqual([0, 1]);
  });

  it('its matched cells are the ACC, and all cells are the samples', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 7 })), { minLength: 1, maxLength: 60 }),
        (rows) => {
          const [y, c] = [rows.map(([a]) => a), rows.map(([, b]) => b)];
          const { classes, matched, counts } = confusionOf(contingency(y, c));
          let right = 0;
          matched.forEach((value, j) => {
            if (value !== undefined) right += counts[classes.indexOf(value)]![j]!;
          });
          expect(right / rows.length).toBeCloseTo(accuracy(y, c), 12);
          expect(counts.flat().reduce((a, b) => a + b, 0)).toBe(rows.length);
        },
      ),
    );
  });
});
