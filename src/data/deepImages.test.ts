import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode.ts';
import { detailed, errorOf } from './pictures.cases.ts';
import { type Samples, tiffFile } from './tiff.cases.ts';
import type { ValueRange } from './types.ts';

const [WIDTH, HEIGHT] = [48, 32];

/** Values from `low` to `high`, pixel by pixel. */
const ramp = (low: number, high: number, count = WIDTH * HEIGHT) =>
  Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
const tiff = (
  data: Samples,
  about: { channels?: 1 | 3; noData?: string; isMinWhite?: boolean } = {},
) => tiffFile([{ width: WIDTH, height: HEIGHT, data, ...about }]);
const uint16 = (low: number, high: number) => tiff(Uint16Array.from(ramp(low, high)));
const decode = (bytes: Uint8Array, range?: ValueRange, size = 64) =>
  decodeImage({ kind: 'encoded', bytes, ...(range && { range }) }, { size });
/** Gray values. */
const grayOf = async (bytes: Uint8Array, range?: ValueRange, size?: number) => {
  const { pixels } = await decode(bytes, range, size);
  return [...pixels].filter((_, i) => i % 3 === 0);
};
const reasonOf = async (bytes: Uint8Array) => (await errorOf(decode(bytes))).message;
/** Bytes of values that are scaled from black to white. */
const scaled = (values: Iterable<number>, [black, white]: ValueRange) =>
  Array.from(values, (value) =>
    Math.min(255, Math.max(0, Math.round((255 * (value - black)) / (white - black)))),
  );

describe('16-bit samples that fill their range', () => {
  it('keep their high bytes, with and without the range', async () => {
    const expected = ramp(0, 65535).map((value) => Math.floor(value) >> 8);
    expect(await grayOf(uint16(0, 65535))).toEqual(expected);
    expect(await grayOf(uint16(0, 65535), [0, 65535])).toEqual(expected);
    expect((await decode(uint16(0, 65535))).isDim).toBeUndefined();
  });

  it('are used where they are dark, if the range is known', async () => {
    const dark = ramp(0, 3000).map((value) => Math.floor(value) >> 8);
    expect(await grayOf(uint16(0, 3000), [0, 65535])).toEqual(dark);
    expect((await decode(uint16(0, 3000), [0, 65535])).isDim).toBeUndefined();
  });
});

describe('16-bit samples without a range', () => {
  it('are refused where they have 12 bits or fewer', async () => {
    for (const [high, text] of [
      [20, '20'],
      [4095, '4,095'],
    ] as const) {
      expect(await reasonOf(uint16(0, high))).toBe(
        `16-bit TIFF file with values up to ${text} of 65,535, which would be black; give the ` +
          '`range` of values that become black and white in all images',
      );
    }
    const { space } = await sharp(uint16(0, 4000)).metadata(); // gray of 16 bits
    const png = await sharp(uint16(0, 4000)).toColourspace(space).png().toBuffer();
    expect(await reasonOf(png)).toContain('16-bit PNG file with values up to 4,000 of 65,535');
  });

  it('are refused with 12 bits too where the lowest value is white', async () => {
    const bytes = tiff(Uint16Array.from(ramp(0, 4095)), { isMinWhite: true });
    expect(await reasonOf(bytes)).toContain('values up to 4,095 of 65,535, which would be white;');
    const full = tiff(Uint16Array.from(ramp(0, 65535)), { isMinWhite: true });
    const reversed = ramp(0, 65535).map((value) => (65535 - Math.floor(value)) >> 8);
    expect(await grayOf(full)).toEqual(reversed);
    expect(await grayOf(full, [0, 65535])).toEqual(reversed);
  });

  it('are used and pointed out where they have 14 bits, and where they are black', async () => {
    expect((await decode(uint16(0, 16383))).isDim).toBe(true);
    const { pixels, isDim } = await decode(uint16(0, 0));
    expect(isDim).toBeUndefined();
    expect(pixels.every((value) => value === 0)).toBe(true);
  });
});

describe('samples of every type', () => {
  it.each<[string, Samples, ValueRange]>([
    ['16-bit', Uint16Array.from(ramp(0, 4095)), [100, 4000]],
    ['signed 16-bit', Int16Array.from(ramp(-1024, 3071)), [-1000, 3000]],
    ['signed 16-bit, all of them', Int16Array.from(ramp(-32768, 32767)), [-32000, 32000]],
    ['signed 8-bit', Int8Array.from(ramp(-128, 127)), [-128, 127]],
    ['32-bit', Uint32Array.from(ramp(0, 1e6)), [0, 1e6]],
    ['signed 32-bit', Int32Array.from(ramp(-1e9, 1e9)), [-1e9, 1e9]],
    ['floating-point', Float32Array.from(ramp(-0.5, 1.5)), [0, 1]],
  ])('are scaled by the range: %s', async (_, data, range) => {
    expect(await grayOf(tiff(data), range)).toEqual(scaled(data, range));
  });

  it.each<[string, Samples, ValueRange]>([
    ['16-bit', Uint16Array.from(ramp(0, 4095)), [100, 4000]],
    ['signed 16-bit', Int16Array.from(ramp(-1024, 3071)), [-1000, 3000]],
    ['signed 8-bit', Int8Array.from(ramp(-128, 127)), [-128, 127]],
    ['32-bit', Uint32Array.from(ramp(0, 1e6)), [0, 1e6]],
    ['signed 32-bit', Int32Array.from(ramp(-1e9, 1e9)), [-1e9, 1e9]],
    ['floating-point', Float32Array.from(ramp(-0.5, 1.5)), [0, 1]],
  ])('are reversed where a file marks its lowest value as white: %s', async (_, data, range) => {
    const own = await grayOf(tiff(data, { isMinWhite: true, noData: `${data[700]}` }), range);
    const expected = scaled(data, range).map((value) => 255 - value);
    const away = own.map((value, i) =>
      Math.abs(value - (data[i] === data[700] ? 0 : expected[i]!)),
    );
    expect(Math.max(...away)).toBeLessThan(2); // values in the middle are rounded
  });

  it('are scaled alike in all channels, and in PNG', async () => {
    const data = Uint16Array.from(ramp(0, 4095, WIDTH * HEIGHT * 3));
    const rgb = tiff(data, { channels: 3 });
    expect([...(await decode(rgb, [0, 4095])).pixels]).toEqual(scaled(data, [0, 4095]));
    const png = await sharp(rgb).toColourspace('rgb16').png().toBuffer();
    expect([...(await decode(png, [0, 4095])).pixels]).toEqual(scaled(data, [0, 4095]));
  });

  it('are scaled after shrinking', async () => {
    const flat = tiff(new Int16Array(WIDTH * HEIGHT).fill(1000));
    expect(new Set(await grayOf(flat, [-1000, 3000], 8))).toEqual(new Set([128]));
  });

  it.each<[string, Samples]>([
    ['signed 16-bit', Int16Array.from(ramp(-1024, 3071))],
    ['signed 8-bit', Int8Array.from(ramp(-128, 127))],
    ['32-bit', Uint32Array.from(ramp(0, 1e6))],
    ['floating-point', Float32Array.from(ramp(0, 1))],
  ])('are refused without a range: %s', async (kind, samples) => {
    expect(await reasonOf(tiff(samples))).toBe(
      `TIFF file with ${kind} values, whose black and white it does not tell; give the \`range\` ` +
        'of values that become black and white in all images',
    );
  });
});

it('draws pixels without data black', async () => {
  const data = Float32Array.from(ramp(100, 2500));
  data.set([Number.NaN, Number.POSITIVE_INFINITY, -3.4e38, 3.4e38, -9999, 777.1]);
  const [first, ...others] = await grayOf(tiff(data, { noData: '777.1' }), [100, 2500]);
  expect([first, ...others.slice(0, 5)]).toEqual([0, 0, 0, 0, 0, 0]);
  expect(others.slice(5)).toEqual(scaled(data.slice(6), [100, 2500]));
});

it('leaves images of 8 bits as they are', async () => {
  const files = [
    await detailed(40, 30).png().toBuffer(),
    await detailed(40, 30).tiff().toBuffer(),
    await detailed(40, 30).jpeg().toBuffer(),
    await detailed(40, 30).webp({ lossless: true }).toBuffer(),
  ];
  for (const bytes of files) {
    const [before, after] = [await decode(bytes), await decode(bytes, [-5, 12])];
    expect(Buffer.compare(before.pixels, after.pixels)).toBe(0);
  }
  const { pixels } = await decode(files[0]!);
  const raw = await detailed(40, 30).raw().toBuffer();
  expect(Buffer.compare(pixels, raw)).toBe(0);
});
