/** The commit that the program runs from: its own checkout's, and never that of one around it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { commitOf, version } from './version.ts';

const folder = mkdtempSync(join(tmpdir(), 'likeness-version-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('is that of the checkout, marked where files differ, and none outside of one', () => {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@y', ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
  const at = pathToFileURL(`${folder}/`);
  expect(commitOf(at)).toBeUndefined();
  git('init', '-q');
  writeFileSync(join(folder, 'a'), '1');
  git('add', 'a');
  git('commit', '-qm', 'a');
  const commit = git('rev-parse', 'HEAD').slice(0, 12);
  expect(commitOf(at)).toBe(commit);
  writeFileSync(join(folder, 'a'), '2');
  expect(commitOf(at)).toBe(`${commit}-dirty`);

  mkdirSync(join(folder, 'inside'));
  expect(commitOf(pathToFileURL(`${folder}/inside/`))).toBeUndefined();
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
});
