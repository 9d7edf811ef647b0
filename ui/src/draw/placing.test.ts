import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { categoryCenters, placeLabels } from './labels.ts';
import { placeThumbnails } from './thumbnails.ts';

describe('placeLabels', () => {
  const labels = [
    { text: 'big', x: 0, y: 0, weight: 9, value: 0 },
    { text: 'near', x: 0.05, y: 0, weight: 5, value: 1 },
    { text: 'far', x: 0.5, y: 0, weight: 1, value: 2 },
    { text: 'outside', x: 9, y: 9, weight: 99, value: 3 },
  ];
  const place = (scale: number) =>
    placeLabels(
      labels,
      (x, y) => ({ x: 200 + x * scale, y: 100 - y * scale }),
      () => 40,
      { width: 400, height: 200 },
    ).map(({ text }) => text);

  it('keeps the heavier of two that overlap, and none outside of the view', () => {
    expect(place(200)).toEqual(['big', 'far']);
  });

  it('shows more of them closer up', () => {
    expect(place(1500)).toEqual(['big', 'near']);
    expect(place(360)).toEqual(['big', 'far']);
  });
});

describe('categoryCenters', () => {
  it('takes medians, and no category without positions', () => {
    const positions = Float32Array.of(0, 0, 1, 1, 0.5, -1, Number.NaN, Number.NaN);
    const groups = new Map([
      [4, [0, 1, 2, 3]],
      [5, [3]],
    ]);
    expect([...categoryCenters(groups, positions)]).toEqual([[4, { x: 0.5, y: 0 }]]);
  });
});

describe('placeThumbnails', () => {
  it('lets no two overlap, and leaves out none that has room', () => {
    const pixel = fc.integer({ min: -40, max: 600 });
    fc.assert(
      fc.property(fc.array(fc.tuple(pixel, pixel), { maxLength: 60 }), (points) => {
        const side = 40;
        const placed = placeThumbnails(
          points.flatMap(([x, y], row) => [row, x, y]),
          side,
        );
        const rows = new Set(placed.filter((_, i) => i % 3 === 0));
        const overlap = (a: number, b: number) =>
          Math.abs(points[a]![0] - points[b]![0]) < side &&
          Math.abs(points[a]![1] - points[b]![1]) < side;
        for (let row = 0; row < points.length; row++) {
          const earlier = [...rows].filter((other) => other < row && overlap(row, other));
          expect(rows.has(row)).toBe(earlier.length === 0);
        }
      }),
    );
  });
});
