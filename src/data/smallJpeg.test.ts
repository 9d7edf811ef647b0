import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { detailed } from './pictures.cases.ts';
import { decodeSmallJpeg, readJpegHeader } from './smallJpeg.ts';

const limits = { shorter: 256, maxPixels: 2 ** 28 };
const small = (bytes: Uint8Array) => decodeSmallJpeg(bytes, limits);

describe('a small plain JPEG', () => {
  const kinds: [string, (picture: Sharp) => Sharp][] = [
    ['with half the colour resolution', (picture) => picture.jpeg({ quality: 80 })],
    ['with full colour resolution', (picture) => picture.jpeg({ chromaSubsampling: '4:4:4' })],
    ['of low quality', (picture) => picture.jpeg({ quality: 15 })],
    ['progressive', (picture) => picture.jpeg({ progressive: true })],
    ['with tables of its own', (picture) => picture.jpeg({ mozjpeg: true })],
    ['grey', (picture) => picture.greyscale().jpeg()],
  ];
  it.each(kinds)('%s is decoded to the bytes that sharp gives', async (_, encode) => {
    for (const [width, height] of [
      [32, 32],
      [37, 23],
      [1, 9],
      [160, 200],
    ] as const) {
      const file = await encode(detailed(width, height)).toBuffer();
      const found = (await small(file))!;
      const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
      expect([found.width, found.height, found.channels]).toEqual([width, height, info.channels]);
      expect(Buffer.compare(Buffer.from(found.pixels), data)).toBe(0);
    }
  });

  it('is left to sharp where there is more to it than pixels', async () => {
    const picture = () => detailed(32, 32);
    const files = {
      turned: picture().withMetadata({ orientation: 6 }).jpeg(),
      profile: picture().withIccProfile('p3').jpeg(),
      inks: picture().toColourspace('cmyk').jpeg(),
      large: detailed(400, 300).jpeg(),
    };
    for (const [name, file] of Object.entries(files)) {
      expect(await small(await file.toBuffer()), name).toBeUndefined();
    }
    const file = await picture().jpeg().toBuffer();
    expect(await small(file)).toBeDefined();
    expect(await decodeSmallJpeg(file, { ...limits, shorter: 31 })).toBeUndefined();
    expect(await decodeSmallJpeg(file, { ...limits, maxPixels: 1000 })).toBeUndefined();
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

  it('never throws, whatever the bytes', async () => {
    const file = await detailed(24, 24).jpeg().toBuffer();
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.nat(255), async (at, value) => {
        const changed = Uint8Array.from(file);
        changed[at] = value;
        readJpegHeader(changed);
        const found = await small(changed);
        if (found) expect(found.pixels.length).toBe(found.width * found.height * found.channels);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the header of a JPEG', () => {
  it('is its size, and whether it is plain', async () => {
    const file = await detailed(40, 24).jpeg().toBuffer();
    expect(readJpegHeader(file)).toEqual({ width: 40, height: 24, isPlain: true });
    const turned = await detailed(40, 24).withMetadata({ orientation: 3 }).jpeg().toBuffer();
    expect(readJpegHeader(turned)).toEqual({ width: 40, height: 24, isPlain: false });
  });

  it('is read past fill bytes, and not from what is no JPEG', async () => {
    const file = await detailed(8, 8).jpeg().toBuffer();
    const filled = Buffer.concat([file.subarray(0, 2), Buffer.from([0xff, 0xff]), file.subarray(2)]);
    expect(readJpegHeader(filled)).toEqual(readJpegHeader(file));
    expect(readJpegHeader(Buffer.from('RIFF....WEBPVP8 '))).toBeUndefined();
    expect(readJpegHeader(new Uint8Array(3))).toBeUndefined();
  });
});
