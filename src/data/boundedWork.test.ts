import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { boundWork, hasMoreScans, MAX_SCANS, requireData, withoutText } from './boundedWork.ts';
import { decodeImage, imageSize } from './decode.ts';
import { comments, jpegOfManyScans, segment } from './jpegs.cases.ts';
import { detailed, errorOf } from './pictures.cases.ts';

const decode = (bytes: Uint8Array) => decodeImage({ kind: 'encoded', bytes }, { size: 256 });

describe('scans of a JPEG', () => {
  it('are counted to their limit, whatever the size of the image', async () => {
    for (const side of [64, 1000]) {
      const allowed = jpegOfManyScans({ width: side, height: side }, MAX_SCANS);
      expect(await decode(allowed)).toMatchObject({ width: Math.min(side, 256) });
      const error = await errorOf(
        decode(jpegOfManyScans({ width: side, height: side }, MAX_SCANS + 1)),
      );
      expect([error.code, error.message]).toEqual([
        'image.unusable',
        'JPEG with more than 100 scans, which would take minutes to decode',
      ]);
    }
  });

  it('are a few in files of encoders', async () => {
    const picture = detailed(200, 100);
    for (const [options, scans] of [
      [{}, 1],
      [{ progressive: true }, 10],
    ] as const) {
      const file = await picture.clone().jpeg(options).toBuffer();
      expect([hasMoreScans(file, scans - 1), hasMoreScans(file, scans)]).toEqual([true, false]);
    }
  });

  it('are not taken from thumbnails, comments or what follows the image', async () => {
    const file = await detailed(64, 64).jpeg().toBuffer();
    const thumbnail = segment(
      0xe1,
      Buffer.concat([file.subarray(0, 5000), Buffer.from([0xff, 0xda])]),
    );
    const head = [file.subarray(0, 2), thumbnail, comments(1), Buffer.from([0xff, 0xff])];
    const whole = Buffer.concat([...head, file.subarray(2), file, file]);
    expect([hasMoreScans(whole, 0), hasMoreScans(whole, 1)]).toEqual([true, false]);
    // libjpeg passes over bytes between segments, and over markers without a length.
    const stray = Buffer.concat([
      file.subarray(0, 2),
      Buffer.from([7, 0xff, 0x01, 0xff, 0xd3, 9]),
      file.subarray(2),
    ]);
    expect([hasMoreScans(stray, 0), hasMoreScans(stray, 1)]).toEqual([true, false]);
  });
});

/** Encodes a PNG chunk. */
function chunk(type: string, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(body.length + 12);
  bytes.writeUInt32BE(body.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(body, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), body.length + 8);
  return bytes;
}

describe('texts of a PNG', () => {
  it('are left out, wherever they are, and the pixels stay', async () => {
    const file = await detailed(40, 30).png().toBuffer();
    const text = (i: number) => chunk('tEXt', Buffer.from(`key ${i}\0text`));
    const packed = chunk(
      'zTXt',
      Buffer.concat([Buffer.from('key\0\0'), deflateSync(Buffer.alloc(7e6, 'a'))]),
    );
    const header = 8 + 25;
    const end = file.length - 12;
    const parts = [file.subarray(0, header), text(1), packed, file.subarray(header, end), text(2)];
    const whole = Buffer.concat([...parts, file.subarray(end)]);
    expect(Buffer.compare(withoutText(whole), file)).toBe(0);
    expect((await decode(whole)).pixels).toEqual((await decode(file)).pixels);
    expect(withoutText(file)).toBe(file);
  });

  it('by the hundred take neither time nor memory', async () => {
    const file = await detailed(40, 30).png().toBuffer();
    const body = Buffer.concat([Buffer.from('key\0\0'), deflateSync(Buffer.alloc(7.9e6, 'a'))]);
    const many = Array.from({ length: 500 }, () => chunk('zTXt', body));
    const whole = Buffer.concat([file.subarray(0, 33), ...many, file.subarray(33)]);
    const begun = process.cpuUsage();
    expect(await decode(whole)).toMatchObject({ width: 40, height: 30 });
    expect(await imageSize({ kind: 'encoded', bytes: whole })).toMatchObject({
      width: 40,
      height: 30,
    });
    // libpng unpacks these texts, 4 GB in all, in about 6 s; without them this takes milliseconds.
    const { user, system } = process.cpuUsage(begun); // µs, whatever else the machine does
    expect(user + system).toBeLessThan(2e6);
  });

  it('that claim more than the file has end it', () => {
    const cut = Buffer.concat([Buffer.alloc(8), chunk('tEXt', new Uint8Array(20)).subarray(0, 20)]);
    cut.writeUInt32BE(0xffffffff, 8);
    expect(boundWork('png', cut)).toHaveLength(8);
  });
});

describe('files of several images', () => {
  it('give the first one', async () => {
    const pages = Buffer.concat(
      Array.from({ length: 40 }, (_, i) => Buffer.alloc(8 * 8 * 3, i === 0 ? 200 : 20)),
    );
    const raw = { width: 8, height: 8 * 40, channels: 3, pageHeight: 8 } as const;
    const animation = () => sharp(pages, { raw });
    for (const file of [
      animation().gif(),
      animation().webp({ lossless: true }),
      animation().tiff(),
    ]) {
      const found = await decode(await file.toBuffer());
      expect([found.width, found.height]).toEqual([8, 8]);
      for (const value of found.pixels) expect(Math.abs(value - 200)).toBeLessThanOrEqual(2);
    }
  });
});

describe('documents and drawings', () => {
  it('reach no decoder, whatever stands before them', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
    for (const head of ['', ' ', '\ufeff', '<!-- x -->']) {
      const error = await errorOf(decode(Buffer.from(head + svg)));
      expect(error.message).toMatch(/^not an image/);
    }
    for (const head of [
      'GIF89a',
      'BM....\0\0',
      'II*\0',
      '\xff\xd8\xff',
      'RIFF....WEBP',
      '\0\0\0\0ftypavif',
    ]) {
      const error = await errorOf(decode(Buffer.from(head + svg, 'latin1')));
      expect(error.message).not.toMatch(/svg/i);
    }
    expect((await errorOf(decode(Buffer.from('%PDF-1.7')))).message).toBe(
      'not an image (PDF document)',
    );
    expect((await errorOf(decode(Buffer.from('PK\x03\x04')))).message).toBe(
      'not an image (zip archive)',
    );
  });
});

describe('requireData', () => {
  const png = (width: number, height: number, colorType = 3) => {
    const raw = { create: { width: 90, height: 60, channels: 3, background: 'red' } } as const;
    return sharp(raw)
      .png({ palette: colorType === 3 })
      .toBuffer()
      .then((bytes) => {
        bytes.writeUInt32BE(width, 16);
        bytes.writeUInt32BE(height, 20);
        return bytes;
      });
  };

  it('refuses a PNG whose data cannot hold its pixels, at once', async () => {
    const bytes = await png(3_014_746, 60);
    const begun = process.resourceUsage().maxRSS;
    expect(() => boundWork('png', bytes)).toThrow(/truncated PNG: its .* 3,014,746 x 60 pixels/);
    expect(process.resourceUsage().maxRSS - begun).toBeLessThan(100_000);
    expect((await errorOf(decode(bytes))).code).toBe('image.unusable');
  });

  it.each([
    ['of one color, whose data are as short as they can be', 3000, 2000],
    ['of one pixel', 1, 1],
  ])('takes a PNG %s', async (_, width, height) => {
    for (const palette of [true, false]) {
      for (const progressive of [true, false]) {
        const raw = { create: { width, height, channels: 3, background: 'red' } } as const;
        const bytes = await sharp(raw)
          .png({ palette, progressive, compressionLevel: 9 })
          .toBuffer();
        expect(boundWork('png', bytes).length).toBe(bytes.length);
      }
    }
  });

  it('leaves files without a header to the decoder', () => {
    expect(() => requireData(new Uint8Array(8))).not.toThrow();
    expect(() => requireData(new Uint8Array(60))).not.toThrow();
  });
});
