import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silent } from '../core/reporter.ts';
import type { SourceChoices } from '../data/index.ts';
import { runFolderAt } from './files.ts';
import { writeRunConfig } from './runConfig.ts';
import {
  choicesAsStored,
  readingText,
  readStoredSource,
  type StoredSource,
} from './sourceChoices.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';
import { featuresConfig } from './testConfig.cases.ts';

const temporary = useTemporaryFolder();

/** Choices for a path with the notes on them. */
function chosen(stored: StoredSource, path: string, given: SourceChoices = {}) {
  const notes: string[] = [];
  const reporter = {
    ...silent,
    note: ({ message }: { message: string }) => void notes.push(message),
  };
  return { choices: choicesAsStored(stored, { path, given }, reporter), notes };
}

const stored: StoredSource = {
  ...{ path: '/pictures/photos', name: 'photos', kind: 'folder' },
  ...{ exclude: ['raw/**', '*_small.*'], labels: 'none' },
};

describe('the ways in which a source of a run is read again', () => {
  it('are those of the run, in one line', () => {
    expect(chosen(stored, '/pictures/../pictures/photos')).toEqual({
      choices: { exclude: ['raw/**', '*_small.*'], labels: 'none', lenient: true },
      notes: ['read as for the run, without "raw/**" and "*_small.*", without labels'],
    });
  });

  it('are all pages where the run has them', () => {
    const paged: StoredSource = { path: '/p', name: 'p', kind: 'folder', pages: 'all' };
    expect(chosen(paged, '/p')).toEqual({
      choices: { pages: 'all' },
      notes: ['read as for the run, with all pages of files of several'],
    });
    expect(chosen(paged, '/p', { pages: 'first' })).toEqual({
      choices: { pages: 'first' },
      notes: [],
    });
  });

  it('are some classes where the run has them, which may be gone since', () => {
    const some: StoredSource = { path: '/p', name: 'p', kind: 'folder', classes: ['imagenet-10'] };
    expect(chosen(some, '/p')).toEqual({
      choices: { classes: ['imagenet-10'], lenient: true },
      notes: ['read as for the run, of the classes imagenet-10'],
    });
    expect(chosen(some, '/p', { classes: ['a', 'b'] })).toEqual({
      choices: { classes: ['a', 'b'] },
      notes: [],
    });
  });

  it('are those that are given', () => {
    const given = { exclude: [], labels: '/labels.csv' };
    expect(chosen(stored, stored.path, given)).toEqual({ choices: given, notes: [] });
    expect(chosen(stored, stored.path, { exclude: ['a'] })).toEqual({
      choices: { exclude: ['a'], labels: 'none' },
      notes: ['read as for the run, without labels'],
    });
  });

  it('are not taken for another source, but for a folder that was moved', () => {
    expect(chosen(stored, '/pictures/others')).toEqual({ choices: {}, notes: [] });
    const [before, after] = ['a', 'b'].map((name) => join(temporary.path, name, 'photos'));
    const moved = { ...stored, path: before! };
    expect(chosen(moved, after!).choices).toMatchObject({ exclude: stored.exclude });
    mkdirSync(before!, { recursive: true });
    expect(chosen(moved, after!).choices).toEqual({});
    rmSync(before!, { recursive: true });
  });

  it('are none for a run without them', () => {
    const plain = { path: '/photos', name: 'photos', kind: 'folder' };
    expect(chosen(plain, '/photos')).toEqual({ choices: {}, notes: [] });
  });
});

it('leaves the range of values to the encoder, which needs it for other images too', () => {
  const ranged = { ...stored, range: [0, 4095] as const };
  expect(chosen(ranged, stored.path).choices).not.toHaveProperty('range');
  expect(chosen(ranged, stored.path, { range: [1, 2] }).choices.range).toEqual([1, 2]);
});

it('are words with the range', () => {
  expect(readingText({ ...stored, pages: 'all', range: [0, 4095] })).toBe(
    'without "raw/**" and "*_small.*", without labels, with all pages of files of several, ' +
      'values 0 to 4,095 become black to white',
  );
  expect(readingText({ range: [0, 1] })).toBe('values 0 to 1 become black to white');
  expect(readingText({})).toBeUndefined();
});

it('reads the source of a run, and none where there is no run', async () => {
  expect(await readStoredSource(temporary.path)).toBeUndefined();
  const source: StoredSource = { ...stored, range: [-1024, 3071] };
  await writeRunConfig(runFolderAt(temporary.path), { ...featuresConfig, source });
  expect(await readStoredSource(temporary.path)).toEqual(source);
});
