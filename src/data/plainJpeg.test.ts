import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode.ts';
import { photograph } from './pictures.cases.ts';
import { decodePlainJpeg } from './plainJpeg.ts';
import { TURBO_VERSION } from './turboJpeg.ts';
import type { Pixels, RawImage } from './types.ts';

const finish = async ({ width, height, pixels }: RawImage): Promise<Pixels> => ({ width, height, pixels });
const limits = { shorter: 256, maxPixels: 2 ** 28, finish };
const jpeg = (width: number, height: number, quality = 80) =>
  photograph(width, height).jpeg({ quality }).toBuffer();

describe('a JPEG that is nothing but pixels', () => {
  it('is decoded as a whole, unless it is to be shrunk to a half or less', async () => {
    const small = await jpeg(48, 32);
    expect(await decodePlainJpeg(small, limits)).toMatchObject({ width: 48, height: 32 });
    expect(await decodePlainJpeg(small, { ...limits, shorter: 16 })).toBeUndefined();
    expect(await decodePlainJpeg(small, { ...limits, maxPixels: 1000 })).toBeUndefined();
    expect(await decodePlainJpeg(await jpeg(48, 32, 100), limits)).toMatchObject({ width: 48, height: 32 });
    expect(await decodePlainJpeg(Buffer.from('no picture'), limits)).toBeUndefined();
  });

  // The module is an optional dependency: where a system has none, others decode and there is nothing to test.
  it.skipIf(TURBO_VERSION === 'none')('is decoded as a whole where it is to be shrunk a little', async () => {
    const file = await jpeg(500, 375);
    expect(await decodePlainJpeg(file, limits)).toMatchObject({ width: 500, height: 375 });
    expect(await decodePlainJpeg(file, { ...limits, shorter: 187 })).toBeUndefined();
  });

  it('has the size and the colours of other formats with the same pixels, shrunk or not', async () => {
    for (const [width, height] of [
      [500, 375],
      [300, 700],
      [90, 60],
    ] as const) {
      const [jpegFile, pngFile] = [
        await jpeg(width, height, 90),
        await photograph(width, height).png().toBuffer(),
      ];
      const found = await decodeImage({ kind: 'encoded', bytes: jpegFile }, { size: 256 });
      const wanted = await decodeImage({ kind: 'encoded', bytes: pngFile }, { size: 256 });
      expect([found.width, found.height]).toEqual([wanted.width, wanted.height]);
      const sum = found.pixels.reduce((total, value, i) => total + Math.abs(value - wanted.pixels[i]!), 0);
      expect(sum / found.pixels.length).toBeLessThan(5);
    }
  });

  it('is as bright in each colour as other formats, shrunk or not', async () => {
    const pictures = await Promise.all([jpeg(500, 375, 90), photograph(500, 375).png().toBuffer()]);
    for (const size of [256, 375]) {
      const [found, wanted] = await Promise.all(
        pictures.map((bytes) => decodeImage({ kind: 'encoded', bytes }, { size })),
      );
      const sums = [0, 0, 0];
      found!.pixels.forEach((value, i) => {
        sums[i % 3]! += value - wanted!.pixels[i]!;
      });
      for (const sum of sums) expect(Math.abs(sum) / (found!.pixels.length / 3)).toBeLessThan(0.6);
    }
  });

  it('does not mix with others that are decoded at the same time', async () => {
    const files = await Promise.all(
      [50, 60, 70, 80, 90].map((quality, i) => jpeg(400 + 20 * i, 300, quality)),
    );
    const decode = (bytes: Uint8Array) => decodeImage({ kind: 'encoded', bytes }, { size: 200 });
    const alone: Uint8Array[] = [];
    for (const file of files) alone.push((await decode(file)).pixels);
    for (let round = 0; round < 3; round++) {
      const together = await Promise.all(files.map(decode));
      together.forEach(({ pixels }, i) => {
        expect(Buffer.compare(pixels, alone[i]!)).toBe(0);
      });
    }
  });
});
