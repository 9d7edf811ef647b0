import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomAt } from '../core/random.ts';
import { flip } from './flip.ts';
import { gradientDescriptor, MIRROR_SIZE, mirroredDescriptor, mirrorRatio } from './mirroring.ts';

const S = MIRROR_SIZE;

/** Gray image [3, 32, 32] of a brightness per position. */
function picture(value: (x: number, y: number) => number): Uint8Array {
  const plane = Uint8Array.from({ length: S * S }, (_, i) => value(i % S, Math.floor(i / S)));
  return Uint8Array.from({ length: 3 * S * S }, (_, i) => plane[i % (S * S)]!);
}

/** A bar with a foot to the right or to the left, as the letters L and J, somewhere. */
function hook(random: ReturnType<typeof randomAt>, side: 'right' | 'left'): Uint8Array {
  const [left, top, ink] = [
    8 + random.integer(6),
    4 + random.integer(4),
    150 + random.integer(100),
  ];
  const noise = Uint8Array.from({ length: S * S }, () => random.integer(20));
  return picture((x, y) => {
    const [dx, dy] = [side === 'right' ? x - left : S - 1 - x - left, y - top];
    const isBar = dx >= 0 && dx < 4 && dy >= 0 && dy < 20;
    const isFoot = dx >= 0 && dx < 12 && dy >= 16 && dy < 20;
    return (isBar || isFoot ? ink : 30) + noise[y * S + x]!;
  });
}

const hooks = (count: number, sideOf: (i: number) => 'right' | 'left') => {
  const random = randomAt(3, 'synthetic');
  return Array.from({ length: count }, (_, i) => gradientDescriptor(hook(random, sideOf(i))));
};

describe('gradientDescriptor', () => {
  it('has length 1, and zeros for one color', () => {
    const descriptor = gradientDescriptor(hook(randomAt(0, 'synthetic'), 'left'));
    expect(descriptor.length).toBe(128);
    expect(Math.hypot(...descriptor)).toBeCloseTo(1, 5);
    expect(gradientDescriptor(picture(() => 77)).every((value) => value === 0)).toBe(true);
  });

  it('has one orientation in the cells of an edge', () => {
    // Brighter to the right of the middle: the gradient points to the right, orientation 0.
    const descriptor = gradientDescriptor(picture((x) => (x < 16 ? 0 : 200)));
    descriptor.forEach((value, at) => {
      const [column, bin] = [Math.floor(at / 8) % 4, at % 8];
      const isEdge = bin === 0 && (column === 1 || column === 2);
      expect(value > 0).toBe(isEdge);
    });
  });

  it('of a mirrored image is the mirrored descriptor', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 3 * S * S, maxLength: 3 * S * S }), (pixels) => {
        const mirrored = pixels.slice();
        flip({ data: mirrored, width: S, height: S });
        const expected = mirroredDescriptor(gradientDescriptor(pixels));
        // Weights of float32 roots differ by rounding alone.
        for (const [i, value] of gradientDescriptor(mirrored).entries()) {
          expect(value).toBeCloseTo(expected[i]!, 4);
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('mirrorRatio', () => {
  it('is far above 1 where all images face one side', () => {
    expect(mirrorRatio(hooks(120, () => 'right'))).toBeGreaterThan(1.3);
  });

  it('is about 1 where as many face either side', () => {
    expect(mirrorRatio(hooks(120, (i) => (i % 2 === 0 ? 'right' : 'left')))).toBeCloseTo(1, 1);
  });

  it('is 1 where every image is its own mirror image', () => {
    const random = randomAt(5, 'synthetic');
    const ramps = Array.from({ length: 20 }, () => {
      const level = 1 + random.integer(6);
      return gradientDescriptor(picture((_, y) => level * y));
    });
    expect(mirrorRatio(ramps)).toBeCloseTo(1, 6);
  });

  it('is not changed by copies of some images', () => {
    const all = hooks(60, (i) => (i % 2 === 0 ? 'right' : 'left'));
    expect(mirrorRatio([...all, ...all.slice(0, 10)])).toBeCloseTo(mirrorRatio(all)!, 1);
  });

  it('is absent for fewer than six images', () => {
    expect(mirrorRatio(hooks(5, () => 'right'))).toBeUndefined();
    expect(mirrorRatio(hooks(6, () => 'right'))).toBeGreaterThan(0);
  });
});
