import { spawnSync } from 'node:child_process';
import {
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openSource } from '../data/index.ts';
import { tiffFile } from '../data/tiff.cases.ts';
import { checkSortFolder, sortInto } from './sortInto.ts';
import { clusterFolderName, sortedNames } from './sortNames.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();

async function pictures(ids: string[]) {
  const path = join(folder.path, 'pictures');
  for (const id of ids) {
    await mkdir(dirname(join(path, id)), { recursive: true });
    await writeFile(join(path, id), `picture ${id}`);
  }
  return {
    path,
    kind: 'folder' as const,
    entries: ids.map((id) => ({ id })),
    read: async () => {
      throw new Error('files are copied, not read');
    },
  };
}
const tree = async (path: string) => {
  const names = (await readdir(path, { recursive: true })).sort();
  const files = await Promise.all(
    names.map(async (name) => ((await lstat(join(path, name))).isDirectory() ? [] : [name])),
  );
  return files.flat().filter((name) => !name.startsWith('.'));
};

describe('sortedNames', () => {
  it('keeps names that are alone, and puts parents before those that are not', () => {
    const items = [
      { id: 'a/x.jpg', cluster: 0 },
      { id: 'b/c/X.JPG', cluster: 0 },
      { id: 'a_x.jpg', cluster: 0 },
      { id: 'b/x.jpg', cluster: 1 },
      { id: 'none.jpg', cluster: -1 },
    ];
    expect(sortedNames(items)).toEqual([
      'cluster-000/a_x-2.jpg',
      'cluster-000/b_c_X.JPG',
      'cluster-000/a_x.jpg',
      'cluster-001/x.jpg',
      'unassigned/none.jpg',
    ]);
    expect(sortedNames([{ id: 'train/00012', cluster: 0 }], { extension: '.png' })).toEqual([
      'cluster-000/00012.png',
    ]);
    expect(clusterFolderName(7, 12_000)).toBe('cluster-00007');
  });

  it('gives every image its own place, whatever the order, and never leaves the folder', () => {
    const part = fc.constantFrom(
      'a',
      'A',
      'b',
      'a_b',
      '..',
      'é',
      'e\u0301',
      'x.jpg',
      'x-2.jpg',
      'long'.repeat(30),
    );
    const id = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(fc.uniqueArray(id, { maxLength: 30 }), fc.nat(2), (ids, clusters) => {
        const items = ids.map((id, i) => ({ id, cluster: i % (clusters + 1) }));
        const names = sortedNames(items);
        expect(new Set(names.map((name) => name.normalize('NFC').toLowerCase())).size).toBe(
          ids.length,
        );
        for (const name of names) {
          expect(name).toMatch(/^cluster-\d{3}\/[^/]+$/);
          expect(name).not.toMatch(/\/\.\.$/);
          expect(Buffer.byteLength(name)).toBeLessThan(256 + 'cluster-000/'.length);
        }
        const reversed = sortedNames([...items].reverse()).reverse();
        expect(reversed).toEqual(names);
      }),
    );
  });
});

describe('sortInto', () => {
  // macOS and Windows take no other bytes than Unicode.
  it.skipIf(process.platform !== 'linux')(
    'copies and links files of any name, under their texts',
    async () => {
      const source = await pictures(['a.jpg']);
      const name = Buffer.concat([
        Buffer.from(`${source.path}/`),
        Buffer.from('\xe9\x1b.jpg', 'latin1'),
      ]);
      await writeFile(name, 'odd');
      const items = [{ id: '\\xE9\\x1B.jpg', cluster: 0 }];
      for (const by of ['copy', 'link', 'copy'] as const) {
        const into = join(folder.path, 'sorted');
        expect((await sortInto({ into, by, source, items })).failed).toEqual([]);
        expect(await readFile(join(into, 'cluster-000', '\\xE9\\x1B.jpg'), 'utf8')).toBe('odd');
      }
    },
  );

  it('keeps the dates of files that it copies', async () => {
    const source = await pictures(['a.jpg']);
    const date = new Date('2019-07-03T12:00:00Z');
    await utimes(join(source.path, 'a.jpg'), date, date);
    const into = join(folder.path, 'sorted');
    await sortInto({ into, source, items: [{ id: 'a.jpg', cluster: 0 }] });
    expect((await lstat(join(into, 'cluster-000', 'a.jpg'))).mtime).toEqual(date);
  });

  it('copies, and a second call replaces the first', async () => {
    const source = await pictures(['cats/1.jpg', 'dogs/1.jpg', 'dogs/2.jpg']);
    const into = join(folder.path, 'sorted');
    const items = source.entries.map(({ id }) => ({ id, cluster: id.endsWith('1.jpg') ? 0 : 1 }));
    const result = await sortInto({ into, source, items });
    expect(result).toMatchObject({
      clusters: 2,
      copied: 3,
      linked: 0,
      written: 0,
      renamed: 2,
      failed: [],
    });
    expect(await tree(into)).toEqual([
      'cluster-000/cats_1.jpg',
      'cluster-000/dogs_1.jpg',
      'cluster-001/2.jpg',
    ]);
    expect(await readFile(join(into, 'cluster-000/dogs_1.jpg'), 'utf8')).toBe('picture dogs/1.jpg');
    await sortInto({
      into,
      source,
      items: items.map(({ id }) => ({ id, cluster: 4 })),
      by: 'link',
    });
    expect(await tree(into)).toEqual([
      'cluster-004/2.jpg',
      'cluster-004/cats_1.jpg',
      'cluster-004/dogs_1.jpg',
    ]);
    expect((await readdir(into)).sort()).toEqual(['.likeness-sorted.json', 'cluster-004']);
    expect(await readlink(join(into, 'cluster-004/2.jpg'))).toBe('../../pictures/dogs/2.jpg');
    expect(await readFile(join(into, 'cluster-004/2.jpg'), 'utf8')).toBe('picture dogs/2.jpg');
  });

  it('refuses a folder with anything of somebody else in it, and changes nothing there', async () => {
    const source = await pictures(['1.jpg', '2.jpg']);
    const items = source.entries.map(({ id }) => ({ id, cluster: 0 }));
    const into = join(folder.path, 'mine');
    await mkdir(into);
    await writeFile(join(into, 'letter.txt'), 'dear');
    await expect(sortInto({ into, source, items })).rejects.toThrow(
      /is not empty: "letter.txt" was not put there/,
    );
    expect(await readdir(into)).toEqual(['letter.txt']);
    await expect(sortInto({ into: join(into, 'letter.txt'), source, items })).rejects.toThrow(
      /into: .* is a file; expected a folder/,
    );

    await rm(into, { recursive: true });
    await sortInto({ into, source, items });
    await writeFile(join(into, 'cluster-000/1.jpg'), 'cropped by hand');
    await expect(sortInto({ into, source, items })).rejects.toThrow(
      /"cluster-000\/1.jpg" was not put there, or was changed/,
    );
    expect(await readFile(join(into, 'cluster-000/1.jpg'), 'utf8')).toBe('cropped by hand');
  });

  it('refuses a folder inside the source, also through a link', async () => {
    const source = await pictures(['1.jpg']);
    const items = [{ id: '1.jpg', cluster: 0 }];
    await symlink(source.path, join(folder.path, 'alias'));
    for (const into of [
      source.path,
      join(source.path, 'new', 'deep'),
      join(folder.path, 'alias', 'new'),
    ]) {
      await expect(sortInto({ into, source, items })).rejects.toThrow(
        /lies in the source .* Choose a folder outside it/,
      );
    }
    expect(await readdir(source.path)).toEqual(['1.jpg']);
    await sortInto({ into: `${source.path}-sorted`, source, items });
  });

  it('can be repeated after it was stopped half-way', async () => {
    const source = await pictures(['1.jpg', '2.jpg', '3.jpg']);
    const items = source.entries.map(({ id }) => ({ id, cluster: 0 }));
    const into = join(folder.path, 'sorted');
    const stop = new AbortController();
    const onProgress = (done: number) => done === 2 && stop.abort();
    await expect(
      sortInto({ into, source, items, onProgress, signal: stop.signal }),
    ).rejects.toThrow();
    expect((await tree(into)).length).toBe(2);
    expect((await sortInto({ into, source, items })).copied).toBe(3);
  });

  it('can be repeated after a kill in the middle of its first write', async () => {
    const source = await pictures(['1.jpg']);
    const items = [{ id: '1.jpg', cluster: 0 }];
    const into = join(folder.path, 'sorted');
    const ended = spawnSync(process.execPath, ['--version']).pid;
    await mkdir(into);
    await writeFile(join(into, `..likeness-sorted.json.${ended}-0.tmp`), '{"like');
    await sortInto({ into, source, items });
    expect((await readdir(into)).sort()).toEqual(['.likeness-sorted.json', 'cluster-000']);
  });

  it('goes on when a picture has gone, and says so', async () => {
    const source = await pictures(['1.jpg', '2.jpg']);
    await rm(join(source.path, '1.jpg'));
    const items = source.entries.map(({ id }) => ({ id, cluster: 0 }));
    const result = await sortInto({ into: join(folder.path, 'sorted'), source, items });
    expect(result.copied).toBe(1);
    expect(result.failed).toEqual([{ id: '1.jpg', reason: expect.stringMatching(/ENOENT/) }]);
  });

  it('writes pictures of packed files as PNG, and files in tar shards as they are', async () => {
    const pixels = Uint8Array.from({ length: 2 * 3 * 3 }, (_, i) => i * 10);
    const source = {
      path: join(folder.path, 'data.bin'),
      kind: 'cifar10' as const,
      entries: [{ id: 'train/00000' }, { id: 'test/00000' }],
      read: async (index: number) => ({
        kind: 'raw' as const,
        width: 3,
        height: 2,
        channels: 3 as const,
        pixels: pixels.map((p) => p + index),
      }),
    };
    const items = source.entries.map(({ id }) => ({ id, cluster: 0 }));
    const into = join(folder.path, 'sorted');
    expect((await sortInto({ into, source, items, by: 'link' })).written).toBe(2);
    expect(await tree(into)).toEqual(['cluster-000/test_00000.png', 'cluster-000/train_00000.png']);
    const back = await sharp(join(into, 'cluster-000/test_00000.png')).raw().toBuffer();
    expect([...back]).toEqual([...pixels.map((p) => p + 1)]);

    const tar = {
      ...source,
      kind: 'tar' as const,
      entries: [{ id: 'shard-0.tar/a.webp' }],
      read: async () => ({ kind: 'encoded' as const, bytes: Buffer.from('webp') }),
    };
    const from = join(folder.path, 'from-tar');
    await sortInto({ into: from, source: tar, items: [{ id: 'shard-0.tar/a.webp', cluster: 1 }] });
    expect(await readFile(join(from, 'cluster-001/a.webp'), 'utf8')).toBe('webp');
  });
});

it.each(['copy', 'link'] as const)('writes pages as files of their own, by %s', async (by) => {
  const side = 5;
  const page = (value: number) => ({
    ...{ width: side, height: side, data: new Uint8Array(side * side).fill(value) },
  });
  const path = join(folder.path, 'pages');
  await mkdir(join(path, 'a'), { recursive: true });
  await writeFile(join(path, 'a', 'scan.tif'), tiffFile([page(10), page(20), page(30)]));
  await writeFile(join(path, 'one.tif'), tiffFile([page(40)]));
  const source = await openSource(path, { pages: 'all' });
  const items = source.entries.map(({ id }) => ({ id, cluster: id.endsWith('#3') ? 1 : 0 }));
  const into = join(folder.path, 'sorted-pages');
  expect(await sortInto({ into, source, items, by })).toMatchObject({
    ...{ pages: 3, written: 0, renamed: 0, failed: [] },
    ...(by === 'copy' ? { copied: 1, linked: 0 } : { copied: 0, linked: 1 }),
  });
  expect(await tree(into)).toEqual([
    'cluster-000/one.tif',
    'cluster-000/scan-1.png',
    'cluster-000/scan-2.png',
    'cluster-001/scan-3.png',
  ]);
  const { data, info } = await sharp(join(into, 'cluster-000/scan-2.png'))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width: side, height: side });
  expect(new Set(data)).toEqual(new Set([20]));
  // The files of a call may be replaced by the next.
  expect((await sortInto({ into, source, items, by })).pages).toBe(3);
});

describe('checkSortFolder', () => {
  it('accepts a new folder and the files of an earlier call, and touches nothing', async () => {
    const source = await pictures(['a.jpg', 'b/c.jpg']);
    const into = join(folder.path, 'sorted');
    await checkSortFolder(into, source);
    expect(await lstat(into).catch(() => 'nothing')).toBe('nothing');
    await sortInto({ into, source, items: [{ id: 'a.jpg', cluster: 0 }] });
    await checkSortFolder(into, source);
    expect(await tree(into)).toEqual(['cluster-000/a.jpg']);
  });

  it('refuses an empty path, a folder in the source, and other files', async () => {
    const source = await pictures(['a.jpg']);
    await expect(checkSortFolder('', source)).rejects.toMatchObject({ code: 'option.invalid' });
    const inside = join(source.path, 'in');
    await expect(checkSortFolder(inside, source)).rejects.toMatchObject({ code: 'sort.inside' });
    await mkdir(join(folder.path, 'other'));
    await writeFile(join(folder.path, 'other', 'x'), '');
    const other = checkSortFolder(join(folder.path, 'other'), source);
    await expect(other).rejects.toMatchObject({ code: 'sort.notEmpty' });
  });

  it('follows no links, of which a few that lead back would never end', async () => {
    const source = await pictures(['a.jpg']);
    const into = join(folder.path, 'circles');
    await sortInto({ into, source, items: [{ id: 'a.jpg', cluster: 0 }] });
    for (const place of [into, join(into, 'cluster-000')]) {
      for (let i = 0; i < 6; i++) await symlink(folder.path, join(place, `up-${i}`));
    }
    await expect(checkSortFolder(into, source)).rejects.toMatchObject({
      code: 'sort.notEmpty',
      message: expect.stringContaining('"cluster-000/up-0" and 11 more was not put there'),
    });
    await rm(join(into, '.likeness-sorted.json'));
    await expect(checkSortFolder(into, source)).rejects.toMatchObject({ code: 'sort.notEmpty' });
  });
});
