import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blank, fixture, largestDifference, planesOf } from './fixture.cases.ts';
import { boxBlur, gaussianBlur } from './gaussianBlur.ts';

describe('boxBlur', () => {
  // Reference: Pillow's ImageFilter.GaussianBlur. Tolerance: none, also where sigma is larger than
  // the image.
  it.each(fixture.boxBlur)(
    'equals Pillow: $image, sigma $sigma',
    ({ image: name, sigma, result }) => {
      const image = planesOf(name);
      boxBlur(image, sigma);
      expect(largestDifference(image, result)).toBe(0);
    },
  );
});

describe('gaussianBlur', () => {
  // Reference: torchvision's gaussian_blur with kernel size 23. Tolerance: 1 gray level, because
  // torchvision sums in single precision and both round to whole numbers.
  it.each(fixture.gaussianBlur)(
    'agrees with torchvision: $image, sigma $sigma',
    ({ image: name, sigma, result }) => {
      const image = planesOf(name);
      gaussianBlur(image, sigma);
      expect(largestDifference(image, result)).toBeLessThanOrEqual(1);
    },
  );
});

describe.each([
  { name: 'boxBlur', blur: boxBlur },
  { name: 'gaussianBlur', blur: gaussianBlur },
])('$name', ({ blur }) => {
  it('keeps flat images of any size', () => {
    const side = fc.integer({ min: 1, max: 30 });
    const sigma = fc.double({ min: 0.1, max: 5, noNaN: true });
    fc.assert(
      fc.property(
        side,
        side,
        fc.integer({ min: 0, max: 255 }),
        sigma,
        (width, height, value, s) => {
          const image = blank(width, height);
          image.data.fill(value);
          blur(image, s);
          expect(image.data.every((v) => v === value)).toBe(true);
        },
      ),
    );
  });

  it('spreads a bright line with the variance asked for', () => {
    const image = blank(41);
    for (let y = 0; y < 41; y++) image.data[y * 41 + 20] = 255;
    blur(image, 1.5);
    const row = [...image.data.subarray(20 * 41, 21 * 41)];
    const total = row.reduce((a, b) => a + b);
    const variance = row.reduce((sum, value, x) => sum + value * (x - 20) ** 2, 0) / total;
    expect(Math.abs(total - 255)).toBeLessThan(5); // 11 values, each rounded
    expect(Math.abs(variance - 1.5 ** 2)).toBeLessThan(0.15);
  });
});
