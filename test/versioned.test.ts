/** Files under version control: nothing that a program made while it ran. */
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './repository.cases.ts';

/** Bytes of the largest file, the images of the sample, with room. */
const LARGEST = 2_000_000;

// An unpacked archive of the sources has no list of files.
it.skipIf(!existsSync(join(root, '.git')))(
  'are small, and in the folders of the repository',
  () => {
    const listed = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
    const files = listed.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
    expect(files.length).toBeGreaterThan(500);
    expect(files.filter((file) => statSync(join(root, file)).size > LARGEST)).toEqual([]);
    const folders = new Set(
      files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]),
    );
    expect([...folders].sort()).toEqual(
      ['.ci', 'bench', 'bin', 'docs', 'examples', 'sample', 'src', 'test', 'ui'].sort(),
    );
  },
);
