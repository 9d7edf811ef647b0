import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { colorHistogram, rawPixelDimension, rawPixels } from './pixelFeatures.ts';

/** An image `[3, size, size]` from a rule for channel, row and column. */
function image(size: number, rule: (channel: number, y: number, x: number) => number): Uint8Array {
  return Uint8Array.from({ length: 3 * size * size }, (_, i) =>
    rule(Math.floor(i / size / size), Math.floor(i / size) % size, i % size),
  );
}

describe('rawPixels', () => {
  it('gives small images as they are, divided by 255', () => {
    const pixels = image(2, (c, y, x) => 60 * c + 20 * y + x);
    expect([...rawPixels({ pixels, count: 1, size: 2 })]).toEqual(
      [...pixels].map((value) => Math.fround(value / 255)),
    );
  });

  it('averages over whole blocks where the sizes divide', () => {
    const out = rawPixels(
      { pixels: image(4, (c, y, x) => 50 * c + 10 * y + x), count: 1, size: 4 },
      { side: 2 },
    );
    const expected = [0, 1, 2].flatMap((c) =>
      [0, 1].flatMap((y) => [0, 1].map((x) => 50 * c + 10 * (2 * y + 0.5) + 2 * x + 0.5)),
    );
    expected.forEach((value, i) => {
      expect(out[i]! * 255).toBeCloseTo(value, 4);
    });
  });

  it('covers parts of pixels where they do not: 3 to 2 by hand', () => {
    const out = rawPixels(
      { pixels: image(3, (_c, _y, x) => [30, 60, 90][x]!), count: 1, size: 3 },
      { side: 2 },
    );
    expect(out[0]! * 255).toBeCloseTo((30 * 1 + 60 * 0.5) / 1.5, 4);
    expect(out[1]! * 255).toBeCloseTo((60 * 0.5 + 90 * 1) / 1.5, 4);
  });

  it('keeps the mean of every channel, at any size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(),
        (size, side, salt) => {
          const pixels = image(size, (c, y, x) => ((c + 1) * 37 + y * 91 + x * 53 + salt) % 256);
          const out = rawPixels({ pixels, count: 1, size }, { side });
          expect(out.length).toBe(rawPixelDimension(size, { side }));
          const mean = (values: ArrayLike<number>, from: number, n: number) =>
            Array.from({ length: n }, (_, i) => values[from + i]!).reduce((a, b) => a + b, 0) / n;
          const n = out.length / 3;
          for (let c = 0; c < 3; c++)
            expect(mean(out, c * n, n) * 255).toBeCloseTo(
              mean(pixels, c * size * size, size * size),
              2,
            );
        },
      ),
    );
  });
});

describe('colorHistogram', () => {
  it('counts joint cells, square root taken', () => {
    // Three pixels of (255, 0, 0), one of (0, 128, 255).
    const pixels = image(2, (c, y, x) =>
      y === 1 && x === 1 ? [0, 128, 255][c]! : [255, 0, 0][c]!,
    );
    const out = colorHistogram({ pixels, count: 1, size: 2 });
    expect(out.length).toBe(64);
    expect(out[3 * 16]).toBeCloseTo(Math.sqrt(0.75), 6);
    expect(out[2 * 4 + 3]).toBeCloseTo(0.5, 6);
    expect(out.filter((value) => value > 0).length).toBe(2);
  });

  it('has rows of length 1 and does not depend on where pixels are', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 27, maxLength: 27 }),
        fc.integer({ min: 1, max: 8 }),
        (pixels, bins) => {
          const out = colorHistogram({ pixels, count: 1, size: 3 }, { bins });
          expect(out.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 5);
          const moved = Uint8Array.from(
            pixels,
            (_, i) => pixels[Math.floor(i / 9) * 9 + ((i + 4) % 9)]!,
          );
          expect(colorHistogram({ pixels: moved, count: 1, size: 3 }, { bins })).toEqual(out);
        },
      ),
    );
  });

  it('refuses too few pixels and impossible bins', () => {
    expect(() => colorHistogram({ pixels: new Uint8Array(5), count: 1, size: 2 })).toThrow(
      'received 5 bytes for 1 images of 2 x 2; expected 12',
    );
    expect(() => rawPixels({ pixels: new Uint8Array(5), count: 1, size: 2 })).toThrow(
      'expected 12',
    );
    expect(() =>
      colorHistogram({ pixels: new Uint8Array(12), count: 1, size: 2 }, { bins: 0 }),
    ).toThrow('bins = 0');
  });
});
