import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildPointIndex, nearestRow, rowsInside } from './pointIndex.ts';

const coordinate = fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constant(Number.NaN));
const layout = fc.array(fc.tuple(coordinate, coordinate), { minLength: 1, maxLength: 80 });
const flat = (points: readonly (readonly [number, number])[]) => Float32Array.from(points.flat());

describe('nearestRow', () => {
  it('finds what a search of all rows finds', () => {
    const at = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        layout,
        at,
        at,
        fc.double({ min: 0.01, max: 2.5, noNaN: true }),
        (points, x, y, r) => {
          const positions = flat(points);
          const distance = (row: number) =>
            (positions[2 * row]! - x) ** 2 + (positions[2 * row + 1]! - y) ** 2;
          const even = points.map((_, row) => row).filter((row) => row % 2 === 0);
          const near = even.filter((row) => distance(row) <= r * r);
          const least = Math.min(...near.map(distance));
          const found = nearestRow(buildPointIndex(positions), x, y, r, (row) => row % 2 === 0);
          if (near.length === 0) expect(found).toBe(-1);
          else expect(distance(found)).toBe(least);
        },
      ),
    );
  });
});

describe('rowsInside', () => {
  it('finds rows in a square, and none at NaN', () => {
    fc.assert(
      fc.property(layout, (points) => {
        const positions = flat(points);
        const inside = points.flatMap((_, row) => {
          const [x, y] = [positions[2 * row]!, positions[2 * row + 1]!];
          return x > -0.5 && x < 0.25 && y > -0.75 && y < 0.5 ? [row] : [];
        });
        const square = [-0.5, -0.75, 0.25, -0.75, 0.25, 0.5, -0.5, 0.5];
        expect(rowsInside(buildPointIndex(positions), square)).toEqual(inside);
      }),
    );
  });

  it('follows a concave polygon', () => {
    const index = buildPointIndex(Float32Array.of(0, -0.4, 0, 0.4, 0.6, 0.6, Number.NaN, 0));
    // The letter V: the middle above its point lies outside.
    const letter = [-0.8, 0.8, 0, -0.6, 0.8, 0.8, 0.5, 0.8, 0, -0.2, -0.5, 0.8];
    expect(rowsInside(index, letter)).toEqual([0, 2]);
    expect(rowsInside(index, [0, 0, 1, 1])).toEqual([]);
  });
});
