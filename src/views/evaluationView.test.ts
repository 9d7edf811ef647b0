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
