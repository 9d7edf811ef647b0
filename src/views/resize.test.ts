import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blank,
  fixture,
  kernelFixture,
  largestDifference,
  planesOf,
  unpack,
} from './fixture.cases.ts';
import { toInterleaved } from './planarImage.ts';
import { resizeInto, resizeKernels } from './resize.ts';

describe('resizeInto', () => {
  // Reference: torchvision's resized_crop on Pillow images. Tolerance: none, every byte equal.
  it.each(fixture.resize)(
    'equals Pillow: $image, box $box to $size',
    ({ image, box, size, result }) => {
      const [left, top, width, height] = box;
      const target = blank(size);
      resizeInto(unpack(fixture.images[image]), target, { box: { left, top, width, height } });
      expect(largestDifference(target, result)).toBe(0);
    },
  );

  // Reference: Pillow's Image.resize with each kernel. Tolerance: none, every byte equal.
  it.each(kernelFixture.map((row) => ({ ...row, ...row.result })))(
    'equals Pillow: $image, $kernel to $width x $height',
    ({ image, kernel, result }) => {
      const target = blank(result.width, result.height);
      resizeInto(unpack(fixture.images[image]), target, { kernel });
      expect(largestDifference(target, result)).toBe(0);
    },
  );

  it('computes a window with the same values as the whole', () => {
    const source = unpack(fixture.images.large);
    const whole = blank(60, 45);
    resizeInto(source, whole);
    const part = blank(17, 9);
    resizeInto(source, part, { scaledWidth: 60, scaledHeight: 45, left: 20, top: 31 });
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < 9; y++) {
        for (let x = 0; x < 17; x++) {
          expect(part.data[(c * 9 + y) * 17 + x]).toBe(whole.data[(c * 45 + y + 31) * 60 + x + 20]);
        }
      }
    }
  });

  it('keeps a flat color and never leaves the range of the source', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom(...resizeKernels),
        (width, height, size, value, kernel) => {
          const target = blank(size);
          resizeInto(
            { width, height, pixels: new Uint8Array(3 * width * height).fill(value) },
            target,
            { kernel },
          );
          expect(target.data.every((v) => v === value)).toBe(true);
        },
      ),
    );
  });

  it('copies when nothing is to be resized', () => {
    const planes = planesOf('color');
    const target = blank(planes.width, planes.height);
    resizeInto(toInterleaved(planes), target);
    expect(target.data).toEqual(planes.data);
  });
});
