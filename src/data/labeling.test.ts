import { describe, expect, it } from 'vitest';
import { layoutOf } from './layout.ts';

/** Paths of some images in each folder. */
const inFolders = (folders: readonly string[], file = (i: number) => `${i}.png`) =>
  folders.flatMap((folder) => [1, 2, 3].map((i) => `${folder}/${file(i)}`));

describe('folders of albums', () => {
  it.each<[string, string[], string]>([
    ['years', inFolders(['2018', '2019', '2020']), 'folders are dated, such as "2018"'],
    ['days', inFolders(['2019-07-03 Rome', '20190714', 'Hiking']), 'folders are dated'],
    [
      'events with years',
      inFolders(['Rome 2019', 'Wedding 2021']),
      'folders are dated, such as "Rome 2019"',
    ],
    ['months', inFolders(['01 January', 'Feb', 'may']), 'folders are dated'],
    [
      'years in folders of persons',
      inFolders(['Ann/2019', 'Ben/2020']),
      'folders are dated, such as "Ann/2019"',
    ],
    ['years and months', inFolders(['201905', '201906 Rome']), 'folders are dated'],
    ['days without a century', inFolders(['05.06.19', '7-6-19 Rome']), 'folders are dated'],
    ['months in German', inFolders(['Januar', '03 M\u00e4rz', 'Ma\u0308rz']), 'folders are dated'],
    ['months in French and Japanese', inFolders(['f\u00e9vrier', '7\u6708']), 'folders are dated'],
    [
      'a camera card',
      inFolders(['DCIM/100APPLE', 'other']),
      '"DCIM" is a folder of a camera or program',
    ],
    ['camera folders', inFolders(['100CANON', '101CANON']), '"100CANON" is a folder'],
    ['a telephone', inFolders(['Camera Roll', 'Anna']), '"Camera Roll" is a folder'],
    ['WhatsApp', inFolders(['WhatsApp Images', 'Anna']), '"WhatsApp Images" is a folder'],
    [
      'loose files',
      [...inFolders(['Rome', 'Paris']), 'IMG.jpg'],
      'images lie beside the folders, such as IMG.jpg',
    ],
    [
      'names of an iPhone',
      inFolders(['Rome', 'Ann'], (i) => `IMG_000${i}.JPG`),
      'such as IMG_0001.JPG',
    ],
    [
      'names of a Pixel',
      inFolders(['Rome', 'Ann'], (i) => `PXL_2019070${i}_1.jpg`),
      'the names of a camera',
    ],
    [
      'names of a Lumix',
      inFolders(['Rome', 'Ann'], (i) => `P100${i}000.JPG`),
      'the names of a camera',
    ],
    [
      'names of days',
      inFolders(['Rome', 'Ann'], (i) => `20190703_12000${i}.jpg`),
      'the names of a camera',
    ],
  ])('are no labels: %s', (_, paths, reason) => {
    const { labelNames, labeling, entries } = layoutOf(paths);
    expect(labelNames).toBeUndefined();
    expect(entries.every(({ label }) => label === undefined)).toBe(true);
    expect(labeling).toContain(`no labels, because `);
    expect(labeling).toContain(reason);
    expect(layoutOf(paths, { labels: 'folders' }).labelNames).toBeDefined();
  });
});

describe('folders of classes', () => {
  it.each<[string, string[]]>([
    ['words', inFolders(['cat', 'dog'])],
    ['digits', inFolders(['0', '1', '2', '9'])],
    ['synsets', inFolders(['n01440764', 'n02102040'], (i) => `n0144076${i}_100.JPEG`)],
    ['numbered words', inFolders(['001.ak47', '002.american-flag'], (i) => `001_000${i}.jpg`)],
    ['coins', inFolders(['1 euro', '2 euro', '1000', '2000', '500'])],
    ['deep folders', inFolders(['cat/a', 'dog/b/2019', 'fox/c'])],
    ['dates in a data set with splits', inFolders(['train/2019', 'train/2020', 'test/2019'])],
    [
      'camera names in a data set with splits',
      inFolders(['train/a', 'train/b'], (i) => `IMG_000${i}.JPG`),
    ],
  ])('are labels: %s', (_, paths) => {
    expect(layoutOf(paths).labelNames?.length).toBeGreaterThan(1);
    expect(layoutOf(paths).labeling).toMatch(/^labels from \d+ folders/);
  });
});
