import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { silent } from '../core/reporter.ts';
import { writeTree } from '../data/pictures.cases.ts';
import { tiffFile } from '../data/tiff.cases.ts';
import type { StoredSource } from '../run/index.ts';
import { type ImageFilesOptions, openImageFiles } from './imageFiles.ts';

const page = { width: 4, height: 4, data: new Uint16Array(16).fill(500) };

/** A folder with a file of one picture and one of two. */
function scans(): string {
  const root = mkdtempSync(join(tmpdir(), 'likeness-files-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return writeTree(root, { 'in/one.tif': tiffFile([page]), 'in/two.tif': tiffFile([page, page]) });
}

/** Paths, pages and ranges of the images at some paths. */
async function found(paths: readonly string[], options?: ImageFilesOptions) {
  const { images, close } = await openImageFiles(paths, options);
  const all = await Promise.all(
    [...images].map(async ({ path, read }) => {
      const image = await read();
      return image.kind === 'encoded' ? [path, image.page, image.range] : [path];
    }),
  );
  await close();
  return all;
}

it('names the pages of files and folders by their number', async () => {
  const root = scans();
  const [folder, file] = [join(root, 'in'), join(root, 'in', 'two.tif')];
  const none = undefined;
  expect(await found([folder, file, `${file}#2`])).toEqual([
    [join(folder, 'one.tif'), none, none],
    [file, none, none],
    [file, none, none],
    [`${file}#2`, 2, none],
  ]);
  expect(await found([`${folder}/`, file, join(folder, 'one.tif')], { pages: 'all' })).toEqual([
    [join(folder, 'one.tif'), none, none],
    ...[1, 2].map((number) => [`${file}#${number}`, number, none]),
    ...[1, 2].map((number) => [`${file}#${number}`, number, none]),
    [join(folder, 'one.tif'), none, none],
  ]);
});

it('reads all images with the range of the run, and its own images as it did', async () => {
  const root = scans();
  const [folder, file] = [join(root, 'in'), join(root, 'in', 'two.tif')];
  const range = [0, 1000] as const;
  const stored: StoredSource = {
    ...{ path: folder, name: 'in', kind: 'folder' },
    ...{ range, pages: 'all', exclude: ['one.tif'] },
  };
  const notes: string[] = [];
  const reporter = { ...silent, note: ({ code }: { code: string }) => void notes.push(code) };
  expect(await found([folder, file], { stored, reporter })).toEqual([
    [`${file}#1`, 1, range],
    [`${file}#2`, 2, range],
    [file, undefined, range],
  ]);
  expect(notes).toEqual(['images.asRun']);
  expect(await found([file], { stored, range: [5, 6] })).toEqual([[file, undefined, [5, 6]]]);
});
