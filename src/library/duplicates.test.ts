import { mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { draw, sceneOf, variants } from '../duplicates/pictures.cases.ts';
import { findDuplicates, moveDuplicates, restoreDuplicates } from './duplicates.ts';
import { openImages } from './images.ts';

let place: string;
let photos: string;
const options = { onWarning: () => {} };

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'likeness-duplicates-'));
  photos = join(place, 'photos');
  process.env.LIKENESS_CACHE = join(place, 'cache');
  await mkdir(join(photos, 'copies'), { recursive: true });
  for (const seed of [1, 2, 3, 4]) {
    const { width, height, pixels } = draw(sceneOf(seed), 160, 120);
    const jpeg = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 95 })
      .toBuffer();
    await writeFile(join(photos, `${seed}.jpg`), jpeg);
    if (seed === 1) await writeFile(join(photos, 'copies', 'same.jpg'), jpeg);
  }
  const small = variants['resized to half']!(sceneOf(2));
  const cropped = variants['cropped by 5 % on each side']!(sceneOf(2));
  for (const [name, { width, height, pixels }] of Object.entries({ small, cropped })) {
    const jpeg = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 60 })
      .toBuffer();
    await writeFile(join(photos, 'copies', `${name}.jpg`), jpeg);
  }
  await writeFile(join(photos, 'broken.jpg'), 'no picture');
  await utimes(join(photos, 'copies', 'small.jpg'), 1_000_000, 1_000_000);
});

afterAll(() => rm(place, { recursive: true, force: true }));

const pathsOf = (groups: readonly { images: readonly { path: string }[] }[]) =>
  groups.map(({ images }) => images.map(({ path }) => path));

describe('findDuplicates', () => {
  it('groups equal files and near-duplicates, the one to keep first', async () => {
    const found = await findDuplicates(photos, options);
    expect(pathsOf(found.groups)).toEqual([
      ['1.jpg', 'copies/same.jpg'],
      ['2.jpg', 'copies/cropped.jpg', 'copies/small.jpg'],
    ]);
    expect(found.groups.map(({ kind }) => kind)).toEqual(['equal', 'near']);
    expect(found.groups[0]!.worst.similarity).toBe(1);
    expect(found).toMatchObject({ images: 7, removable: 3, keep: 'best' });
    expect(found.groups[1]!.images[0]).toMatchObject({ width: 160, height: 120 });
    expect(found.skipped.map(({ path }) => path)).toEqual(['broken.jpg']);
    const { worst } = found.groups[1]!;
    expect(worst.similarity).toBeGreaterThanOrEqual(found.threshold);
    expect(worst.similarity).toBeLessThan(1);
  });

  it('takes another threshold afterwards as from the start', async () => {
    const images = await openImages(photos, options);
    const found = await findDuplicates(images, options);
    const { at: _, ...strict } = await found.at(1);
    expect(pathsOf(strict.groups)).toEqual([['1.jpg', 'copies/same.jpg']]);
    const { at: __, ...expected } = await findDuplicates(images, { ...options, threshold: 1 });
    expect(strict).toEqual(expected);
    expect(() => found.at(0.2)).toThrow('threshold: received 0.2; expected a number from 0.5 to 1');
    await images.close();
  });

  it('keeps the newest or the first where asked', async () => {
    const kept = async (keep: 'newest' | 'first') =>
      (await findDuplicates(photos, { ...options, keep })).groups[1]!.images.at(
        keep === 'newest' ? -1 : 0,
      )!.path;
    expect(await kept('newest')).toBe('copies/small.jpg');
    expect(await kept('first')).toBe('2.jpg');
  });

  it('keeps images of a preferred folder', async () => {
    const { groups } = await findDuplicates(photos, { ...options, prefer: 'copies/' });
    expect(groups.map(({ images }) => images[0]!.path.split('/')[0])).toEqual(['copies', 'copies']);
  });

  it('refuses options by name', async () => {
    await expect(findDuplicates(photos, { threshold: 1.5 })).rejects.toMatchObject({
      code: 'option.invalid',
      message: 'threshold: received 1.5; expected a number from 0.5 to 1',
    });
    await expect(findDuplicates(photos, { keep: 'worst' as 'best' })).rejects.toMatchObject({
      message:
        'keep: received "worst"; expected one of best, sharpest, oldest, newest, largest, first',
    });
  });

  it('stops where it is asked to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(findDuplicates(photos, { ...options, signal })).rejects.toThrow('enough');
  });
});

describe('moveDuplicates', () => {
  it('moves all but the kept images with their dates, and back', async () => {
    const trash = join(place, 'trash');
    const before = await readFile(join(photos, 'copies', 'small.jpg'));
    const { groups } = await findDuplicates(photos, options);
    const moved = await moveDuplicates(photos, groups, trash, options);
    expect(moved).toEqual({ folder: trash, moved: 3 });
    expect(await readFile(join(trash, 'copies', 'small.jpg'))).toEqual(before);
    expect((await stat(join(trash, 'copies', 'small.jpg'))).mtimeMs).toBe(1_000_000_000);
    expect((await findDuplicates(photos, options)).groups).toEqual([]);

    expect(await restoreDuplicates(trash, options)).toEqual({ folder: photos, moved: 3 });
    expect(pathsOf((await findDuplicates(photos, options)).groups)).toEqual(pathsOf(groups));
  });

  it('refuses a source that is no folder', async () => {
    await expect(
      moveDuplicates(join(photos, '1.jpg'), [], join(place, 'other'), options),
    ).rejects.toMatchObject({ code: 'trash.source' });
  });
});
