import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomAt } from '../core/random.ts';
import { applyColorJitter, drawColorJitter } from './colorJitter.ts';
import { fixture, largestDifference, planesOf } from './fixture.cases.ts';
import { grayscale } from './grayscale.ts';
import { type PlanarImage, toInterleaved, toPlanes } from './planarImage.ts';

/** The colors (1 + 4 r, 1 + 4 g, 1 + 4 b) for r, g, b in 0..63, blue changing fastest. */
function lattice(): PlanarImage {
  const pixels = new Uint8Array(3 * 64 ** 3);
  for (let i = 0; i < 64 ** 3; i++) {
    pixels.set([((i >> 12) & 63) * 4 + 1, ((i >> 6) & 63) * 4 + 1, (i & 63) * 4 + 1], 3 * i);
  }
  return toPlanes({ width: 512, height: 512, pixels });
}

describe('color adjustments', () => {
  // Reference: torchvision's adjust_* on Pillow images. Tolerance: none, every byte equal.
  it.each(fixture.adjust)('$op by $by equals torchvision', ({ op, by, result }) => {
    const image = planesOf('color');
    applyColorJitter(image, [{ what: op, by }]);
    expect(largestDifference(image, result)).toBe(0);
  });

  it.each(fixture.lattices)(
    '$op by $by equals torchvision on 262,144 colors',
    ({ op, by, sha256 }) => {
      const image = lattice();
      if (op === 'grayscale') grayscale(image);
      else applyColorJitter(image, [{ what: op, by }]);
      expect(createHash('sha256').update(toInterleaved(image).pixels).digest('hex')).toBe(sha256);
    },
  );
});

describe('color adjustments by hand', () => {
  const pixels = (...colors: number[][]): PlanarImage =>
    toPlanes({ width: colors.length, height: 1, pixels: Uint8Array.from(colors.flat()) });
  const grays = (...values: number[]) => pixels(...values.map((v) => [v, v, v]));

  it('rounds the mean gray value of contrast to the nearest integer, halves up', () => {
    for (const [values, mean] of [
      [[10, 11], 11],
      [[10, 10, 11], 10],
      [[10, 11, 11], 11],
    ] as const) {
      const image = grays(...values);
      applyColorJitter(image, [{ what: 'contrast', by: 0 }]);
      expect(new Set(image.data)).toEqual(new Set([mean]));
    }
  });

  it('turns colors of the smallest chroma, and leaves gray', () => {
    // H = 170, S = 2 of (100, 100, 101); half a turn is 127 steps, to H = 41 in the first sextant.
    const image = pixels([100, 100, 101], [100, 100, 100]);
    applyColorJitter(image, [{ what: 'hue', by: 0.5 }]);
    expect([...toInterleaved(image).pixels]).toEqual([101, 101, 100, 100, 100, 100]);
  });
});

describe('drawColorJitter', () => {
  const range = { brightness: 0.4, contrast: 1.5, saturation: 0.2, hue: 0.1 };

  it('uses every order', () => {
    const orders = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = drawColorJitter(range, randomAt(5, 'view', 0, i))
        .map(({ what }) => what)
        .join();
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(24);
    // 250 expected for each; 5 standard deviations of sqrt(6000 / 24 · 23 / 24) = 15.5.
    for (const count of orders.values()) expect(Math.abs(count - 250)).toBeLessThan(78);
  });

  it('leaves out what has no range', () => {
    fc.assert(
      fc.property(fc.nat(), (image) => {
        const changes = drawColorJitter(
          { ...range, hue: 0, contrast: 0 },
          randomAt(5, 'view', 0, image),
        );
        expect(changes.map(({ what }) => what).sort()).toEqual(['brightness', 'saturation']);
      }),
    );
  });
});
