import { describe, expect, it } from 'vitest';
import { decodeBmp } from './bmp.ts';

interface BmpParts {
  width: number;
  height: number;
  bits: number;
  rows: number[][];
  palette?: number[];
  compression?: number;
  masks?: number[];
}

/** A bitmap byte by byte, after Microsoft's description; `rows` in the order of the file. */
function bmp({
  width,
  height,
  bits,
  rows,
  palette = [],
  compression = 0,
  masks = [],
}: BmpParts): Buffer {
  const headerBytes = masks.length === 4 ? 56 : 40;
  const header = Buffer.alloc(14 + headerBytes + (masks.length === 3 ? 12 : 0));
  const data = Buffer.concat(
    rows.map((row) => Buffer.from([...row, ...Array((4 - (row.length % 4)) % 4).fill(0)])),
  );
  header.write('BM');
  header.writeUInt32LE(header.length + palette.length + data.length, 2);
  header.writeUInt32LE(header.length + palette.length, 10);
  header.writeUInt32LE(headerBytes, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(bits, 28);
  header.writeUInt32LE(compression, 30);
  header.writeUInt32LE(palette.length / 4, 46);
  masks.forEach((mask, i) => {
    header.writeUInt32LE(mask, 54 + i * 4);
  });
  return Buffer.concat([header, Buffer.from(palette), data]);
}

const decode = (bytes: Uint8Array) => decodeBmp(bytes, { maxPixels: 1e6 });
const RED = [0, 0, 255]; // bitmaps store blue first
const GREEN = [0, 255, 0];
const BLUE = [255, 0, 0];
const GRAY = [7, 8, 9];

describe('decodeBmp', () => {
  it('reads 24 bits, bottom row first', () => {
    const image = decode(
      bmp({
        width: 2,
        height: 2,
        bits: 24,
        rows: [
          [...BLUE, ...GRAY],
          [...RED, ...GREEN],
        ],
      }),
    );
    expect([...image.pixels]).toEqual([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7]);
  });

  it('reads 24 bits, top row first, when the height is negative', () => {
    const image = decode(
      bmp({
        width: 2,
        height: -2,
        bits: 24,
        rows: [
          [...BLUE, ...GRAY],
          [...RED, ...GREEN],
        ],
      }),
    );
    expect(image.height).toBe(2);
    expect([...image.pixels]).toEqual([0, 0, 255, 9, 8, 7, 255, 0, 0, 0, 255, 0]);
  });

  it('reads 32 bits and ignores the unused byte', () => {
    const image = decode(bmp({ width: 2, height: 1, bits: 32, rows: [[...RED, 0, ...GRAY, 99]] }));
    expect(image.channels).toBe(3);
    expect([...image.pixels]).toEqual([255, 0, 0, 9, 8, 7]);
  });

  it('reads 32 bits with masks and alpha', () => {
    const masks = [0xff000000, 0xff0000, 0xff00, 0xff];
    const image = decode(
      bmp({ width: 1, height: 1, bits: 32, compression: 3, masks, rows: [[128, 3, 2, 1]] }),
    );
    expect(image.channels).toBe(4);
    expect([...image.pixels]).toEqual([1, 2, 3, 128]);
  });

  it('reads 16 bits as 5-6-5 with masks and as 5-5-5 without', () => {
    const masks = [0xf800, 0x07e0, 0x001f];
    const word = [0b000_11111, 0b10000_111]; // low byte first: red 16, green 63, blue 31
    const image = decode(
      bmp({ width: 1, height: 1, bits: 16, compression: 3, masks, rows: [[0xff, 0x87]] }),
    );
    expect([...image.pixels]).toEqual([Math.round((16 * 255) / 31), 255, 255]);
    const plain = decode(bmp({ width: 1, height: 1, bits: 16, rows: [[word[0]!, 0x7c]] }));
    expect([...plain.pixels]).toEqual([255, 0, 255]);
  });

  it.each([
    [8, [1, 0, 2]],
    [4, [0x10, 0x20]],
  ])('reads a palette of %i bits', (bits, row) => {
    const palette = [...RED, 0, ...GREEN, 0, ...BLUE, 0];
    const image = decode(bmp({ width: 3, height: 1, bits, palette, rows: [row] }));
    expect([...image.pixels]).toEqual([0, 255, 0, 255, 0, 0, 0, 0, 255]);
  });

  it('reads 1 bit', () => {
    const image = decode(
      bmp({
        width: 3,
        height: 1,
        bits: 1,
        palette: [...RED, 0, ...GREEN, 0],
        rows: [[0b010_00000]],
      }),
    );
    expect([...image.pixels]).toEqual([255, 0, 0, 0, 255, 0, 255, 0, 0]);
  });

  it('refuses what is cut off, compressed or too large', () => {
    const whole = bmp({
      width: 2,
      height: 2,
      bits: 24,
      rows: [
        [...BLUE, ...GRAY],
        [...RED, ...GREEN],
      ],
    });
    expect(() => decode(whole.subarray(0, -1))).toThrow('truncated BMP (69 of 70 bytes)');
    expect(() => decode(whole.subarray(0, 20))).toThrow('truncated BMP header');
    expect(() =>
      decode(bmp({ width: 2, height: 1, bits: 8, compression: 1, rows: [[0]] })),
    ).toThrow('compressed BMP is not supported; convert it to PNG');
    expect(() => decode(bmp({ width: 50_000, height: 50_000, bits: 24, rows: [] }))).toThrow(
      '50000 x 50000 pixels are 2,500 million, more than the limit of 1 million',
    );
    expect(() => decode(bmp({ width: 0, height: 1, bits: 24, rows: [] }))).toThrow(
      'broken BMP header (0 x 1 pixels)',
    );
  });
});
