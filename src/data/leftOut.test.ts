import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPixelCache } from './cache.ts';
import { errorOf, plainPng, temporaryFolder, writeTree } from './pictures.cases.ts';
import { openSource } from './source.ts';

const idsOf = ({ entries }: { entries: readonly { id: string }[] }) => entries.map(({ id }) => id);

describe('folders that hold no photographs', () => {
  it('are left out, in one line', async () => {
    const path = writeTree(temporaryFolder(), {
      'a/1.jpg': '',
      'a/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg': '',
      '#recycle/1.jpg': '',
      '$RECYCLE.BIN/1.jpg': '',
      '.thumbnails/1.jpg': '',
      '.Trash-1000/files/1.jpg': '',
      'b.photoslibrary/originals/0/2.jpg': '',
      'b.photoslibrary/resources/derivatives/0/2.jpg': '',
      'b.photoslibrary/Masters/3.jpg': '',
      'c.lrdata/1.jpg': '',
      'd/CaptureOne/Cache/Thumbnails/1.jpg': '',
      'Network Trash Folder/1.jpg': '',
      'resources/4.jpg': '',
    });
    const source = await openSource(path);
    expect(idsOf(source)).toEqual([
      'a/1.jpg',
      'b.photoslibrary/Masters/3.jpg',
      'b.photoslibrary/originals/0/2.jpg',
      'resources/4.jpg',
    ]);
    expect(source.notes?.filter(({ code }) => code === 'images.leftOut')).toEqual([
      {
        code: 'images.leftOut',
        message:
          'left out 9 folders of thumbnails, trash or previews: #recycle, $RECYCLE.BIN, ' +
          '.Trash-1000 and 6 other names',
      },
    ]);
    expect(idsOf(await openSource(join(path, '#recycle')))).toEqual(['1.jpg']);
    expect(idsOf(await openSource(join(path, 'b.photoslibrary')))).toEqual([
      'Masters/3.jpg',
      'originals/0/2.jpg',
    ]);
  });

  it('are named where nothing else is there', async () => {
    const path = writeTree(temporaryFolder(), { '@eaDir/1.jpg': '' });
    expect((await errorOf(openSource(path))).message).toContain('left out 1 folder of thumbnails');
  });
});

describe('exclude', () => {
  const tree = () =>
    writeTree(temporaryFolder(), {
      'raw/1.jpg': '',
      'raw/deep/2.jpg': '',
      'a/3_small.jpg': '',
      'a/3.jpg': '',
      'a/raw.jpg': '',
    });

  it.each<[string[], string[]]>([
    [['raw/**'], ['a/3_small.jpg', 'a/3.jpg', 'a/raw.jpg']],
    [['raw'], ['a/3_small.jpg', 'a/3.jpg', 'a/raw.jpg']],
    [['raw/'], ['a/3_small.jpg', 'a/3.jpg', 'a/raw.jpg']],
    [['*_small.*'], ['a/3.jpg', 'a/raw.jpg', 'raw/1.jpg', 'raw/deep/2.jpg']],
    [
      ['**/deep/**', 'a/3*'],
      ['a/raw.jpg', 'raw/1.jpg'],
    ],
    [['{raw,a/3}*'], ['a/raw.jpg']],
  ])('%j', async (exclude, left) => {
    const source = await openSource(tree(), { exclude });
    expect(idsOf(source).toSorted()).toEqual(left.toSorted());
    expect(source.notes?.some(({ code }) => code === 'images.excluded')).toBe(true);
  });

  it('refuses a pattern that matches nothing', async () => {
    const error = await errorOf(openSource(tree(), { exclude: ['raw', '*.gif'] }));
    expect(error.code).toBe('option.invalid');
    expect(error.message).toContain('exclude: "*.gif" matches nothing');
    expect((await errorOf(openSource(tree(), { exclude: ['/'] }))).message).toContain(
      'received "/"',
    );
  });

  it('holds for the process that decodes', async () => {
    const path = writeTree(temporaryFolder(), {
      'a/1.png': await plainPng(2, 2, [1, 2, 3]),
      'b/1.png': await plainPng(2, 2, [4, 5, 6]),
    });
    const cacheDir = temporaryFolder();
    const whole = await openPixelCache(await openSource(path), { cacheDir });
    const part = await openPixelCache(await openSource(path, { exclude: ['a'] }), { cacheDir });
    expect([idsOf(whole), idsOf(part)]).toEqual([['a/1.png', 'b/1.png'], ['b/1.png']]);
    expect(part.contentKey).not.toBe(whole.contentKey);
  });
});
