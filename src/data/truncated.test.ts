import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode.ts';
import { detailed, errorOf } from './pictures.cases.ts';
import { tiffFile } from './tiff.cases.ts';
import { endsEarly } from './truncated.ts';

const formats = ['png', 'webp', 'tiff', 'avif', 'gif', 'jpeg'] as const;
const reasonOf = async (bytes: Uint8Array) =>
  (await errorOf(decodeImage({ kind: 'encoded', bytes }, { size: 64 }))).message;

describe.each(formats)('a %s file', (format) => {
  const make = () => detailed(120, 90).toFormat(format).toBuffer();

  it('without its tail ends too early', async () => {
    const file = await make();
    for (const share of [0.2, 0.5, 0.95]) {
      const cut = file.subarray(0, Math.floor(file.length * share));
      expect(await reasonOf(cut), `${share}`).toMatch(
        new RegExp(`^truncated or corrupt ${format.toUpperCase()} file \\(it ends too early`),
      );
    }
  });

  it('does not where it is whole, also with bytes behind', async () => {
    const file = await make();
    expect(endsEarly(format, file)).toBe(false);
    if (format !== 'avif') {
      expect(endsEarly(format, Buffer.concat([file, new Uint8Array(99)]))).toBe(false);
    }
  });
});

describe('a TIFF file whose directory comes first', () => {
  const page = { width: 40, height: 30, data: new Uint8Array(1200).fill(7) };

  it.each([false, true])('ends too early without its last strip; BigTIFF: %s', async (isBig) => {
    const file = tiffFile([page], { isBig });
    expect(endsEarly('tiff', file)).toBe(false);
    for (const lost of [1, 600]) {
      expect(endsEarly('tiff', file.subarray(0, -lost))).toBe(true);
    }
  });

  it('has the same reason as others', async () => {
    const strip = await detailed(40, 30).tiff({ compression: 'none' }).toBuffer();
    expect(await reasonOf(strip.subarray(0, 1000))).toMatch(/ends too early/);
  });
});

describe('a PNG file with wrong bytes', () => {
  it('has damaged data', async () => {
    const file = await detailed(64, 48).png().toBuffer();
    for (let i = 0; i < 40; i++) file[(file.length >> 1) + i]! ^= 0xff;
    expect(await reasonOf(file)).toMatch(/its data are damaged/);
  });
});
