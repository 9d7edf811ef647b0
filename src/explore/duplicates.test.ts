import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LikenessError } from '../core/errors.ts';
import { reporterOf, silent } from '../core/reporter.ts';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { groupDuplicates, nearGroups } from './duplicateGroups.ts';
import { groupInWorker } from './duplicateGroupsJob.ts';
import { answerDuplicates } from './duplicates.ts';
import { readDuplicates, type StoredDuplicates, writeDuplicates } from './duplicatesFile.ts';
import { changesOf } from './fileStamps.ts';
import type { OpenedRun } from './openedRun.ts';

const folder = useTemporaryFolder();
const image = (row: number, sameAs = row, more: object = {}) => ({
  ...{
    row,
    width: 100,
    height: 100,
    sharpness: 5,
    bytes: 1000 + row,
    sameAs,
    modified: 1e12 + row,
  },
  ...more,
});
/** Rows 0, 1 and 2 have equal pixels, 0 and 1 equal bytes. 0, 5 and 8 show one picture; 8 and 9. */
const stored: StoredDuplicates = {
  ...{ least: 0.8, compared: 10, equal: [[0, 1, 2]] },
  pairs: [
    { a: 0, b: 5, similarity: 0.95 },
    { a: 0, b: 8, similarity: 0.85 },
    { a: 5, b: 8, similarity: 0.9 },
    { a: 8, b: 9, similarity: 0.82 },
  ],
  images: [
    image(0),
    image(1, 0),
    image(2),
    image(5, 5, { width: 200 }),
    image(8),
    image(9, 9, { taken: 1e12 }),
  ],
  stamps: Float64Array.from({ length: 20 }, (_, i) => i),
};
const membersAt = (threshold: number, gone: readonly number[] = []) =>
  nearGroups(groupDuplicates(stored, new Set(gone)), stored, threshold).map(
    ({ members }) => members,
  );

describe('groupDuplicates', () => {
  it('keeps files with the same bytes apart from those that show the same picture', () => {
    const { exact } = groupDuplicates(stored, new Set());
    expect(exact.map(({ members }) => members)).toEqual([[0, 1]]);
    expect(membersAt(0.97)).toEqual([[0, 1, 2]]);
    expect(membersAt(0.9)).toEqual([[0, 1, 2, 5]]);
    expect(membersAt(0.8)).toEqual([[0, 1, 2, 5, 8]]);
  });

  it('leaves out files that are gone, and groups the others as if they had never been', () => {
    expect(membersAt(0.8, [0])).toEqual([[1, 2, 5, 8]]);
    expect(membersAt(0.8, [0, 1, 2])).toEqual([[5, 8]]);
    expect(membersAt(0.8, [5, 0, 1, 2])).toEqual([[8, 9]]);
    expect(groupDuplicates(stored, new Set([1])).exact).toEqual([]);
    const [group] = nearGroups(groupDuplicates(stored, new Set([0])), stored, 0.8);
    expect(group!.worst).toEqual({ a: 1, b: 8, similarity: 0.85 });
  });

  it('has no near group of files that all have the same bytes', () => {
    expect(membersAt(0.8, [2, 5, 8, 9])).toEqual([]);
  });
});

describe('answerDuplicates', () => {
  const ids = Array.from({ length: 10 }, (_, i) => (i === 2 ? 'best of/2.jpg' : `${i}.jpg`));
  const run = { ids, key: 'k' } as unknown as OpenedRun;
  const now = {
    grouped: groupDuplicates(stored, new Set([9])),
    changes: { gone: new Set([9]), changed: true },
  };
  const firstOf = (question: object) =>
    answerDuplicates(run, stored, now, {
      ...{ threshold: 0.9, keep: 'best', ...question },
    }).near.map(({ rows }) => rows[0]);

  it('puts the image to keep first, by rule and by folder', () => {
    expect(firstOf({})).toEqual([5]);
    expect(firstOf({ keep: 'first' })).toEqual([0]);
    expect(firstOf({ keep: 'newest' })).toEqual([5]);
    expect(firstOf({ keep: 'first', prefer: 'best of' })).toEqual([2]);
  });

  it('counts the files that are gone', () => {
    const answer = answerDuplicates(run, stored, now, { threshold: 0.9, keep: 'best' });
    expect(answer).toMatchObject({ gone: 1, changed: true, least: 0.8, compared: 10 });
  });
});

describe('changesOf', () => {
  it('tells files that are gone from files that have changed', () => {
    const before = Float64Array.of(10, 1, 20, 2, Number.NaN, Number.NaN);
    const [none, gone] = [before.slice(), before.slice()];
    gone.set([Number.NaN, Number.NaN], 2);
    expect(changesOf(before, none)).toEqual({ gone: new Set(), changed: false });
    expect(changesOf(before, gone)).toEqual({ gone: new Set([1]), changed: false });
    const [later, longer] = [before.slice(), before.slice()];
    later[3] = 3;
    longer[0] = 11;
    expect(changesOf(before, later).changed).toBe(true);
    expect(changesOf(before, longer).changed).toBe(true);
    // A file that could not be read before is there now.
    expect(changesOf(before, Float64Array.of(10, 1, 20, 2, 7, 7)).changed).toBe(true);
  });
});

describe('duplicates.safetensors', () => {
  it('gives back what was written, for the same images alone', async () => {
    const file = join(folder.path, 'duplicates.safetensors');
    await writeDuplicates(file, 'one', stored);
    expect(await readDuplicates(file, 'one', 10)).toEqual(stored);
    expect(await readDuplicates(file, 'other', 10)).toBeUndefined();
    expect(await readDuplicates(file, 'one', 9)).toBeUndefined();
    expect(await readDuplicates(join(folder.path, 'none'), 'one', 10)).toBeUndefined();
  });

  it('is computed again where it names images that it does not describe', async () => {
    const file = join(folder.path, 'duplicates.safetensors');
    await writeDuplicates(file, 'one', { ...stored, images: stored.images.slice(1) });
    expect(await readDuplicates(file, 'one', 10)).toBeUndefined();
  });
});

describe('groupInWorker', () => {
  it('gives what groupDuplicates computes', async () => {
    for (const gone of [new Set<number>(), new Set([0, 9])]) {
      const made = await groupInWorker(stored, gone, silent);
      expect(made).toEqual(groupDuplicates(stored, gone));
    }
  });

  it('ends its worker with the signal', async () => {
    const stop = new AbortController();
    const grouping = groupInWorker(stored, new Set(), reporterOf({ signal: stop.signal }));
    stop.abort(new LikenessError('explore.closed', 'the server ends'));
    await expect(grouping).rejects.toMatchObject({ code: 'explore.closed' });
  });
});
