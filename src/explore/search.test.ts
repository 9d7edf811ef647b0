import { describe, expect, it } from 'vitest';
import { search } from './search.ts';

const ids = [
  '2021/Summer/a.jpg',
  '2021/Summer/beach/b.jpg',
  '2021/garden/summer.jpg',
  '2022/c.jpg',
  '2021 more/d.jpg',
  'e.jpg',
];
const find = (text: string, folder?: string) => search({ ids }, text, folder);

describe('search', () => {
  it('finds words in names and folders, and the folders that have all of them', () => {
    expect(find('SUMMER')).toEqual({
      ...{ rows: [0, 1, 2], total: 3 },
      folders: [
        { path: '2021/Summer', images: 2 },
        { path: '2021/Summer/beach', images: 1 },
      ],
    });
    expect(find('summer beach').rows).toEqual([1]);
    expect(find('nothing')).toEqual({ rows: [], total: 0, folders: [] });
  });

  it('stays within a folder, and not within one whose name begins alike', () => {
    expect(find('', '2021').rows).toEqual([0, 1, 2]);
    expect(find('b.jpg', '2021/Summer').rows).toEqual([1]);
    expect(find('', '2021/Sum').rows).toEqual([]);
  });

  it('lists the folders directly in a folder without words', () => {
    expect(find('')).toEqual({
      ...{ rows: [], total: 0 },
      folders: [
        { path: '2021', images: 3 },
        { path: '2021 more', images: 1 },
        { path: '2022', images: 1 },
      ],
    });
    expect(find('', '2021').folders).toEqual([
      { path: '2021/Summer', images: 2 },
      { path: '2021/garden', images: 1 },
    ]);
  });
});
