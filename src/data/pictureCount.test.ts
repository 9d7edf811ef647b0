import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode.ts';
import { pictureCount } from './pictureCount.ts';
import { plain, plainPng, temporaryFolder, writeTree } from './pictures.cases.ts';
import { remarksOf, remarkTexts } from './remarks.ts';
import { openSource } from './source.ts';

const FRAMES = 3;

/** Three pictures of 8 x 8 pixels in one file. */
async function several(format: 'gif' | 'webp' | 'tiff'): Promise<Buffer> {
  const frames = await Promise.all([0, 90, 200].map((red) => plainPng(8, 8, [red, 5, 5])));
  const joined = sharp(frames, { join: { animated: true } });
  return (
    format === 'tiff' ? joined.tiff() : format === 'gif' ? joined.gif() : joined.webp()
  ).toBuffer();
}

describe('pictureCount', () => {
  it.each(['gif', 'webp', 'tiff'] as const)('counts the pictures of a %s', async (format) => {
    const file = await several(format);
    expect((await sharp(file).metadata()).pages).toBe(FRAMES);
    expect(pictureCount(format, file)).toBe(FRAMES);
    expect(await decodeImage({ kind: 'encoded', bytes: file }, { size: 8 })).toMatchObject({
      pictures: FRAMES,
    });
    const one = await sharp(file).toFormat(format).toBuffer();
    expect(pictureCount(format, one)).toBe(1);
    expect(
      (await decodeImage({ kind: 'encoded', bytes: one }, { size: 8 })).pictures,
    ).toBeUndefined();
  });

  it('tells the pages that are used as scan.tif#2', async () => {
    const folder = writeTree(temporaryFolder(), { 'scan.tif': await several('tiff') });
    const redOf = async (name: string) => {
      const source = await openSource(join(folder, name));
      expect(source.entries).toEqual([{ id: name }]);
      const { pixels, pictures } = await decodeImage(await source.read(0), { size: 8 });
      expect(pictures).toBe(name.includes('#') ? undefined : FRAMES);
      return Math.round(pixels[0]! / 10) * 10; // sharp compresses the pages as JPEG
    };
    expect(
      await Promise.all(['scan.tif', 'scan.tif#1', 'scan.tif#2', 'scan.tif#3'].map(redOf)),
    ).toEqual([...[0, 0, 90, 200]]);
    await expect(redOf('scan.tif#4')).rejects.toThrow(
      'no picture 4; expected a number from 1 to 3',
    );
    await expect(openSource(join(folder, 'other.tif#2'))).rejects.toThrow('does not exist');
    const named = writeTree(temporaryFolder(), { 'a#2': await plainPng(4, 4, [5, 6, 7]) });
    expect((await openSource(join(named, 'a#2'))).entries).toEqual([{ id: 'a#2' }]);
  });

  it('counts the frames of an animated PNG', async () => {
    const png = await plainPng(4, 4, [1, 2, 3]);
    const control = Buffer.from('000000086163544c0000000500000000deadbeef', 'hex');
    expect(
      pictureCount('png', Buffer.concat([png.subarray(0, 33), control, png.subarray(33)])),
    ).toBe(5);
    expect(pictureCount('png', png)).toBe(1);
  });

  it('refuses another picture than the first of an animated PNG and an AVIF sequence', async () => {
    const png = await plainPng(4, 4, [1, 2, 3]);
    const control = Buffer.from('000000086163544c0000000500000000deadbeef', 'hex');
    const animated = Buffer.concat([png.subarray(0, 33), control, png.subarray(33)]);
    const sequence = await plain(16, 16, [1, 2, 3]).avif().toBuffer();
    sequence.write('avis', 8, 'latin1');
    for (const [bytes, name] of [
      [animated, 'animated PNG'],
      [sequence, 'AVIF sequence'],
    ] as const) {
      const second = decodeImage({ kind: 'encoded', bytes, page: 2 }, { size: 16 });
      await expect(second).rejects.toThrow(
        `only the first picture of an ${name} can be read; expected picture 1, received 2`,
      );
    }
    const remarks = remarksOf(
      await decodeImage({ kind: 'encoded', bytes: animated }, { size: 16 }),
    );
    expect(remarks).toContain('firstOnly');
    expect(remarks).not.toContain('several');
    expect(remarkTexts([{ kind: 'firstOnly', count: 2, examples: ['a.png'] }], 9)).toEqual([
      'of 2 animated PNG or AVIF files only the first picture can be read, and is used, ' +
        'such as a.png',
    ]);
  });

  it('does not count thumbnails of a TIFF, and ends in a loop', () => {
    const directory = (type: number, next: number) => {
      const bytes = Buffer.alloc(18);
      bytes.writeUInt16LE(1, 0);
      bytes.writeUInt16LE(254, 2);
      bytes.writeUInt16LE(4, 4);
      bytes.writeUInt32LE(1, 6);
      bytes.writeUInt32LE(type, 10);
      bytes.writeUInt32LE(next, 14);
      return bytes;
    };
    const head = Buffer.from('49492a0008000000', 'hex');
    const file = Buffer.concat([head, directory(0, 26), directory(1, 44), directory(2, 8)]);
    expect(pictureCount('tiff', file)).toBe(2);
  });

  it.each(['gif', 'webp', 'tiff', 'png', 'avif', 'jpeg'] as const)(
    'takes any bytes of a %s',
    async (format) => {
      const file =
        format === 'gif' || format === 'webp' || format === 'tiff'
          ? await several(format)
          : Buffer.alloc(64);
      for (let length = 0; length < file.length; length += 3) {
        expect(pictureCount(format, file.subarray(0, length))).toBeGreaterThanOrEqual(1);
      }
    },
  );
});
