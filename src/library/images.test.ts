import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { plainPng, writeTree } from '../data/pictures.cases.ts';
import { runFolderAt, storedSourceOf, writeRunConfig } from '../run/index.ts';
import { featuresConfig } from '../run/testConfig.cases.ts';
import { openImages, takeImages } from './images.ts';

/** A folder of classes with a folder of copies, and a file with labels. */
async function photographs(): Promise<{ folder: string; run: string; labels: string }> {
  const root = mkdtempSync(join(tmpdir(), 'likeness-images-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'run'));
  const png = await plainPng(4, 4, [9, 9, 9]);
  const names = ['cat/1.png', 'cat/2.png', 'dog/1.png', 'small/1.png'];
  const folder = writeTree(join(root, 'photos'), Object.fromEntries(names.map((id) => [id, png])));
  const labels = join(root, 'labels.csv');
  writeFileSync(labels, 'path,label\ncat/1.png,tabby\ncat/2.png,tabby\ndog/1.png,pug\n');
  return { folder, run: join(root, 'run'), labels };
}

it('reads the images of a run as the run was started, unless told otherwise', async () => {
  const { folder, run, labels } = await photographs();
  const notes: string[] = [];
  const onNote = ({ code }: { code: string }) => void notes.push(code);

  const first = await openImages(folder, { run, exclude: ['small'], labels, onNote });
  expect([first.count, first.labelNames]).toEqual([3, ['pug', 'tabby']]);
  expect(notes).not.toContain('images.asRun');
  const source = storedSourceOf(first.source);
  expect(source).toMatchObject({ path: folder, exclude: ['small'], labels });
  await writeRunConfig(runFolderAt(run), { ...featuresConfig, source });
  await first.close();

  const again = await openImages(folder, { run, onNote });
  expect([again.count, again.labelNames]).toEqual([3, ['pug', 'tabby']]);
  expect(notes).toContain('images.asRun');
  await again.close();

  const other = await openImages(folder, { run, exclude: [], labels: 'folders' });
  expect([other.count, other.labelNames]).toEqual([4, ['cat', 'dog', 'small']]);
  await other.close();

  rmSync(join(folder, 'small'), { recursive: true });
  const gone = await openImages(folder, { run });
  expect(gone.count).toBe(3);
  await gone.close();

  const taken = await takeImages(folder, { stored: source });
  expect(taken.images.source.entries).toHaveLength(3);
  await taken.release();
});
