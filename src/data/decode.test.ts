import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { resizeInto } from '../views/resize.ts';
import { type DecodeOptions, decodeImage, imageSize } from './decode.ts';
import {
  type Color,
  detailed,
  errorOf,
  paint,
  photograph,
  pixelAt,
  plain,
} from './pictures.cases.ts';
import { tiffFile } from './tiff.cases.ts';

const decode = (bytes: Uint8Array, options: DecodeOptions = { size: 256 }) =>
  decodeImage({ kind: 'encoded', bytes }, options);
const reason = async (bytes: Uint8Array, options?: DecodeOptions): Promise<string> => {
  const error = await errorOf(decode(bytes, options));
  expect(error.code).toBe('image.unusable');
  return error.message;
};
/** Largest difference of any channel. */
const distance = (found: number[], expected: Color): number =>
  Math.max(...found.map((value, c) => Math.abs(value - expected[c]!)));

const COLOR: Color = [200, 30, 60];
const whole = () => plain(40, 30, COLOR);

describe('formats', () => {
  const cases: [name: string, file: () => Promise<Buffer>, tolerance: number][] = [
    ['JPEG', () => whole().jpeg().toBuffer(), 3],
    ['progressive JPEG', () => whole().jpeg({ progressive: true }).toBuffer(), 3],
    ['PNG', () => whole().png().toBuffer(), 0],
    ['PNG with a palette', () => whole().png({ palette: true }).toBuffer(), 0],
    ['interlaced PNG', () => whole().png({ progressive: true }).toBuffer(), 0],
    ['16-bit PNG', () => whole().toColourspace('rgb16').png().toBuffer(), 0],
    [
      '16-bit TIFF',
      () => whole().toColourspace('rgb16').tiff({ compression: 'lzw' }).toBuffer(),
      0,
    ],
    ['TIFF', () => whole().tiff({ compression: 'deflate' }).toBuffer(), 0],
    ['GIF', () => whole().gif().toBuffer(), 0],
    ['WebP', () => whole().webp().toBuffer(), 3],
    ['lossless WebP', () => whole().webp({ lossless: true }).toBuffer(), 0],
    ['AVIF', () => whole().avif().toBuffer(), 3],
    // The conversion to CMYK and back has no exact inverse, hence the tolerance.
    ['CMYK JPEG', () => whole().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(), 30],
    ['CMYK TIFF', () => whole().toColourspace('cmyk').tiff().toBuffer(), 30],
  ];
  it.each(cases)('%s', async (_, file, tolerance) => {
    const image = await decode(await file());
    expect([image.width, image.height, image.pixels.length]).toEqual([40, 30, 40 * 30 * 3]);
    expect(distance(pixelAt(image, 20, 15), COLOR)).toBeLessThanOrEqual(tolerance);
    expect(distance(pixelAt(image, 39, 29), COLOR)).toBeLessThanOrEqual(tolerance);
  });

  it('really makes CMYK and 16-bit files for these cases', async () => {
    expect(
      (await sharp(await whole().toColourspace('cmyk').jpeg().toBuffer()).metadata()).space,
    ).toBe('cmyk');
    expect(
      (await sharp(await whole().toColourspace('rgb16').png().toBuffer()).metadata()).depth,
    ).toBe('ushort');
  });

  it('BMP, shrunk like the others', async () => {
    const header = Buffer.alloc(54);
    header.write('BM');
    header.writeUInt32LE(54, 10);
    header.writeUInt32LE(40, 14);
    header.writeInt32LE(8, 18);
    header.writeInt32LE(4, 22);
    header.writeUInt16LE(24, 28);
    const file = Buffer.concat([header, paint(8, 4, () => [60, 30, 200])]);
    const image = await decode(file, { size: 2 });
    expect([image.width, image.height]).toEqual([4, 2]);
    expect(pixelAt(image, 1, 1)).toEqual([200, 30, 60]);
    expect(await imageSize({ kind: 'encoded', bytes: file })).toMatchObject({
      width: 8,
      height: 4,
    });
  });

  it('grayscale becomes three equal channels, at 8 and 16 bits', async () => {
    for (const space of ['b-w', 'grey16']) {
      const file = await plain(8, 8, [100, 100, 100]).toColourspace(space).png().toBuffer();
      expect((await sharp(file).metadata()).channels).toBe(1);
      const image = await decode(file);
      expect(image.pixels.length).toBe(8 * 8 * 3);
      expect(pixelAt(image, 3, 3)).toEqual([100, 100, 100]);
    }
  });

  it('transparency lies on white', async () => {
    const rgba = (alpha: number) =>
      sharp({
        create: { width: 4, height: 4, channels: 4, background: { r: 255, g: 0, b: 0, alpha } },
      });
    expect(pixelAt(await decode(await rgba(0).png().toBuffer()), 1, 1)).toEqual([255, 255, 255]);
    expect(
      distance(pixelAt(await decode(await rgba(0.5).png().toBuffer()), 1, 1), [255, 127, 127]),
    ).toBeLessThan(2);
    expect(pixelAt(await decode(await rgba(1).webp({ lossless: true }).toBuffer()), 1, 1)).toEqual([
      255, 0, 0,
    ]);
    const raw = {
      kind: 'raw',
      width: 1,
      height: 1,
      channels: 4,
      pixels: Uint8Array.of(255, 0, 0, 51),
    } as const;
    // 255 * (1 - 51 / 255)
    expect([...(await decodeImage(raw, { size: 8 })).pixels]).toEqual([255, 204, 204]);
  });

  it('takes the first frame of an animation', async () => {
    const frames = Buffer.concat([paint(8, 8, () => [255, 0, 0]), paint(8, 8, () => [0, 0, 255])]);
    const options = { raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } } as const;
    for (const file of [
      await sharp(frames, options).gif().toBuffer(),
      await sharp(frames, options).webp({ lossless: true }).toBuffer(),
    ]) {
      expect((await sharp(file).metadata()).pages).toBe(2);
      const image = await decode(file);
      expect([image.width, image.height]).toEqual([8, 8]);
      expect(pixelAt(image, 4, 4)).toEqual([255, 0, 0]);
    }
  });

  it('goes by content, not by name', async () => {
    expect((await decode(await whole().webp().toBuffer())).width).toBe(40);
  });
});

describe('orientation', () => {
  // Upright: red top left, green top right, blue bottom left, white bottom right; 32 x 16.
  const upright: Record<string, Color> = {
    topLeft: [255, 0, 0],
    topRight: [0, 255, 0],
    bottomLeft: [0, 0, 255],
    bottomRight: [255, 255, 255],
  };
  const at = (x: number, y: number): Color =>
    upright[`${y < 8 ? 'top' : 'bottom'}${x < 16 ? 'Left' : 'Right'}`]!;
  // Stored color at (x, y), by the EXIF standard's table of where row 0 and column 0 lie. For 6:
  // row 0 is the right side and column 0 the top, so (x, y) holds the upright image's (31 - y, x).
  const stored: Record<number, (x: number, y: number) => Color> = {
    1: (x, y) => at(x, y),
    2: (x, y) => at(31 - x, y),
    3: (x, y) => at(31 - x, 15 - y),
    4: (x, y) => at(x, 15 - y),
    5: (x, y) => at(y, x),
    6: (x, y) => at(31 - y, x),
    7: (x, y) => at(31 - y, 15 - x),
    8: (x, y) => at(y, 15 - x),
  };

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i', async (orientation) => {
    const [width, height] = orientation < 5 ? [32, 16] : [16, 32];
    const pixels = paint(width!, height!, stored[orientation]!);
    const file = await sharp(pixels, { raw: { width: width!, height: height!, channels: 3 } })
      .withMetadata({ orientation })
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const image = await decode(file);
    expect([image.width, image.height]).toEqual([32, 16]);
    expect(distance(pixelAt(image, 4, 4), upright.topLeft!)).toBeLessThan(8);
    expect(distance(pixelAt(image, 27, 4), upright.topRight!)).toBeLessThan(8);
    expect(distance(pixelAt(image, 4, 12), upright.bottomLeft!)).toBeLessThan(8);
    expect(distance(pixelAt(image, 27, 12), upright.bottomRight!)).toBeLessThan(8);
  });
});

describe('size', () => {
  it('shrinks the shorter side and keeps the aspect', async () => {
    const image = await decode(await plain(400, 200, COLOR).jpeg().toBuffer(), { size: 50 });
    expect([image.width, image.height]).toEqual([100, 50]);
  });

  it('shrinks bilinearly, as views are made', async () => {
    const file = await photograph(300, 200).png().toBuffer();
    const pixels = await sharp(file).raw().toBuffer();
    const wanted = { width: 150, height: 100, data: new Uint8Array(150 * 100 * 3) };
    // Equal to Pillow's bilinear, byte for byte.
    resizeInto({ width: 300, height: 200, pixels }, wanted);
    const found = await decode(file, { size: 100 });
    expect([found.width, found.height]).toEqual([150, 100]);
    let sum = 0;
    found.pixels.forEach((value, i) => {
      sum += Math.abs(value - wanted.data[(i % 3) * 15_000 + Math.floor(i / 3)]!);
    });
    // Lanczos kernels are .8 away from it, cubic ones .55.
    expect(sum / found.pixels.length).toBeLessThan(0.3);
  });

  it('never enlarges', async () => {
    const image = await decode(await plain(40, 20, COLOR).png().toBuffer(), { size: 50 });
    expect([image.width, image.height]).toEqual([40, 20]);
  });

  it('keeps the center of a very long image', async () => {
    // 10000 x 1: red, a green piece of 100 in the center, red.
    const pixels = paint(10_000, 1, (x) => (x >= 4950 && x < 5050 ? [0, 255, 0] : [255, 0, 0]));
    const file = await sharp(pixels, { raw: { width: 10_000, height: 1, channels: 3 } })
      .png()
      .toBuffer();
    const image = await decode(file, { size: 32 });
    expect([image.width, image.height]).toEqual([128, 1]);
    expect(pixelAt(image, 64, 0)).toEqual([0, 255, 0]);
    expect(pixelAt(image, 13, 0)).toEqual([255, 0, 0]);
    expect(pixelAt(image, 14, 0)).toEqual([0, 255, 0]);
    const tall = await decode(await plain(1, 10_000, COLOR).png().toBuffer(), { size: 32 });
    expect([tall.width, tall.height]).toEqual([1, 128]);
  });

  it('expands and shrinks stored gray pixels', async () => {
    const raw = {
      kind: 'raw',
      width: 2,
      height: 2,
      channels: 1,
      pixels: Uint8Array.of(0, 50, 100, 250),
    } as const;
    expect([...(await decodeImage(raw, { size: 2 })).pixels]).toEqual([
      0, 0, 0, 50, 50, 50, 100, 100, 100, 250, 250, 250,
    ]);
    const flat = { ...raw, width: 8, height: 8, pixels: new Uint8Array(64).fill(77) };
    const small = await decodeImage(flat, { size: 4 });
    expect([small.width, small.height, ...pixelAt(small, 2, 2)]).toEqual([4, 4, 77, 77, 77]);
  });

  it('reads sizes from headers', async () => {
    const bytes = await plain(40, 30, COLOR).jpeg().toBuffer();
    expect(await imageSize({ kind: 'encoded', bytes })).toMatchObject({ width: 40, height: 30 });
  });
});

describe('what is no usable image', () => {
  it('an empty file, and other things under a image name', async () => {
    expect(await reason(new Uint8Array(0))).toBe('empty file (0 bytes)');
    expect(await reason(Buffer.from('Dear diary,\n'))).toBe('not an image (text)');
    expect(await reason(Buffer.from('<!DOCTYPE html><html>404'))).toBe('not an image (web page)');
    expect(await reason(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))).toBe(
      'not an image (SVG drawing)',
    );
    expect(await reason(Buffer.from('%PDF-1.7 ..'))).toBe('not an image (PDF document)');
    expect(await reason(Buffer.alloc(4096))).toBe('not an image (only zero bytes)');
    const late = Buffer.concat([Buffer.alloc(4096), Buffer.from('a')]);
    expect(await reason(late)).toBe('not an image (zero bytes at its start)');
    const dicom = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM\x02\0\0\0UL')]);
    expect(await reason(dicom)).toMatch(
      /^not an image \(DICOM image, .* convert it to PNG or TIFF/,
    );
    expect(await reason(Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'))).toMatch(
      /HEIC.*convert it to JPEG/,
    );
  });

  it.each(['jpeg', 'png', 'gif', 'webp', 'tiff', 'avif'] as const)(
    '%s cut off anywhere',
    async (format) => {
      const file = await detailed(64, 48).toFormat(format).toBuffer();
      expect((await decode(file)).width).toBe(64);
      for (const part of [0.1, 0.5, 0.95]) {
        const cut = file.subarray(0, Math.floor(file.length * part));
        const expected = `truncated or corrupt ${format.toUpperCase()} file`;
        expect((await reason(cut)).slice(0, expected.length)).toBe(expected);
      }
    },
  );

  // Not every damage to a JPEG can be seen: wrong bytes may still be valid codes.
  it.each(['jpeg', 'png'] as const)('%s with wrong bytes in the middle', async (format) => {
    const file = await detailed(64, 48).toFormat(format).toBuffer();
    for (let i = 0; i < 40; i++) file[(file.length >> 1) + i]! ^= 0xff;
    expect(await reason(file)).toMatch(/^truncated or corrupt/);
  });

  it('more pixels than allowed, by the header alone', async () => {
    const bomb = await sharp({
      create: { width: 6_000, height: 6_000, channels: 3, background: '#000000' },
    })
      .png()
      .toBuffer();
    expect(bomb.length).toBeLessThan(1_000_000); // 108 MB unpacked
    expect(await reason(bomb, { size: 32, maxPixels: 1e7 })).toBe(
      '6000 x 6000 pixels are 36 million, more than the limit of 10 million',
    );
  });

  it('does not mind fill and stray bytes before the first marker of a JPEG', async () => {
    const file = await detailed(64, 48).jpeg().toBuffer();
    const exact = await sharp(file).raw().toBuffer();
    for (const bytes of ['ff', 'ffff', '000000', '0d0a']) {
      const start = Buffer.concat([file.subarray(0, 2), Buffer.from(bytes, 'hex')]);
      const { pixels } = await decode(Buffer.concat([start, file.subarray(2)]));
      expect(Buffer.compare(pixels, exact)).toBe(0);
    }
    const behind = Buffer.concat([Buffer.from('\r\n'), file]);
    expect(await reason(behind)).toBe(
      'not an image (damaged JPEG, with 2 other bytes before its start)',
    );
    expect(await reason(Buffer.from('ffd800010203', 'hex'))).toBe('not an image (unknown content)');
  });

  it.each([
    ['12 bits without padding', 258, 12],
    ['CIELAB', 262, 8],
    ['64-bit floating point', 258, 64],
  ])('an intact TIFF of an unusual kind: %s', async (_, tag, value) => {
    const data = new Uint8Array(16 * 16 * 3);
    const bytes = tiffFile([{ width: 16, height: 16, data, channels: 3 }]);
    const type = Buffer.from([tag & 255, tag >> 8, 4, 0]);
    bytes.writeUInt32LE(value, bytes.indexOf(type) + 8);
    expect(await reason(bytes)).toBe('TIFF file of an unusual kind; convert it to 8-bit PNG');
  });

  it('an intact JPEG of 12 bits', async () => {
    const file = await detailed(64, 48).jpeg().toBuffer();
    file[file.indexOf(Buffer.from('ffc0', 'hex')) + 4] = 12;
    expect(await reason(file)).toBe('JPEG file of an unusual kind; convert it to 8-bit PNG');
  });

  it('does not mind stray bytes before the end of a JPEG', async () => {
    const file = await detailed(64, 48).jpeg().toBuffer();
    const stray = Buffer.concat([file.subarray(0, -2), Buffer.alloc(4), file.subarray(-2)]);
    const exact = await sharp(file).raw().toBuffer();
    expect(Buffer.compare((await decode(stray)).pixels, exact)).toBe(0);
  });
});

describe('pixels whose number differs from what their size says', () => {
  it('are refused, shrunk or not, by us and by sharp', async () => {
    for (const length of [0, 40 * 30 * 3 - 1, 40 * 30 * 3 + 1]) {
      const raw = {
        kind: 'raw',
        width: 40,
        height: 30,
        channels: 3,
        pixels: new Uint8Array(length),
      } as const;
      for (const size of [8, 64]) {
        const error = await errorOf(decodeImage(raw, { size }));
        expect([error.code, error.message]).toEqual([
          'image.unusable',
          `received ${length} bytes of pixels; expected 40 x 30 x 3`,
        ]);
      }
    }
    const short = { raw: { width: 40, height: 30, channels: 3 } } as const;
    await expect(sharp(new Uint8Array(3599), short).raw().toBuffer()).rejects.toThrow(
      /memory area too small/,
    );
  });
});
