/** Version of the program from package.json, and its commit where it is a checkout. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);

export const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  version: string;
};

/** Reads the commit, with `-dirty` for changed files; undefined without git or a checkout. */
export function commitOf(folder: URL = root): string | undefined {
  // A package inside somebody else's checkout must not name that one's commit.
  if (!existsSync(new URL('.git', folder))) return undefined;
  const describe = ['describe', '--always', '--dirty', '--exclude=*', '--abbrev=12'];
  const { status, stdout } = spawnSync('git', describe, {
    cwd: fileURLToPath(folder),
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : undefined;
}
