import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { measureSource } from './measure.ts';
import { errorOf, plainPng, temporaryFolder, writeTree } from './pictures.cases.ts';
import { openSource } from './source.ts';

describe('folders of images', () => {
  it('gives names, labels, splits and bytes', async () => {
    const png = await plainPng(6, 4, [1, 2, 3]);
    const path = writeTree(temporaryFolder(), {
      'train/cat/2.png': png,
      'train/cat/10.png': png,
      'train/dog/1.png': png,
      'test/dog/1.png': png,
      'test/notes.txt': 'x',
    });
    const source = await openSource(path);
    expect(source).toMatchObject({ path, kind: 'folder', labelNames: ['cat', 'dog'] });
    expect(source.entries).toEqual([
      { id: 'test/dog/1.png', label: 1, split: 'test' },
      { id: 'train/cat/2.png', label: 0, split: 'train' },
      { id: 'train/cat/10.png', label: 0, split: 'train' },
      { id: 'train/dog/1.png', label: 1, split: 'train' },
    ]);
    expect(source.skipped).toEqual([{ id: 'test/notes.txt', reason: 'not an image (.txt)' }]);
    expect(await source.read(1)).toEqual({ kind: 'encoded', bytes: png });
    expect(await measureSource(source)).toEqual({
      medianShortSide: 4,
      smallestShortSide: 4,
      largestShortSide: 4,
      samples: 4,
    });
  });

  it('gives files of any length whole, many at a time', async () => {
    const lengths = [0, 1, 70_000, 2 ** 20, 2 ** 20 + 1, 3_000_000];
    const files = lengths.map((length, i) =>
      Buffer.from(new Uint8Array(length).map((_, at) => at * (i + 3))),
    );
    const path = writeTree(
      temporaryFolder(),
      Object.fromEntries(files.map((bytes, i) => [`${i}.jpg`, bytes])),
    );
    const source = await openSource(path);
    // After a slow read the next files are read on other threads. Repetition takes both paths.
    for (let time = 0; time < 30; time++) {
      const read = await Promise.all(files.map((_, i) => source.read(i)));
      for (const [i, image] of read.entries()) {
        expect(
          image.kind === 'encoded' && files[i]!.equals(image.bytes),
          `${lengths[i]} bytes`,
        ).toBe(true);
      }
    }
  });

  it('opens a single image', async () => {
    const path = writeTree(temporaryFolder(), { 'one.PNG': await plainPng(2, 2, [9, 9, 9]) });
    const source = await openSource(join(path, 'one.PNG'));
    expect(source).toMatchObject({ kind: 'image', name: 'one.PNG', entries: [{ id: 'one.PNG' }] });
    expect((await source.read(0)).kind).toBe('encoded');
  });

  it('reports a file that vanished as unreadable', async () => {
    const path = writeTree(temporaryFolder(), { '1.png': await plainPng(2, 2, [9, 9, 9]) });
    const source = await openSource(join(path, '1.png'));
    const gone = await openSource(path);
    rmSync(join(path, '1.png'));
    for (const opened of [source, gone]) {
      const error = await errorOf(opened.read(0));
      expect([error.code, error.message]).toEqual([
        'image.unreadable',
        'no such file or folder (ENOENT)',
      ]);
    }
  });

  // The superuser may read everything, so there is nothing to refuse.
  it.skipIf(process.getuid?.() === 0)(
    'reports a file that may not be read as unreadable',
    async () => {
      const path = writeTree(temporaryFolder(), { '1.png': await plainPng(2, 2, [9, 9, 9]) });
      chmodSync(join(path, '1.png'), 0);
      const error = await errorOf((await openSource(path)).read(0));
      expect(error.message).toBe('permission denied (EACCES)');
    },
  );
});

describe('what cannot be opened', () => {
  const expected =
    'a folder of images, CIFAR-10/100 or STL-10 binary files, IDX files, .tar archives, or one ' +
    'image file';
  const message = async (path: string) => (await errorOf(openSource(path))).message;

  it('a path that does not exist', async () => {
    const folder = temporaryFolder();
    const error = await errorOf(openSource(join(folder, 'phtos', 'cats')));
    expect(error.code).toBe('source.missing');
    expect(error.message).toBe(
      `source: ${folder}/phtos/cats does not exist (${folder} does). Expected ${expected}; ` +
        'check the spelling.',
    );
    expect(await message('')).toContain('source: the path is empty');
  });

  it('an empty folder, and one without images', async () => {
    const folder = temporaryFolder();
    expect(await message(folder)).toBe(
      `source: no images in ${folder} (it is empty). Expected ${expected}; check the path.`,
    );
    writeTree(folder, { 'a.txt': '', 'b.mp4': '' });
    const error = await errorOf(openSource(folder));
    expect(error.code).toBe('source.empty');
    expect(error.message).toContain(
      '(found 2 other files, such as a.txt: not an image (.txt); b.mp4: not an image (.mp4))',
    );
  });

  it('archives and files of other kinds, with what to do instead', async () => {
    const folder = writeTree(temporaryFolder(), {
      'set.tar.gz': 'x',
      'set.zip': 'x',
      'train.bin': 'x',
      'notes.txt': 'x',
      'bad.tar': 'this is no archive'.repeat(100),
      'cifar/data_batch_1': 'x',
    });
    expect(await message(join(folder, 'set.tar.gz'))).toContain('unpack it and name the folder');
    expect(await message(join(folder, 'set.zip'))).toContain('unpack it and name the folder');
    expect(await message(join(folder, 'train.bin'))).toContain(
      `Expected its folder; use ${folder}.`,
    );
    expect(await message(join(folder, 'notes.txt'))).toContain(
      'another kind (not an image (.txt))',
    );
    expect(await message(join(folder, 'bad.tar'))).toContain('cannot be used: not a tar archive.');
    expect(await message(join(folder, 'cifar'))).toContain(
      'Expected the binary version (.bin files)',
    );
    expect(await message(join(folder, 'notes.txt', 'x'))).toContain('a part of the path is a file');
  });
});
