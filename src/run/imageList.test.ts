import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { silent } from '../core/reporter.ts';
import { runFolderAt } from './files.ts';
import { hashOfImages, requireSameImages, writeImageList, writeMissingLists } from './imageList.ts';
import type { RunConfig } from './runConfig.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const temporary = useTemporaryFolder();
const before = { ids: ['a.jpg', 'b.jpg', 'c.jpg'], hashes: ['1', '2', '3'], decoder: 'x' };

/** Compares a run of `before` with other images; gives the error and the notes. */
async function compared(
  now: typeof before,
  listing: RunConfig['listing'] | 'none' = hashOfImages(before),
) {
  const folder = runFolderAt(temporary.path);
  const config = { images: 3, listing: listing === 'none' ? undefined : listing } as RunConfig;
  const notes: string[] = [];
  const reporter = { ...silent, note: ({ code }: { code: string }) => void notes.push(code) };
  const error = await requireSameImages(now, { folder, config, source: 'photos', reporter }).then(
    () => '',
    ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
  );
  return { error, notes };
}

it.each([
  ['is missing', { ids: ['a.jpg', 'c.jpg'], hashes: ['1', '3'] }, '"b.jpg" is missing'],
  [
    'is new',
    { ids: ['a.jpg', 'aa.jpg', 'b.jpg', 'c.jpg'], hashes: ['1', '4', '2', '3'] },
    '"aa.jpg" is new',
  ],
  [
    'is renamed',
    { ids: ['a.jpg', 'c.jpg', 'd.jpg'], hashes: ['1', '3', '2'] },
    '"b.jpg" is now "d.jpg"',
  ],
  ['is edited', { ids: before.ids, hashes: ['1', '9', '3'] }, '"b.jpg" has other content'],
  ['changed its name', { ids: before.ids, hashes: ['2', '1', '3'] }, '"a.jpg" has other content'],
])('names the first image that %s', async (_, now, difference) => {
  await writeImageList(runFolderAt(temporary.path).files.images, before);
  const { error } = await compared({ ...before, ...now });
  expect(error).toBe(
    `resume.source: photos: ${difference}; expected the 3 images that ${temporary.path} was ` +
      'started with. Restore them, or start a new run for a changed folder.',
  );
});

it('takes the same images, without the list too', async () => {
  expect(await compared(before)).toEqual({ error: '', notes: [] });
  await rm(runFolderAt(temporary.path).files.images, { force: true });
  expect(await compared(before)).toEqual({ error: '', notes: [] });
  const other = { ...before, hashes: ['1', '2', '4'] };
  expect((await compared(other)).error).toMatch(/photos: found other images; expected the 3/);
});

it('writes the lists that a kill left out, and leaves those that are there', async () => {
  const folder = runFolderAt(temporary.path);
  const request = { config: {}, identities: before, skipped: [{ id: 'd.jpg', reason: 'torn' }] };
  await writeMissingLists(folder, request);
  expect(await readdir(temporary.path)).toEqual(['skipped.csv']);
  expect(await readFile(folder.files.skipped, 'utf8')).toContain('d.jpg,torn');
  await writeFile(folder.files.skipped, 'kept');
  await writeMissingLists(folder, { ...request, config: { listing: hashOfImages(before) } });
  expect(await readFile(folder.files.images, 'utf8')).toContain('b.jpg,2');
  expect(await readFile(folder.files.skipped, 'utf8')).toBe('kept');
});

it('compares names alone where the decoder was another, and the number in old runs', async () => {
  const decoded = { ...before, hashes: ['7', '8', '9'], decoder: 'y' };
  expect(await compared(decoded)).toEqual({ error: '', notes: ['resume.images'] });
  expect(await compared(decoded, 'none')).toEqual({ error: '', notes: ['resume.images'] });
  const fewer = { ids: ['a.jpg'], hashes: ['1'], decoder: 'x' };
  expect((await compared(fewer, 'none')).error).toMatch(/found 1 usable images; expected the 3/);
});
