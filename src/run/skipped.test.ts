import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSkipped, writeSkipped } from './skipped.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();
const file = () => join(folder.path, 'skipped.csv');

describe('skipped.csv', () => {
  it.each([
    [[]],
    [
      [
        { id: 'a, "b".jpg', reason: 'empty file\n(0 bytes)' },
        { id: 'ü', reason: '' },
      ],
    ],
  ])('gives back %j', async (skipped) => {
    await writeSkipped(file(), skipped);
    expect(await readSkipped(file())).toEqual(skipped);
  });

  it('refuses another table', async () => {
    await writeFile(file(), 'id,why\na,b\n');
    await expect(readSkipped(file())).rejects.toThrow(
      /has the columns id, why; expected path, reason/,
    );
  });
});
