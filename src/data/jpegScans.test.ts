import { describe, expect, it } from 'vitest';
import { hasAllScans } from './jpegScans.ts';
import { jpegOfManyScans, jpegOfRestarts, jpegOfThreeScans } from './jpegs.cases.ts';
import { photograph } from './pictures.cases.ts';

/** Lengths from 2 up to the file's at which it is whole. */
const wholeLengths = (file: Buffer) =>
  Array.from({ length: file.length - 1 }, (_, i) => i + 2).filter((length) =>
    hasAllScans(file.subarray(0, length)),
  );

describe('hasAllScans', () => {
  it('counts the blocks of baseline files, to the last byte', async () => {
    for (const chromaSubsampling of ['4:2:0', '4:4:4']) {
      for (const [width, height] of [
        [20, 12],
        [8, 16],
        [17, 1],
      ] as const) {
        const file = await photograph(width, height).jpeg({ chromaSubsampling }).toBuffer();
        expect(wholeLengths(file)).toEqual([file.length - 2, file.length - 1, file.length]);
      }
    }
  });

  it('counts those of a scan per component, and of four components', async () => {
    const gray = await photograph(20, 12).toColourspace('b-w').jpeg().toBuffer();
    const cmyk = await photograph(20, 12).toColourspace('cmyk').jpeg().toBuffer();
    for (const file of [jpegOfThreeScans(gray), cmyk]) {
      expect(wholeLengths(file)).toEqual([file.length - 2, file.length - 1, file.length]);
    }
  });

  it('counts those between restart markers, which each begin a byte', () => {
    const file = jpegOfRestarts();
    expect(wholeLengths(file)).toEqual([file.length]);
    const data = file.length - 10;
    expect(hasAllScans(Buffer.concat([file, Buffer.of(0xff)]))).toBe(true);
    expect(hasAllScans(Buffer.concat([file, Buffer.of(0)]))).toBe(false);
    const longer = [file.subarray(0, data), Buffer.of(0), file.subarray(data)];
    expect(hasAllScans(Buffer.concat(longer))).toBe(false);
    const lost = [file.subarray(0, data + 3), file.subarray(data + 6)];
    expect(hasAllScans(Buffer.concat(lost))).toBe(false);
  });

  it('wants all bits of all coefficients from progressive scans', async () => {
    const file = await photograph(50, 30).jpeg({ progressive: true }).toBuffer();
    const last = file.lastIndexOf(Buffer.from([0xff, 0xda]));
    // The decoder tells what the last scan lacks.
    expect(Math.min(...wholeLengths(file))).toBe(last + 2 + file.readUInt16BE(last + 2));
    expect(hasAllScans(jpegOfManyScans({ width: 8, height: 8 }, 1))).toBe(false);
    expect(hasAllScans(jpegOfManyScans({ width: 8, height: 8 }, 2))).toBe(true);
  });
});
