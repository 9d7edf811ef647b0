/** typedoc documents every public module, and no link in a doc comment is broken. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { readText, root } from './repository.cases.ts';

/** Source files of the package's entry points, `package.json` itself left out. */
function entryPoints(): string[] {
  const { exports } = JSON.parse(readText('package.json')) as { exports: Record<string, unknown> };
  const types = Object.values(exports).flatMap((entry) =>
    typeof entry === 'object' ? (entry as { types: string }).types : [],
  );
  return types.map((path) => path.replace(/^\.\/dist\/(.*)\.d\.ts$/, '../src/$1.ts'));
}

it('covers every entry point of the package', () => {
  const { entryPoints: documented } = JSON.parse(readText('docs/typedoc.json'));
  expect(entryPoints().length).toBeGreaterThan(3);
  expect(documented.toSorted()).toEqual(entryPoints().toSorted());
});

it('builds the API reference without a warning', async () => {
  const typedoc = join(root, 'node_modules/typedoc/bin/typedoc');
  const options = ['--options', 'docs/typedoc.json', '--emit', 'none', '--treatWarningsAsErrors'];
  // Rejects with typedoc's messages where it exits with another code than 0.
  const { stderr } = await promisify(execFile)(process.execPath, [typedoc, ...options], {
    cwd: root,
  });
  expect(stderr).toBe('');
});
