import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJpegHeader } from './jpegHeader.ts';
import { detailed } from './pictures.cases.ts';

/** A JPEG whose second segment is an Exif block of these bytes. */
function withExif(file: Uint8Array, tiff: number[]): Uint8Array {
  const body = [...Buffer.from('Exif\0\0', 'latin1'), ...tiff];
  const length = body.length + 2;
  return Uint8Array.from([
    0xff,
    0xd8,
    0xff,
    0xe1,
    length >> 8,
    length & 255,
    ...body,
    ...file.subarray(2),
  ]);
}

/** An Exif block with one entry, the orientation, as a number of 16 bits. */
const littleEndian = (orientation: number) => [
  ...[0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0],
  ...[0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0],
];
const bigEndian = (orientation: number) => [
  ...[0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1],
  ...[1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0],
];

describe('the header of a JPEG', () => {
  it('is its size, its channels, and whether it is plain', async () => {
    const file = await detailed(40, 24).jpeg().toBuffer();
    const size = { width: 40, height: 24, channels: 3 };
    expect(readJpegHeader(file)).toMatchObject({ ...size, isPlain: true });
    const turned = await detailed(40, 24).withMetadata({ orientation: 3 }).jpeg().toBuffer();
    expect(readJpegHeader(turned)).toMatchObject({ ...size, isPlain: false });
    const gray = await detailed(40, 24).toColourspace('b-w').jpeg().toBuffer();
    expect(readJpegHeader(gray)).toMatchObject({ ...size, channels: 1, isPlain: true });
  });

  it.each([
    ['a profile', () => detailed(32, 32).withIccProfile('p3').jpeg()],
    ['four colors', () => detailed(32, 32).toColourspace('cmyk').jpeg()],
  ])('is not plain with %s', async (_, picture) => {
    expect(readJpegHeader(await picture().toBuffer())).toMatchObject({ isPlain: false });
  });

  it.each([
    ['from the low byte on', littleEndian],
    ['from the high byte on', bigEndian],
  ])('is plain where its Exif block says upright, %s', async (_, exif) => {
    const file = await detailed(16, 16).jpeg().toBuffer();
    const plain = [1, 2, 3, 4, 5, 6, 7, 8].filter(
      (turn) => readJpegHeader(withExif(file, exif(turn)))!.isPlain,
    );
    expect(plain).toEqual([1]);
  });

  it('is plain where an Exif block names no orientation, and not where the block cannot be read', async () => {
    const file = await detailed(16, 16).jpeg().toBuffer();
    const isPlain = (tiff: number[]) => readJpegHeader(withExif(file, tiff))!.isPlain;
    const other = littleEndian(6);
    other[10] = 0x13;
    expect(isPlain(other)).toBe(true);
    expect(isPlain([])).toBe(false);
    expect(isPlain(littleEndian(1).slice(0, 12))).toBe(false);
    expect(isPlain([0, 0, ...littleEndian(1).slice(2)])).toBe(false);
    expect(isPlain([...littleEndian(1).slice(0, 12), 4, ...littleEndian(1).slice(13)])).toBe(false);
  });

  it('is read past fill bytes, and not from what is no JPEG', async () => {
    const file = await detailed(8, 8).jpeg().toBuffer();
    const filled = Buffer.concat([
      file.subarray(0, 2),
      Buffer.from([0xff, 0xff]),
      file.subarray(2),
    ]);
    expect(readJpegHeader(filled)).toEqual(readJpegHeader(file));
    expect(readJpegHeader(Buffer.from('RIFF....WEBPVP8 '))).toBeUndefined();
    expect(readJpegHeader(new Uint8Array(3))).toBeUndefined();
  });

  it('never throws, whatever the bytes', async () => {
    const file = withExif(await detailed(8, 8).jpeg().toBuffer(), bigEndian(1));
    fc.assert(
      fc.property(fc.nat(200), fc.nat(255), fc.nat(file.length), (at, value, length) => {
        const changed = file.slice(0, length);
        changed[at] = value;
        readJpegHeader(changed);
      }),
      { numRuns: 2000 },
    );
  });
});
