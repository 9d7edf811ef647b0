import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode.ts';
import { errorOf } from './pictures.cases.ts';

const [WIDTH, HEIGHT] = [48, 32];

interface Samples {
  bits: number;
  /** TIFF's tag 339: 1 unsigned, 2 signed, 3 floating point. */
  format: 1 | 2 | 3;
  data: Uint16Array | Int16Array | Int8Array | Uint32Array | Float32Array;
}

/** A gray TIFF of one strip, with a tag that no program knows. Source: TIFF 6.0, section 2. */
function tiff({ bits, format, data }: Samples): Buffer {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const tags = [
    ...[
      [256, WIDTH],
      [257, HEIGHT],
      [258, bits],
      [259, 1],
      [262, 1],
      [273, 8],
      [277, 1],
    ],
    ...[
      [278, HEIGHT],
      [279, bytes.length],
      [339, format],
      [59999, 7],
    ],
  ] as const;
  const directory = Buffer.alloc(2 + tags.length * 12 + 4);
  directory.writeUInt16LE(tags.length, 0);
  for (const [i, [tag, value]] of tags.entries()) {
    directory.writeUInt16LE(tag, 2 + i * 12);
    directory.writeUInt16LE(4, 4 + i * 12); // a 32-bit number
    directory.writeUInt32LE(1, 6 + i * 12);
    directory.writeUInt32LE(value, 10 + i * 12);
  }
  const head = Buffer.from('49492a0000000000', 'hex');
  head.writeUInt32LE(8 + bytes.length, 4);
  return Buffer.concat([head, bytes, directory]);
}

/** Values from `low` to `high`, pixel by pixel. */
const ramp = (low: number, high: number) =>
  Array.from({ length: WIDTH * HEIGHT }, (_, i) => low + ((high - low) * i) / (WIDTH * HEIGHT - 1));
const uint16 = (low: number, high: number) =>
  tiff({ bits: 16, format: 1, data: Uint16Array.from(ramp(low, high)) });
const decode = (bytes: Uint8Array) => decodeImage({ kind: 'encoded', bytes }, { size: 64 });
const reasonOf = async (bytes: Uint8Array) => (await errorOf(decode(bytes))).message;

describe('images of 16 bits per sample', () => {
  it('keep their high bytes where they fill their range', async () => {
    const { pixels, isDim } = await decode(uint16(0, 65535));
    const expected = ramp(0, 65535).map((value) => Math.floor(value) >> 8);
    expect([...pixels].filter((_, i) => i % 3 === 0)).toEqual(expected);
    expect(isDim).toBeUndefined();
  });

  it('are refused where they have 12 bits or fewer, with the command that converts a folder', async () => {
    for (const high of [20, 255, 1023, 4095]) {
      expect(await reasonOf(uint16(0, high))).toBe(
        `16-bit TIFF file with values up to ${high} of 65535, which would be black; convert all images ` +
          'with one range to 8 bits: magick mogrify -format png -level 0,4095 -depth 8 *.tif',
      );
    }
    const { space } = await sharp(uint16(0, 4000)).metadata(); // gray of 16 bits
    const png = await sharp(uint16(0, 4000)).toColourspace(space).png().toBuffer();
    expect(await reasonOf(png)).toContain('16-bit PNG file with values up to 4000 of 65535');
  });

  it('are used and pointed out where they have 14 bits, and used where they are black', async () => {
    expect((await decode(uint16(0, 16383))).isDim).toBe(true);
    const { pixels, isDim } = await decode(uint16(0, 0));
    expect(isDim).toBeUndefined();
    expect(pixels.every((value) => value === 0)).toBe(true);
  });
});

describe('samples without a scale of their own', () => {
  it.each<[string, Samples]>([
    ['signed 16-bit', { bits: 16, format: 2, data: Int16Array.from(ramp(-1024, 3071)) }],
    ['signed 8-bit', { bits: 8, format: 2, data: Int8Array.from(ramp(-128, 127)) }],
    ['32-bit', { bits: 32, format: 1, data: Uint32Array.from(ramp(0, 1e6)) }],
    ['floating-point', { bits: 32, format: 3, data: Float32Array.from(ramp(0, 1)) }],
  ])('are refused: %s', async (kind, samples) => {
    const reason = await reasonOf(tiff(samples));
    expect(reason).toContain(
      `TIFF file with ${kind} values, whose black and white it does not tell`,
    );
    expect(reason).toContain('gdal_translate -ot Byte -scale LOW HIGH 0 255');
  });
});
