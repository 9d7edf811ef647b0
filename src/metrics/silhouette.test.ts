import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silhouette, silhouetteOf } from './silhouette.ts';

describe('silhouette', () => {
  const line = [[0], [1], [9], [10]];

  it('has the value of the definition, by hand', () => {
    // Own mean distances are 1; those to the other cluster are 9.5, 8.5, 8.5 and 9.5.
    const expected = (2 * (8.5 / 9.5) + 2 * (7.5 / 8.5)) / 4;
    expect(silhouette(line, [0, 0, 1, 1])).toBeCloseTo(expected, 12);
    // Row 0 is alone and counts 0; the others are at 8.5, 4.5 and 5 from their cluster.
    const lonely = (0 + (1 - 8.5) / 8.5 + (9 - 4.5) / 9 + (10 - 5) / 10) / 4;
    expect(silhouette(line, [0, 1, 1, 1])).toBeCloseTo(lonely, 12);
  });

  it('is 0 where all rows are equal, and negative for rows in the wrong cluster', () => {
    expect(silhouette([[2], [2], [2]], [0, 0, 1])).toBe(0);
    expect(silhouette(line, [0, 1, 0, 1])).toBeLessThan(0);
  });

  it('lies in -1 to 1, whatever the names, the order and the scale', () => {
    const coordinate = fc.integer({ min: -8, max: 8 });
    const sample = fc.tuple(coordinate, coordinate, fc.nat({ max: 3 }));
    fc.assert(
      fc.property(fc.array(sample, { minLength: 2, maxLength: 20 }), (drawn) => {
        const rows = drawn.map(([x, y]) => [x, y]);
        const labels = drawn.map(([, , label]) => label);
        if (new Set(labels).size < 2) return;
        const value = silhouette(rows, labels);
        expect(Math.abs(value)).toBeLessThanOrEqual(1 + 1e-12);
        const renamed = labels.map((label) => [7, -2, 40, 3][label]!);
        const scaled = rows.map((row) => Float64Array.from(row, (x) => 3 * x));
        expect(silhouette(scaled.toReversed(), renamed.toReversed())).toBeCloseTo(value, 12);
      }),
    );
  });

  it('refuses a single cluster and lengths that do not fit', () => {
    expect(() => silhouette(line, [1, 1, 1, 1])).toThrow(
      'received 1 clusters; expected at least 2',
    );
    expect(() => silhouette(line, [0, 1])).toThrow('received 4 rows and 2 assignments');
    expect(() => silhouette([[1], [1, 2]], [0, 1])).toThrow(
      'received 2 values in row 1; expected 1',
    );
  });
});

describe('silhouetteOf', () => {
  it('is 1 - a/b, b/a - 1 or 0', () => {
    expect([silhouetteOf(1, 4), silhouetteOf(4, 1), silhouetteOf(0, 0)]).toEqual([0.75, -0.75, 0]);
  });
});
