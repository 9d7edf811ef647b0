import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeByNeighbors, radiusOf } from './placeByNeighbors.ts';

/** Two groups of three, far apart. */
const places = Float32Array.of(0, 0, 0.1, 0, 0, 0.1, 5, 5, 5.1, 5, 5, 5.1);
const near = (rows: number[], similarities: number[]) => ({
  ...{ indices: Int32Array.from(rows), similarities: Float32Array.from(similarities) },
  k: rows.length,
});

describe('placeByNeighbors', () => {
  it('places a row among the heavier group of its neighbors, and not between two groups', () => {
    const [x, y] = placeByNeighbors(places, near([0, 3, 1, 2], [0.9, 0.9, 0.9, 0.9]), 0, 1);
    expect(x).toBeCloseTo(0.1 / 3, 6);
    expect(y).toBeCloseTo(0.1 / 3, 6);
    const other = placeByNeighbors(places, near([3, 4, 0], [0.9, 0.9, 0.9]), 0, 1);
    expect(other[0]).toBeCloseTo(5.05, 6);
  });

  it('takes the nearest neighbor where each lies alone', () => {
    expect(placeByNeighbors(places, near([3, 0], [0.9, 0.8]), 0, 1)).toEqual([5, 5]);
    expect(placeByNeighbors(places, near([3, 0], [0.9, 0.9]), 0, 1)).toEqual([5, 5]);
  });

  it('is the mean of all where they lie together', () => {
    const [x] = placeByNeighbors(places, near([0, 1], [1, 0.95]), 0, 1);
    expect(x).toBeCloseTo((0.1 * 0.95 ** 16) / (1 + 0.95 ** 16), 6);
  });

  it('never lies farther than the radius from one of the neighbors', () => {
    const coordinate = fc.double({ min: -1, max: 1, noNaN: true });
    const layout = fc.array(coordinate, { minLength: 20, maxLength: 20 });
    const cosines = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
      ...{ minLength: 5, maxLength: 5 },
    });
    const radius = fc.double({ min: 1e-3, max: 2, noNaN: true });
    fc.assert(
      fc.property(layout, cosines, radius, (values, similarities, most) => {
        const own = Float32Array.from(values);
        const rows = [1, 4, 5, 8, 9];
        const sorted = similarities.sort((a, b) => b - a);
        const [x, y] = placeByNeighbors(own, near(rows, sorted), 0, most);
        const distances = rows.map((row) => Math.hypot(own[2 * row]! - x, own[2 * row + 1]! - y));
        expect(Math.min(...distances)).toBeLessThanOrEqual(most + 1e-6);
      }),
    );
  });
});

describe('radiusOf', () => {
  it('is three times the median distance of neighbors in the plane', () => {
    const found = { indices: Int32Array.of(0, 1, 2, 3, 4, 5), k: 3 };
    // 0.1 twice for row 0; 0.1 twice for row 3.
    expect(radiusOf(places, [0, 3], found)).toBeCloseTo(0.3, 6);
    expect(radiusOf(places, [], { indices: new Int32Array(), k: 3 })).toBe(
      Number.POSITIVE_INFINITY,
    );
  });
});
