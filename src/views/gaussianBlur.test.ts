import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blank, fixture, largestDifference, planesOf } from './fixture.cases.ts';
import { boxBlur, gaussianBlur } from './gaussianBlur.ts';

describe('boxBlur', () => {
  // Reference: Pillow's ImageFilter.GaussianBlur. Tolerance: none, also where sigma is larger than the image.
  it.each(fixture.boxBlur)('equals Pillow: $image, sigma $sigma', ({ image: name, sigma, result }) => {
    const image = planesOf(name);
    boxBlur(image, sigma);
    expect(largestDifference(image, result)).toBe(0);
  });
});

describe('gaussianBlur', () => {
  // Reference: torchvision's gaussian_blur with kernel size 23. Tolerance: 1 grey level, because torchvision sums in
  // single precision and both round to whole numbers.
  it.each(fixture.gaussianBlur)(
    'agrees with torchvision: $image, sigma $sigma',
    ({ image: name, sigma, result }) => {
      const image = planesOf(name);
      gaussianBlur(image, sigma);
      expect(largestDifference(image, result)).toBeLessThanOrEqual(1);
    },
  );

  it('spreads a point with the variance asked for', () => {
    const image = blank(41);
    image.data[20 * 41 + 20] = 255;
    for (let y = 12; y < 29; y++) for (let x = 12; x < 29; x++) image.data[y * 41 + x] = 255;
    const before = [...image.data].reduce((a, b) => a + b);
    gaussianBlur(image, 1.5);
    const after = [...image.data].reduce((a, b) => a + b);
    expect(Math.abs(after / before - 1)).toBeLessThan(0.01);
  });
});

describe.each([
  { name: 'boxBlur', blur: boxBlur },
  { name: 'gaussianBlur', blur: gaussianBlur },
])('$name', ({ blur }) => {
  it('keeps flat images of any size', () => {
    const side = fc.integer({ min: 1, max: 30 });
    const sigma = fc.double({ min: 0.1, max: 5, noNaN: true });
    fc.assert(
      fc.property(side, side, fc.integer({ min: 0, max: 255 }), sigma, (width, height, value, s) => {
        const image = blank(width, height);
        image.data.fill(value);
        blur(image, s);
        expect(image.data.every((v) => v === value)).toBe(true);
      }),
    );
  });
});
