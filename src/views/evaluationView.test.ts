import { describe, expect, it } from 'vitest';
import { checkEvaluation, renderEvaluationView } from './evaluationView.ts';
import { blank, fixture, largestDifference, unpack } from './fixture.cases.ts';

describe('renderEvaluationView', () => {
  // Reference: torchvision's Resize and CenterCrop on Pillow images. Tolerance: none.
  it.each(fixture.evaluation)(
    'equals torchvision: $image, shorter side $resize, center $size',
    (expected) => {
      const { image, resize, size, result } = expected;
      const target = blank(size);
      renderEvaluationView(unpack(fixture.images[image]), target, { resize, size });
      expect(largestDifference(target, result)).toBe(0);
    },
  );

  // Reference: Pillow 9.4.0, resize((4, 4), BILINEAR) of 8 x 4 pixels.
  it('squashes an image as Pillow does', () => {
    const pixels = Uint8Array.from({ length: 4 * 8 * 3 }, (_, i) => {
      const [y, x, c] = [Math.floor(i / 24), Math.floor(i / 3) % 8, i % 3];
      return x * 29 + y * 53 + c * 71 + ((x * y) % 7) * 11;
    });
    const target = blank(4);
    renderEvaluationView({ width: 8, height: 4, pixels }, target, { size: 4, fit: 'squash' });
    expect([...target.data]).toEqual([
      21, 73, 131, 182, 82, 153, 201, 52, 142, 128, 108, 61, 167, 52, 67, 106, 92, 144, 202, 144,
      153, 192, 80, 86, 177, 71, 83, 132, 128, 91, 138, 177, 163, 183, 49, 68, 187, 71, 119, 157,
      138, 110, 154, 203, 89, 162, 177, 138,
    ]);
  });

  it('leaves an image of exactly that size unchanged', () => {
    const pixels = Uint8Array.from({ length: 3 * 16 * 16 }, (_, i) => (i * 37) & 255);
    const target = blank(16);
    renderEvaluationView({ width: 16, height: 16, pixels }, target, { size: 16 });
    for (let i = 0; i < 256; i++) {
      for (let c = 0; c < 3; c++) expect(target.data[c * 256 + i]).toBe(pixels[3 * i + c]);
    }
  });
});

describe('checkEvaluation', () => {
  it('refuses a square larger than the resized image', () => {
    expect(() => checkEvaluation({ size: 64, resize: 32 })).toThrow(
      /size 64 and resize 32.*at least size/,
    );
    expect(() => checkEvaluation({ size: 64 })).not.toThrow();
  });
});
