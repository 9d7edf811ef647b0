import { renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fingerprintFiles } from './fingerprint.ts';
import { temporaryFolder, writeTree } from './pictures.cases.ts';

/** Sets the modification time, to which the system adds the time of change. */
const date = (file: string) => utimesSync(file, 1000, 1000);

describe('fingerprintFiles', () => {
  const hashOf = (folder: string) => fingerprintFiles('folder', [['a', join(folder, 'a')]]);

  it('notices other content of equal size and modification time', async () => {
    const folder = writeTree(temporaryFolder(), { a: 'one' });
    date(join(folder, 'a'));
    const before = await hashOf(folder);
    expect(await hashOf(folder)).toBe(before);
    // The clock of some disks ticks every 4 ms.
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(join(folder, 'a'), 'two');
    date(join(folder, 'a'));
    expect(statSync(join(folder, 'a'))).toMatchObject({ size: 3, mtimeMs: 1_000_000 });
    expect(await hashOf(folder)).not.toBe(before);
  });

  it('notices another file in its place', async () => {
    const folder = writeTree(temporaryFolder(), { a: 'one', b: 'two' });
    for (const name of ['a', 'b']) date(join(folder, name));
    const before = await hashOf(folder);
    renameSync(join(folder, 'b'), join(folder, 'a'));
    expect(await hashOf(folder)).not.toBe(before);
  });

  it('stays the same in a folder that is renamed', async () => {
    const folder = writeTree(temporaryFolder(), { 'x/a': 'one' });
    const before = await hashOf(join(folder, 'x'));
    renameSync(join(folder, 'x'), join(folder, 'y'));
    expect(await hashOf(join(folder, 'y'))).toBe(before);
  });
});
