import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openPixelCache } from './cache.ts';
import { decodeImage } from './decode.ts';
import { countEqualFiles } from './equalFiles.ts';
import { pictureCount } from './pictureCount.ts';
import { errorOf, pixelAt, plainPng, temporaryFolder, writeTree } from './pictures.cases.ts';
import { openPixelReader } from './reader.ts';
import { openSource, type SourceOptions } from './source.ts';
import { tar } from './tar.cases.ts';
import { tiffFile } from './tiff.cases.ts';

const SIDE = 8;
/** A gray page of one value. */
const page = (value: number, isReduced = false) => ({
  ...{ width: SIDE, height: SIDE, data: new Uint8Array(SIDE * SIDE).fill(value) },
  isReduced,
});
const scan = (...values: number[]) => tiffFile(values.map((value) => page(value)));

async function animated(format: 'gif' | 'webp'): Promise<Buffer> {
  const frames = await Promise.all([0, 90, 200].map((red) => plainPng(SIDE, SIDE, [red, 5, 5])));
  const joined = sharp(frames, { join: { animated: true } });
  return (format === 'gif' ? joined.gif() : joined.webp({ lossless: true })).toBuffer();
}

async function opened(files: Readonly<Record<string, Uint8Array>>, options: SourceOptions = {}) {
  const folder = writeTree(temporaryFolder(), files);
  return openSource(folder, { pages: 'all', ...options });
}

/** Red of each image of a source, through the cache. */
async function redOf(source: Awaited<ReturnType<typeof openSource>>) {
  const cache = await openPixelCache(source, { cacheDir: join(temporaryFolder(), 'cache') });
  const reader = openPixelReader(cache);
  const reds = cache.entries.map(({ id }, i) => [id, pixelAt(reader.read(i), 0, 0)[0]!] as const);
  reader.close();
  return { reds: Object.fromEntries(reds), cache };
}

describe('all pages of a folder', () => {
  it('are images of their own, in the order of the files, with label and file', async () => {
    const source = await opened({
      'cats/one.png': await plainPng(SIDE, SIDE, [7, 5, 5]),
      'cats/scan.tif': scan(10, 20, 30),
      'dogs/film.webp': await animated('webp'),
    });
    expect(source.entries).toEqual([
      { id: 'cats/one.png', label: 0 },
      ...[1, 2, 3].map((n) => ({ id: `cats/scan.tif#${n}`, label: 0, file: 'cats/scan.tif' })),
      ...[1, 2, 3].map((n) => ({ id: `dogs/film.webp#${n}`, label: 1, file: 'dogs/film.webp' })),
    ]);
    expect(source.choices).toEqual({ pages: 'all' });
    const note = source.notes?.find(({ code }) => code === 'images.pages');
    expect(note?.message).toBe('all pages of 2 files: 6 images');
    const { reds, cache } = await redOf(source);
    expect(reds).toEqual({
      ...{ 'cats/one.png': 7, 'cats/scan.tif#1': 10, 'cats/scan.tif#2': 20, 'cats/scan.tif#3': 30 },
      ...{ 'dogs/film.webp#1': 0, 'dogs/film.webp#2': 90, 'dogs/film.webp#3': 200 },
    });
    expect(cache.remarks.some(({ kind }) => kind === 'several')).toBe(false);
    await source.close();
  });

  it('of a GIF have the colors of its frames', async () => {
    const { reds } = await redOf(await opened({ 'a.gif': await animated('gif') }));
    for (const [i, red] of [0, 90, 200].entries()) {
      expect(Math.abs(reds[`a.gif#${i + 1}`]! - red)).toBeLessThan(5); // a palette
    }
  });

  it('are only the first without the option, and another listing', async () => {
    const folder = writeTree(temporaryFolder(), { 'scan.tif': scan(10, 20) });
    const [first, all] = [await openSource(folder), await openSource(folder, { pages: 'all' })];
    expect(first.entries).toEqual([{ id: 'scan.tif' }]);
    expect(await all.fingerprint()).not.toBe(await first.fingerprint());
    const { cache } = await redOf(first);
    const remark = { kind: 'several', count: 1, examples: ['scan.tif'] };
    expect(cache.remarks).toContainEqual(remark);
  });

  it('do not have thumbnails among them', async () => {
    const file = tiffFile([page(10), page(99, true), page(20), page(88, true), page(30)]);
    expect(pictureCount('tiff', file)).toBe(3);
    const { reds } = await redOf(await opened({ 'a.tif': file }));
    expect(reds).toEqual({ 'a.tif#1': 10, 'a.tif#2': 20, 'a.tif#3': 30 });
  });

  it('are those of a BigTIFF too', async () => {
    const file = tiffFile([page(10), page(99, true), page(20)], { isBig: true });
    const { reds } = await redOf(await opened({ 'a.tif': file }));
    expect(reds).toEqual({ 'a.tif#1': 10, 'a.tif#2': 20 });
  });

  it('have a range where they have more than 8 bits', async () => {
    const deep = (value: number) => ({
      ...{ width: SIDE, height: SIDE, data: new Int16Array(SIDE * SIDE).fill(value) },
    });
    const file = tiffFile([page(10), deep(-100), deep(100)]);
    const { reds } = await redOf(await opened({ 'a.tif': file }, { range: [-100, 100] }));
    expect(reds).toEqual({ 'a.tif#1': 10, 'a.tif#2': 0, 'a.tif#3': 255 });
  });

  it('are those of archives and single files too', async () => {
    const folder = writeTree(temporaryFolder(), {
      'a.tar': await tar([
        ['x/scan.tif', scan(10, 20)],
        ['x/one.tif', scan(5)],
      ]),
      'scan.tif': scan(1, 2),
    });
    const idsOf = async (name: string) =>
      (await openSource(join(folder, name), { pages: 'all' })).entries.map(({ id }) => id);
    expect(await idsOf('a.tar')).toEqual(['x/one.tif', 'x/scan.tif#1', 'x/scan.tif#2']);
    expect(await idsOf('scan.tif')).toEqual(['scan.tif#1', 'scan.tif#2']);
    expect(await idsOf('scan.tif#2')).toEqual(['scan.tif#2']);
  });

  it('take the labels of their file, and are left out with it', async () => {
    const files = { 'a.tif': scan(1, 2), 'b.tif': scan(3, 4) };
    const labels = join(
      writeTree(temporaryFolder(), { 'l.csv': 'path,label\na.tif,x\n' }),
      'l.csv',
    );
    const source = await opened(files, { labels });
    expect(source.entries.map(({ label }) => label)).toEqual([0, 0, undefined, undefined]);
    const { entries } = await opened(files, { exclude: ['a.tif'] });
    expect(entries.map(({ id }) => id)).toEqual(['b.tif#1', 'b.tif#2']);
  });

  it('count as one where a file is damaged or has one picture', async () => {
    const source = await opened({ 'a.tif': scan(5), 'b.tif': Buffer.from('II*\0\xff\xff') });
    expect(source.entries.map(({ id }) => id)).toEqual(['a.tif', 'b.tif']);
  });

  it('are refused beside a file of such a name', async () => {
    const error = await errorOf(opened({ 'a.tif': scan(1, 2), 'a.tif#2': scan(3) }));
    expect(error.code).toBe('source.ambiguous');
    expect(error.message).toMatch(/"a\.tif#2" in .* is a file and page 2 of "a\.tif"/);
  });

  it('equal the same pages of an equal file, and not each other', async () => {
    const source = await opened({ 'a.tif': scan(1, 2), 'b.tif': scan(1, 2) });
    expect(await countEqualFiles(source)).toEqual({ count: 2, isExact: true });
  });
});

it('bounds the work of directories that overlap', () => {
  const tags = 60_000;
  // 500 directories, each two bytes behind the one before, share their tags.
  const file = Buffer.alloc(8 + 2 * 500 + tags * 12 + 4);
  file.write('II*\0', 0, 'latin1');
  file.writeUInt32LE(8, 4);
  for (let i = 0; i < 500; i++) file.writeUInt16LE(tags, 8 + 2 * i);
  for (let i = 0; i < 500; i++) file.writeUInt32LE(8 + 2 * (i + 1), 8 + 2 * i + 2 + tags * 12);
  const begun = performance.now();
  expect(pictureCount('tiff', file)).toBeLessThan(500);
  expect(performance.now() - begun).toBeLessThan(5000);
});

it('decodes a page behind a thumbnail by its number', async () => {
  const bytes = tiffFile([page(10), page(99, true), page(20)]);
  const { pixels } = await decodeImage({ kind: 'encoded', bytes, page: 2 }, { size: SIDE });
  expect(pixels[0]).toBe(20);
});
