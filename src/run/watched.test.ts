import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';
import { readWatched, writeWatched } from './watched.ts';

const folder = useTemporaryFolder();
const file = () => join(folder.path, 'watched.safetensors');
const sample = { epoch: 3, step: 40, clusters: Int32Array.of(2, 0, 1) };

it('gives back the measurement, unless it is of a later step', async () => {
  await writeWatched(file(), sample);
  expect(await readWatched(file(), { step: 40 })).toEqual(sample);
  expect(await readWatched(file(), { step: 39 })).toBeUndefined();
});

it('is undefined where the file is absent or damaged', async () => {
  expect(await readWatched(file(), { step: 40 })).toBeUndefined();
  await writeFile(file(), 'x');
  expect(await readWatched(file(), { step: 40 })).toBeUndefined();
});
