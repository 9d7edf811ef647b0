/** Files of few bytes that claim many pixels: refused by their headers, while blank ones are read. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode.ts';
import { requireFrames, requirePlausible } from './density.ts';
import { errorOf } from './pictures.cases.ts';

const SIDE = 16_383;
const tile = () =>
  sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } } as const);
const decode = (bytes: Uint8Array) => decodeImage({ kind: 'encoded', bytes }, { size: 8 });

/** Writes a size at the first marker of a frame. */
async function jpeg(options: { progressive: boolean }): Promise<Buffer> {
  const bytes = await tile().jpeg(options).toBuffer();
  const at = bytes.indexOf(Buffer.from([0xff, options.progressive ? 0xc2 : 0xc0]));
  bytes.writeUInt16BE(SIDE, at + 5);
  bytes.writeUInt16BE(SIDE, at + 7);
  return bytes;
}

async function gif(): Promise<Buffer> {
  const bytes = await tile().gif().toBuffer();
  const at = bytes.indexOf(Buffer.from([0x2c, 0, 0, 0, 0, 64, 0, 64, 0]));
  bytes.writeUInt16LE(SIDE, at + 5);
  bytes.writeUInt16LE(SIDE, at + 7);
  return bytes;
}

/** A TIFF of one strip; `compression` as sharp names it. */
async function tiff(compression: 'jpeg' | 'lzw' | 'deflate'): Promise<Buffer> {
  const bytes = await tile().tiff({ compression }).toBuffer();
  const directory = bytes.readUInt32LE(4);
  for (let i = 0; i < bytes.readUInt16LE(directory); i++) {
    const entry = directory + 2 + 12 * i;
    // Width, height and rows of the strip.
    if ([256, 257, 278].includes(bytes.readUInt16LE(entry))) {
      bytes.writeUInt16LE(SIDE, entry + 8);
    }
  }
  return bytes;
}

describe('files of a few hundred bytes that claim 268 million pixels', () => {
  it.each([
    ['JPEG', () => jpeg({ progressive: false })],
    ['JPEG', () => jpeg({ progressive: true })],
    ['GIF', gif],
    ['TIFF', () => tiff('jpeg')],
  ])('are refused by the header: %s', async (name, make) => {
    const bytes = await make();
    expect(bytes.length).toBeLessThan(1100);
    const before = process.resourceUsage().maxRSS;
    const error = await errorOf(decode(bytes));
    expect([error.code, error.message]).toEqual([
      'image.unusable',
      `implausible ${name} file: ${bytes.length.toLocaleString('en-US')} bytes for 16,383 x ` +
        '16,383 pixels',
    ]);
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(200_000);
  });

  it.each(['lzw', 'deflate'] as const)('end at once in the decoder: TIFF by %s', async (of) => {
    const before = process.resourceUsage().maxRSS;
    expect((await errorOf(decode(await tiff(of)))).code).toBe('image.unusable');
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(200_000);
  });

  it('are refused as blank WebP and AVIF, which hold them', () => {
    for (const format of ['webp', 'avif'] as const) {
      const blank = new Uint8Array(1081);
      expect(() => requirePlausible(format, blank, { width: 8000, height: 8000 })).toThrow(
        `implausible ${format.toUpperCase()} file: 1,081 bytes for 8,000 x 8,000 pixels`,
      );
      expect(() => requirePlausible(format, blank, { width: 4096, height: 4096 })).not.toThrow();
    }
  });
});

it('refuses an AVIF above 67 million pixels, which takes more than 1.1 GB', () => {
  const bytes = new Uint8Array(100_000);
  const large = { width: 8193, height: 8192 };
  expect(() => requirePlausible('avif', bytes, large)).toThrow(
    'AVIF of 8,193 x 8,192 pixels, more than the limit of 67 million',
  );
  expect(() => requirePlausible('avif', bytes, { width: 8192, height: 8192 })).not.toThrow();
});

describe('blank images of more than 16 million pixels', () => {
  it.each(['jpeg', 'gif', 'png'] as const)(
    'are read as %s',
    async (format) => {
      const side = 4100;
      const blank = { width: side, height: side, channels: 3, background: 'red' } as const;
      const bytes = await sharp({ create: blank }).toFormat(format).toBuffer();
      expect(await decode(bytes)).toMatchObject({ width: 8, height: 8 });
    },
    60_000,
  );

  it('are read as scans of one bit per pixel', async () => {
    const blank = { width: 5000, height: 7000, channels: 3, background: 'white' } as const;
    const bytes = await sharp({ create: blank })
      .threshold()
      .toColourspace('b-w')
      .tiff({ compression: 'ccittfax4', bitdepth: 1 })
      .toBuffer();
    expect(bytes.length * 4096).toBeLessThan(5000 * 7000);
    expect(await decode(bytes)).toMatchObject({ width: 8 });
  }, 60_000);
});

it('leaves a GIF that is cut in a descriptor to the decoder', () => {
  const head = Buffer.from('GIF89a\x40\0\x40\0\0\0\0\x2c\0\0\0\0\xff', 'latin1');
  expect(() => requireFrames(head)).not.toThrow();
});
