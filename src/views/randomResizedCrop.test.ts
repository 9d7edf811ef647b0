import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Random, randomAt } from '../core/random.ts';
import { fixture } from './fixture.cases.ts';
import { drawCrop } from './randomResizedCrop.ts';

/** The linear congruential generator that the fixture's draws were taken from. */
function sequence(state: number): Random {
  let at = state;
  const uniform = (low = 0, high = 1) => {
    at = (Math.imul(at, 1664525) + 1013904223) >>> 0;
    return low + (high - low) * (at / 2 ** 32);
  };
  return { ...randomAt(0, 'view'), uniform, integer: (n) => Math.floor(uniform() * n) };
}

describe('drawCrop', () => {
  // Reference: torchvision's get_params with its draws replaced by the same sequence. Tolerance:
  // none.
  it('draws the boxes that torchvision draws, fallback included', () => {
    for (const { width, height, scale, ratio, state, box } of fixture.crops) {
      const drawn = drawCrop(width, height, { scale, ratio }, sequence(state));
      expect([drawn.left, drawn.top, drawn.width, drawn.height]).toEqual(box);
    }
  });

  it('always lies inside the image', () => {
    const side = fc.integer({ min: 1, max: 600 });
    fc.assert(
      fc.property(side, side, fc.nat(), (width, height, image) => {
        const range = { scale: [0.05, 1], ratio: [3 / 4, 4 / 3] } as const;
        const box = drawCrop(width, height, range, randomAt(1, 'view', 0, image));
        expect(box.left).toBeGreaterThanOrEqual(0);
        expect(box.top).toBeGreaterThanOrEqual(0);
        expect(box.width).toBeGreaterThanOrEqual(1);
        expect(box.height).toBeGreaterThanOrEqual(1);
        expect(box.left + box.width).toBeLessThanOrEqual(width);
        expect(box.top + box.height).toBeLessThanOrEqual(height);
      }),
    );
  });

  it('has the mean area of its range', () => {
    let share = 0;
    const n = 4000;
    for (let i = 0; i < n; i++) {
      const box = drawCrop(
        224,
        224,
        { scale: [0.05, 0.14], ratio: [3 / 4, 4 / 3] },
        randomAt(2, 'view', 0, i),
      );
      share += (box.width * box.height) / (224 * 224) / n;
    }
    expect(share).toBeCloseTo(0.095, 2);
  });
});
