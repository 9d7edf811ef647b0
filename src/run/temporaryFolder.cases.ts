/**
 * Makes a new folder for each test and removes it afterwards. Its path exists within tests alone;
 * reading it earlier throws, because an empty path would be the current folder.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

export function useTemporaryFolder(): { readonly path: string } {
  let path: string | undefined;
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'likeness-run-'));
  });
  afterEach(async () => {
    if (path !== undefined) await rm(path, { recursive: true, force: true });
    path = undefined;
  });
  return {
    get path() {
      if (path === undefined) throw new Error('temporary folder: read outside of a test');
      return path;
    },
  };
}
