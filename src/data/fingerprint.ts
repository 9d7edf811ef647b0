import { createHash } from 'node:crypto';
import { type Stats, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { StopOptions } from './types.ts';

/** Files looked at between two chances for other work. */
const CHUNK = 4096;

/**
 * Hash of a listing: name, size, times of modification and of change, and identity of every file,
 * as hexadecimal SHA-256. Content that was replaced under an equal size and modification time has
 * another time of change.
 *
 * The folder's own place does not count, so a moved or renamed folder keeps its hash. A file that
 * cannot be looked at counts by its name.
 *
 * @param files `[name, path]` in the listing's order.
 * @param kind how the files are read: the same files read in another way are another listing.
 */
export async function fingerprintFiles(
  kind: string,
  files: Iterable<readonly [name: string, path: string | Buffer]>,
  { signal }: StopOptions = {},
): Promise<string> {
  const hash = createHash('sha256').update(`${kind}\n`);
  let seen = 0;
  for (const [name, path] of files) {
    const stat = statOf(path);
    hash.update(`${name}\0${statText(stat)}\n`);
    if (++seen % CHUNK !== 0) continue;
    await setImmediate();
    signal?.throwIfAborted();
  }
  return hash.digest('hex');
}

function statText(stat: Stats | undefined): string {
  return stat ? [stat.size, stat.mtimeMs, stat.ctimeMs, stat.ino].join(' ') : 'none';
}

function statOf(path: string | Buffer): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
