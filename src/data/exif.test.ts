/** Dates of cameras in files that libvips has written, and damaged blocks. */
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { imageSize, knownSize } from './decode.ts';
import { readOrientation, readTaken, UPRIGHT } from './exif.ts';

const picture = sharp({
  create: { width: 12, height: 8, channels: 3, background: 'red' },
});
/** A picture with fields of the Exif directory. */
const written = async (fields: Record<string, string>, format: 'jpeg' | 'png' | 'webp' | 'tiff') =>
  picture.clone().withExif({ IFD2: fields }).toFormat(format).toBuffer();
const taken = async (fields: Record<string, string>, format: 'jpeg' | 'png' | 'webp' = 'jpeg') =>
  (await imageSize({ kind: 'encoded', bytes: await written(fields, format) })).taken;
const local = new Date(2024, 4, 31, 18, 4, 9).getTime();

describe('the date of a picture', () => {
  it('is that of the camera, in the zone of this machine', async () => {
    const fields = { DateTimeOriginal: '2024:05:31 18:04:09' };
    for (const format of ['jpeg', 'png', 'webp'] as const) {
      expect(await taken(fields, format)).toBe(local);
    }
    expect(await taken({ DateTimeDigitized: '2024:05:31 18:04:09' })).toBe(local);
  });

  it('follows the offset from UTC that the camera has stored', async () => {
    const fields = { DateTimeOriginal: '2024:05:31 18:04:09' };
    const at = (offset: string) => taken({ ...fields, OffsetTimeOriginal: offset });
    expect(await at('+02:00')).toBe(Date.UTC(2024, 4, 31, 16, 4, 9));
    expect(await at('-09:30')).toBe(Date.UTC(2024, 5, 1, 3, 34, 9));
    expect(await at('   :  ')).toBe(local);
  });

  it('is read without a decoder from the first bytes of a JPEG', async () => {
    const bytes = await written({ DateTimeOriginal: '2024:05:31 18:04:09' }, 'jpeg');
    const size = { width: 12, height: 8, taken: local };
    expect(knownSize({ kind: 'encoded', bytes })).toEqual(size);
    const cut = bytes.subarray(0, bytes.length - 4);
    expect(knownSize({ kind: 'encoded', bytes: cut })).toEqual(size);
  });

  it('is unknown where the clock was never set, or the date is none', async () => {
    const dates = ['0000:00:00 00:00:00', '2024:02:31 10:00:00', '2024-05-31T18:04:09', '    '];
    for (const date of dates) expect(await taken({ DateTimeOriginal: date })).toBeUndefined();
    const plain = await picture.clone().jpeg().toBuffer();
    expect(await imageSize({ kind: 'encoded', bytes: plain })).toEqual({ width: 12, height: 8 });
  });

  it('and the orientation are read from damaged blocks without an error', async () => {
    const { exif } = await sharp(
      await written({ DateTimeOriginal: '2024:05:31 18:04:09' }, 'jpeg'),
    ).metadata();
    const block = exif!.subarray(6);
    expect([readTaken(exif!), readTaken(block)]).toEqual([local, local]);
    expect(readOrientation(block)).toBe(UPRIGHT);
    const damage = fc.record({
      bytes: fc.constant(block),
      at: fc.nat(block.length - 1),
      value: fc.nat(255),
      length: fc.nat(block.length),
    });
    fc.assert(
      fc.property(damage, ({ bytes, at, value, length }) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = value;
        for (const part of [damaged, damaged.subarray(0, length)]) {
          const found = [readTaken(part), readOrientation(part)];
          expect(found.every((one) => one === undefined || Number.isInteger(one))).toBe(true);
        }
      }),
    );
  });
});
