import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode.ts';
import { readJpegHeader } from './jpegHeader.ts';
import { comments, jpegOfTwoHeaders } from './jpegs.cases.ts';
import { detailed, errorOf, expectNeverThrows } from './pictures.cases.ts';
import { decodeWasmJpeg, type WasmJpegOptions } from './wasmJpeg.ts';

const small = (bytes: Uint8Array) => decodeWasmJpeg(bytes, { maxShortSide: 256 });

describe('a small plain JPEG', () => {
  const kinds: [string, (picture: Sharp) => Sharp][] = [
    ['with half the color resolution', (picture) => picture.jpeg({ quality: 80 })],
    ['with full color resolution', (picture) => picture.jpeg({ chromaSubsampling: '4:4:4' })],
    ['of low quality', (picture) => picture.jpeg({ quality: 15 })],
    ['of the highest quality', (picture) => picture.jpeg({ quality: 100 })],
    ['progressive', (picture) => picture.jpeg({ progressive: true })],
    ['with tables of its own', (picture) => picture.jpeg({ mozjpeg: true })],
    ['gray', (picture) => picture.toColourspace('b-w').jpeg()],
  ];
  it.each(kinds)('%s is decoded to the bytes that sharp gives', async (name, encode) => {
    for (const [width, height] of [
      [32, 32],
      [37, 23],
      [1, 9],
      [160, 200],
    ] as const) {
      const file = await encode(detailed(width, height)).toBuffer();
      const found = (await small(file))!;
      const [channels, colors] = name === 'gray' ? ([1, 'b-w'] as const) : ([3, 'srgb'] as const);
      expect([found.width, found.height, found.channels]).toEqual([width, height, channels]);
      const data = await sharp(file).toColourspace(colors).raw().toBuffer();
      expect(Buffer.compare(Buffer.from(found.pixels), data)).toBe(0);
    }
  });

  it('is left to sharp where there is more to it than pixels, or where it is large', async () => {
    const turned = await detailed(32, 32).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const large = await detailed(400, 300).jpeg().toBuffer();
    const profile = await detailed(32, 32).withIccProfile('p3').jpeg().toBuffer();
    const inks = await detailed(32, 32).toColourspace('cmyk').jpeg().toBuffer();
    for (const file of [turned, large, profile, inks]) expect(await small(file)).toBeUndefined();
    const file = await detailed(48, 32).jpeg().toBuffer();
    const found = async (options: WasmJpegOptions) =>
      (await decodeWasmJpeg(file, options)) !== undefined;
    expect(await found({ maxShortSide: 32 })).toBe(true);
    expect(await found({ maxShortSide: 31 })).toBe(false);
    expect(await found({ maxShortSide: 32, maxPixels: 48 * 32 - 1 })).toBe(false);
    const long = Buffer.concat([file.subarray(0, 2), comments(2 ** 20), file.subarray(2)]);
    expect(await small(long)).toBeUndefined();
  });

  it('is left to sharp where its header can be read in two ways', async () => {
    const [large, little] = [
      { width: 4000, height: 3000 },
      { width: 40, height: 40 },
    ];
    const asLarge = await jpegOfTwoHeaders(large, little);
    const asLittle = await jpegOfTwoHeaders(little, large);
    for (const file of [asLarge, asLittle]) {
      expect(readJpegHeader(file)).toBeUndefined();
      expect(await small(file)).toBeUndefined();
    }
    // sharp sizes its buffers by its own reading: one file ends too early, the other is whole.
    const error = await errorOf(decodeImage({ kind: 'encoded', bytes: asLarge }, { size: 32 }));
    expect([error.code, error.message]).toEqual([
      'image.unusable',
      expect.stringMatching(/^truncated or corrupt JPEG file/),
    ]);
    const found = await decodeImage({ kind: 'encoded', bytes: asLittle }, { size: 40 });
    expect(found).toMatchObject(little);
    expect(found.pixels.length).toBe(40 * 40 * 3);
  });

  it('is decoded after thousands of damaged ones', async () => {
    const file = await detailed(150, 150).jpeg().toBuffer();
    const whole = (await small(file))!.pixels;
    for (let i = 0; i < 6000; i++) await small(file.subarray(0, file.length >> 1));
    expect((await small(file))!.pixels).toEqual(whole);
  });

  it('is left to sharp where it ends too early, and the next one is decoded', async () => {
    const file = await detailed(32, 32).jpeg().toBuffer();
    const whole = (await small(file))!.pixels;
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 3), async (length) => {
        expect(await small(file.subarray(0, length))).toBeUndefined();
        expect((await small(file))!.pixels).toEqual(whole);
      }),
      { numRuns: 100 },
    );
  });

  it('never throws, whatever the bytes', () => expectNeverThrows(small));
});
