import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { readJpegHeader } from './jpegHeader.ts';
import { detailed, expectNeverThrows } from './pictures.cases.ts';
import { decodeSmallJpeg } from './smallJpeg.ts';

async function small(bytes: Uint8Array) {
  const header = readJpegHeader(bytes);
  return header && decodeSmallJpeg(bytes, header);
}

describe('a small plain JPEG', () => {
  const kinds: [string, (picture: Sharp) => Sharp][] = [
    ['with half the colour resolution', (picture) => picture.jpeg({ quality: 80 })],
    ['with full colour resolution', (picture) => picture.jpeg({ chromaSubsampling: '4:4:4' })],
    ['of low quality', (picture) => picture.jpeg({ quality: 15 })],
    ['of the highest quality', (picture) => picture.jpeg({ quality: 100 })],
    ['progressive', (picture) => picture.jpeg({ progressive: true })],
    ['with tables of its own', (picture) => picture.jpeg({ mozjpeg: true })],
    ['grey', (picture) => picture.toColourspace('b-w').jpeg()],
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
      const [channels, colours] = name === 'grey' ? ([1, 'b-w'] as const) : ([3, 'srgb'] as const);
      expect([found.width, found.height, found.channels]).toEqual([width, height, channels]);
      const data = await sharp(file).toColourspace(colours).raw().toBuffer();
      expect(Buffer.compare(Buffer.from(found.pixels), data)).toBe(0);
    }
  });

  it('is left to sharp where there is more to it than pixels, or where it is large', async () => {
    const turned = await detailed(32, 32).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const large = await detailed(400, 300).jpeg().toBuffer();
    expect(await small(turned)).toBeUndefined();
    expect(await small(large)).toBeUndefined();
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
