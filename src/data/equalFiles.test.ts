import { describe, expect, it } from 'vitest';
import { countEqualFiles } from './equalFiles.ts';
import { temporaryFolder, writeTree } from './pictures.cases.ts';
import { openSource } from './source.ts';

describe('countEqualFiles', () => {
  it('counts files of equal content, and reads only those of equal size', async () => {
    const path = writeTree(temporaryFolder(), {
      ...{ '1.jpg': 'one', '2.jpg': 'two', '3.jpg': 'one', '4.jpg': 'four', '5.jpg': 'one' },
    });
    const source = await openSource(path);
    const read: number[] = [];
    const watched = {
      ...source,
      read: (index: number) => {
        read.push(index);
        return source.read(index);
      },
    };
    expect(await countEqualFiles(watched)).toEqual({ count: 2, isExact: true });
    expect(read).toEqual([0, 1, 2, 4]);
    expect(await countEqualFiles(source, { maxBytes: 6 })).toEqual({ count: 1, isExact: false });
  });
});
