import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plainPng, temporaryFolder, writeTree } from './pictures.cases.ts';
import { openSource } from './source.ts';
import { tar } from './tar.cases.ts';

const content = (text: string) => ({ kind: 'encoded', bytes: new Uint8Array(Buffer.from(text)) });

describe('tar archives', () => {
  it('reads members by offset, with labels from the paths inside', async () => {
    const long = `set/train/dog/${'deep/'.repeat(30)}ünïcode.png`; // needs an extended header
    const archive = await tar([
      ['set/', ''],
      ['./set/train/cat/10.jpg', 'ten'],
      ['set/train/cat/2.jpg', 'old two'],
      [long, 'long'],
      ['set/train/cat/2.jpg', 'two'],
      ['set/test/dog/1.jpg', 'x'.repeat(5000)],
      ['set/test/dog/link.jpg', '->1.jpg'],
      ['set/.hidden.jpg', 'x'],
      ['set/notes.md', 'x'],
    ]);
    const path = join(writeTree(temporaryFolder(), { 'set.tar': archive }), 'set.tar');
    const source = await openSource(path);
    expect(source).toMatchObject({ kind: 'tar', name: 'set.tar', labelNames: ['cat', 'dog'] });
    expect(source.entries).toEqual([
      { id: 'set/test/dog/1.jpg', label: 1, split: 'test' },
      { id: 'set/train/cat/2.jpg', label: 0, split: 'train' },
      { id: 'set/train/cat/10.jpg', label: 0, split: 'train' },
      { id: long, label: 1, split: 'train' },
    ]);
    expect(source.skipped).toEqual([{ id: 'set/notes.md', reason: 'not an image (.md)' }]);
    expect(await source.read(0)).toEqual(content('x'.repeat(5000)));
    expect(await source.read(1)).toEqual(content('two')); // the later member replaces the earlier
    expect(await source.read(3)).toEqual(content('long'));
    await source.close();
  });

  it('takes members whose content is an image, whatever their names', async () => {
    const png = await plainPng(2, 2, [1, 2, 3]);
    const archive = await tar([
      ['IMG_1.HEIC', png],
      ['a.jpg_large', png],
      ['b.mov', '\0\0\0\x14ftypqt  '],
    ]);
    const path = join(writeTree(temporaryFolder(), { 'set.tar': archive }), 'set.tar');
    const source = await openSource(path);
    expect(source.entries.map(({ id }) => id)).toEqual(['IMG_1.HEIC', 'a.jpg_large']);
    expect(source.skipped).toEqual([{ id: 'b.mov', reason: 'video' }]);
    await source.close();
  });

  it('reads shards in natural order, splits from their names, labels from .cls files', async () => {
    const path = writeTree(temporaryFolder(), {
      'train-10.tar': await tar([
        ['a.jpg', '3'],
        ['a.cls', '2'],
        ['a.json', '{}'],
      ]),
      'train-9.tar': await tar([
        ['a.jpg', '1'],
        ['a.cls', '0'],
        ['b.jpg', '2'],
        ['b.cls', 'cat'],
        ['c.txt', 'x'],
      ]),
      'val-0.tar': await tar([
        ['a.png', '4'],
        ['a.cls', '1\n'],
      ]),
    });
    const source = await openSource(path);
    expect(source.entries).toEqual([
      { id: 'train-9.tar/a.jpg', label: 0, split: 'train' },
      { id: 'train-9.tar/b.jpg', split: 'train' },
      { id: 'train-10.tar/a.jpg', label: 2, split: 'train' },
      { id: 'val-0.tar/a.png', label: 1, split: 'test' },
    ]);
    expect(source.labelNames).toEqual(['0', '1', '2']);
    expect(source.skipped).toEqual([{ id: 'train-9.tar/c.txt', reason: 'not an image (.txt)' }]);
    expect(await Promise.all([0, 1, 2, 3].map((i) => source.read(i)))).toEqual(
      ['1', '2', '3', '4'].map(content),
    );
    await source.close();
  });

  it('uses what is whole of a truncated archive and goes on after a bad shard', async () => {
    const archive = await tar([
      ['a.png', 'first'],
      ['b.png', 'y'.repeat(2000)],
    ]);
    const path = writeTree(temporaryFolder(), {
      '1.tar': archive.subarray(0, 512 + 512 + 512 + 300),
      '2.tar': 'no archive '.repeat(100),
      '3.tar': await tar([['c.png', 'third']]),
      '4.tar': '',
    });
    const source = await openSource(path);
    expect(source.entries.map(({ id }) => id)).toEqual(['1.tar/a.png', '3.tar/c.png']);
    expect(source.skipped).toEqual([
      { id: '1.tar', reason: 'truncated at byte 1836' },
      { id: '2.tar', reason: 'not a tar archive' },
    ]);
    await source.close();
  });

  it('survives any damaged byte of a header', async () => {
    const archive = await tar([['a.png', await plainPng(2, 2, [1, 2, 3])]]);
    const folder = temporaryFolder();
    for (const at of [0, 124, 130, 148, 156, 257, 345]) {
      const damaged = Buffer.from(archive);
      damaged[at] = 0xff;
      const path = join(writeTree(folder, { 'x.tar': damaged }), 'x.tar');
      await expect(openSource(path)).rejects.toThrow('cannot be used: not a tar archive');
    }
  });

  it('ends at a size below zero, which would lead back to the same header', async () => {
    const archive = await tar([
      ['1.jpg', 'one'],
      ['2.jpg', 'two'],
    ]);
    const second = archive.subarray(1024, 1536);
    second.write('-0000001000\0', 124); // -512, in octal
    second.fill(' ', 148, 156);
    const sum = second.reduce((total, byte) => total + byte, 0);
    second.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const source = await openSource(
      join(writeTree(temporaryFolder(), { 'set.tar': archive }), 'set.tar'),
    );
    expect(source.entries).toEqual([{ id: '1.jpg' }]);
    expect(source.skipped).toEqual([{ id: 'set.tar', reason: 'damaged header at byte 1024' }]);
    await source.close();
  });
});
