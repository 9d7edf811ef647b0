/** Dates and sizes of a run's files: from the camera, else from the file, and stored. */
import { readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import { defaultCacheDir, FACTS, isolatedDecoder } from '../data/index.ts';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { writeTinyRun } from './explore.cases.ts';
import { readFileColumns } from './fileColumns.ts';
import { openForPage } from './openedRun.ts';

const folder = useTemporaryFolder();
const jpeg = (date: string, width = 30) =>
  sharp({ create: { width, height: 20, channels: 3, background: 'teal' } })
    .withExif({ IFD2: { DateTimeOriginal: date } })
    .jpeg()
    .toBuffer();
const DAY_MS = 86_400_000;

describe('the columns of files', () => {
  it('have the date of the camera, else of the file, and say which', async () => {
    vi.stubEnv('LIKENESS_CACHE', join(folder.path, 'cache'));
    const tiny = await writeTinyRun(folder.path, { count: 8 });
    const file = (row: number) => join(tiny.photos, tiny.ids[row]!);
    writeFileSync(file(1), await jpeg('2021:03:04 05:06:07'));
    const burst = [file(2), file(3)];
    for (const [i, one] of burst.entries()) {
      writeFileSync(one, await jpeg(`2022:01:01 10:00:0${i}`));
    }
    utimesSync(file(4), 1_600_000_000, 1_600_000_000);
    const run = await openForPage(tiny.run);
    rmSync(file(5));
    const { date, dated, width, bytes } = await readFileColumns(run);
    expect([...dated!]).toEqual([1, 0, 0, 0, 1, -1, 1, 1]);
    expect(Math.round(date![1]! * DAY_MS)).toBe(new Date(2021, 2, 4, 5, 6, 7).getTime());
    expect(Math.round((date![3]! - date![2]!) * DAY_MS)).toBe(1000);
    expect(Math.round(date![4]! * DAY_MS)).toBe(1_600_000_000_000);
    expect([date![5], bytes![5]]).toEqual([Number.NaN, Number.NaN]);
    expect([width![1], bytes![1]]).toEqual([30, statSync(file(1)).size]);
    await run.close();
    vi.unstubAllEnvs();
  });

  it('are read from the cache folder until a file changes', async () => {
    vi.stubEnv('LIKENESS_CACHE', join(folder.path, 'cache'));
    const tiny = await writeTinyRun(folder.path, { count: 4 });
    const run = await openForPage(tiny.run);
    const before = await readFileColumns(run);
    const stored = () => readdirSync(defaultCacheDir()).filter((name) => name.endsWith(FACTS));
    expect(stored()).toHaveLength(1);
    const size = vi.spyOn(isolatedDecoder, 'size').mockRejectedValue(new Error('read again'));
    expect(await readFileColumns(run)).toEqual(before);
    size.mockRestore();
    const file = join(tiny.photos, tiny.ids[2]!);
    writeFileSync(file, await jpeg('2021:03:04 05:06:07', 77));
    const after = await readFileColumns(run);
    expect([after.width![2], after.dated![2], before.dated![2]]).toEqual([77, 0, 1]);
    writeFileSync(join(defaultCacheDir(), stored()[0]!), 'damaged');
    writeFileSync(join(defaultCacheDir(), stored()[1]!), 'damaged');
    expect(await readFileColumns(run)).toEqual(after);
    await run.close();
    vi.unstubAllEnvs();
  });
});
