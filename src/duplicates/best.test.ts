import { describe, expect, it } from 'vitest';
import type { Pixels } from '../data/index.ts';
import { byKeepRule, detailOf, type ImageFacts, sharpnessOf } from './best.ts';
import { draw, sceneOf } from './pictures.cases.ts';

const plain: ImageFacts = {
  ...{ id: 'a/b.jpg', index: 0, width: 100, height: 100 },
  ...{ sharpness: 500, modified: 1000, bytes: 5000 },
};

describe('byKeepRule', () => {
  it.each<[string, Partial<ImageFacts>]>([
    ['more pixels', { width: 101, sharpness: 10, modified: 2000, bytes: 10 }],
    ['sharper edges', { sharpness: 900, modified: 2000, bytes: 10 }],
    ['an earlier date', { modified: 500, id: 'a/b/c/d.jpg', bytes: 10 }],
    ['fewer folders', { id: 'b.jpg', bytes: 10 }],
    ['a larger file', { bytes: 6000 }],
  ])('keeps the image with %s', (_, better) => {
    const other = { ...plain, index: 1, ...better };
    expect(byKeepRule([plain, other], 'best')[0]).toBe(other);
    expect(byKeepRule([other, plain], 'best')[0]).toBe(other);
  });

  it('takes almost equal sharpness for equal', () => {
    const other = { ...plain, index: 1, sharpness: 505, bytes: 10 };
    expect(byKeepRule([other, plain], 'best')[0]).toBe(plain);
  });

  it('keeps the first, the largest or the newest', () => {
    const largest = { ...plain, index: 1, bytes: 9000, width: 50 };
    const newest = { ...plain, index: 2, modified: 9000, width: 40 };
    const images = [newest, plain, largest];
    expect(byKeepRule(images, 'first')).toEqual([plain, largest, newest]);
    expect(byKeepRule(images, 'largest')[0]).toBe(largest);
    expect(byKeepRule(images, 'newest')[0]).toBe(newest);
    expect(byKeepRule(images, 'oldest').at(-1)).toBe(newest);
  });

  it('goes by the date of the camera before that of the file', () => {
    const copied = { ...plain, index: 1, modified: 9000, taken: 10 };
    expect(byKeepRule([plain, copied], 'oldest')[0]).toBe(copied);
    expect(byKeepRule([plain, copied], 'best')[0]).toBe(copied);
    expect(byKeepRule([plain, copied], 'newest')[0]).toBe(plain);
  });

  it('keeps the sharpest before the one with most pixels', () => {
    const sharpest = { ...plain, index: 1, sharpness: 1500, width: 50 };
    expect(byKeepRule([plain, sharpest], 'best')[0]).toBe(plain);
    expect(byKeepRule([plain, sharpest], 'sharpest')[0]).toBe(sharpest);
  });

  it('keeps images of a folder before all others, and of two there the better', () => {
    const [small, large, beside] = [
      { ...plain, id: 'mine/2020/c.jpg', index: 1, width: 50 },
      { ...plain, id: 'mine/d.jpg', index: 2, width: 60 },
      { ...plain, id: 'mine too/e.jpg', index: 3, width: 900 },
    ];
    const images = [plain, small, large, beside];
    expect(byKeepRule(images, 'best', { prefer: 'mine' })).toEqual([large, small, beside, plain]);
  });
});

describe('detailOf', () => {
  const scene = sceneOf(2);
  const detail = (image: Pixels) => detailOf({ ...image, sharpness: sharpnessOf(image) });

  it('is larger for the original than for a shrunk copy, whatever the sharpness per pixel', () => {
    const [original, shrunk] = [draw(scene, 160, 120), draw(scene, 80, 60)];
    expect(sharpnessOf(shrunk)).toBeGreaterThan(sharpnessOf(original));
    expect(detail(shrunk)).toBeLessThan(detail(original));
  });

  it('counts the pixels that were measured, of large images as of shrunk ones', () => {
    const large = { width: 8192, height: 4096, sharpness: 10 };
    expect(detailOf(large)).toBe(detailOf({ width: 2048, height: 1024, sharpness: 10 }));
    expect(detailOf({ ...large, width: 100, height: 50 })).toBe(50_000);
  });
});

describe('sharpnessOf', () => {
  it('falls with blur and is 0 without edges', () => {
    const scene = sceneOf(2);
    const sharp = sharpnessOf(draw(scene, 100, 80));
    const blurred = sharpnessOf(
      draw(
        (x, y) => {
          const around = [-0.03, 0, 0.03].flatMap((dx) =>
            [-0.03, 0, 0.03].map((dy) => scene(x + dx, y + dy)),
          );
          return [0, 1, 2].map((c) => around.reduce((sum, one) => sum + one[c]! / 9, 0)) as [
            number,
            number,
            number,
          ];
        },
        100,
        80,
      ),
    );
    expect(blurred).toBeLessThan(sharp / 2);
    expect(sharpnessOf(draw(() => [7, 7, 7]))).toBeCloseTo(0, 6);
  });

  it('equals the variance of a checkerboard', () => {
    // Neighbors of each pixel are its opposite, so the Laplacian is 4 x 255 up or down.
    const board = draw(
      (x, y) => {
        const value = (Math.floor(x * 6) + Math.floor(y * 6)) % 2 ? 255 : 0;
        return [value, value, value];
      },
      6,
      6,
    );
    expect(sharpnessOf(board)).toBeCloseTo((4 * 255) ** 2, -1);
  });
});
