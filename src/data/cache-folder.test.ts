import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openPixelCache } from './cache.ts';
import {
  cacheWriteError,
  clearCaches,
  defaultCacheDir,
  evict,
  listCaches,
  markUsed,
} from './cache-folder.ts';
import { plainPng, temporaryFolder, writeTree } from './pictures.cases.ts';
import { openSource } from './source.ts';

/** A stand-in for a stored cache, last used at the given second. */
function store(cacheDir: string, name: string, bytes: number, second: number): string {
  const file = join(cacheDir, `${name}.pixels`);
  writeFileSync(file, Buffer.alloc(bytes));
  utimesSync(file, second, second);
  return file;
}

describe('the cache folder', () => {
  it('is LIKENESS_CACHE, or .cache/likeness at home', () => {
    vi.stubEnv('LIKENESS_CACHE', '/somewhere');
    expect(defaultCacheDir()).toBe('/somewhere');
    vi.stubEnv('LIKENESS_CACHE', '');
    expect(defaultCacheDir()).toMatch(/[\\/]\.cache[\\/]likeness$/);
    vi.unstubAllEnvs();
  });

  it('is listed with what each file holds, latest first, and cleared of our files only', async () => {
    const cacheDir = temporaryFolder();
    const folder = writeTree(temporaryFolder(), { '1.png': await plainPng(4, 4, [1, 2, 3]) });
    const cache = await openPixelCache(await openSource(folder), { size: 16, cacheDir });
    const damaged = store(cacheDir, 'damaged', 10, 1000);
    writeFileSync(join(cacheDir, 'notes.txt'), 'mine');
    expect(listCaches(cacheDir)).toEqual([
      {
        file: cache.file,
        bytes: expect.any(Number),
        lastUsed: expect.any(Date),
        contents: { source: cache.source, count: 1, size: 16 },
      },
      { file: damaged, bytes: 10, lastUsed: new Date(1_000_000) },
    ]);
    expect(clearCaches(cacheDir)).toMatchObject({ removed: 2 });
    expect(readdirSync(cacheDir)).toEqual(['notes.txt']);
    expect(listCaches(join(cacheDir, 'none'))).toEqual([]);
  });

  it('gives up the least recently used first, as few as needed', () => {
    const cacheDir = temporaryFolder();
    const [a, b, c] = [
      store(cacheDir, 'a', 100, 3),
      store(cacheDir, 'b', 100, 1),
      store(cacheDir, 'c', 100, 2),
    ];
    expect(evict(cacheDir, 300)).toEqual([]);
    expect(evict(cacheDir, 299)).toEqual([b]);
    expect(evict(cacheDir, 100)).toEqual([c]);
    expect(existsSync(a!)).toBe(true);
  });

  it('never gives up one in use, even above the limit', () => {
    const cacheDir = temporaryFolder();
    const [old, recent] = [store(cacheDir, 'old', 100, 1), store(cacheDir, 'recent', 100, 2)];
    markUsed(old!);
    utimesSync(old!, 1, 1);
    expect(evict(cacheDir, 0)).toEqual([recent]);
    expect(existsSync(old!)).toBe(true);
  });

  it('makes room after a new cache, which stays', async () => {
    const cacheDir = temporaryFolder();
    store(cacheDir, 'old', 1000, 1);
    const folder = writeTree(temporaryFolder(), { '1.png': await plainPng(4, 4, [1, 2, 3]) });
    const cache = await openPixelCache(await openSource(folder), { cacheDir, limitBytes: 1 });
    expect(listCaches(cacheDir).map(({ file }) => file)).toEqual([cache.file]);
  });

  it('says what to do when the disk is full', () => {
    const cacheDir = temporaryFolder();
    store(cacheDir, 'old', 3 * 2 ** 20, 1);
    const error = cacheWriteError(cacheDir, Object.assign(new Error('x'), { code: 'ENOSPC' }));
    expect(error.code).toBe('cache.full');
    expect(error.message).toBe(
      `cacheDir: no room left to store decoded pixels in ${cacheDir}: the disk is full ` +
        '(ENOSPC). Older caches there take 3 MiB; clear them, choose a smaller size, or set ' +
        'LIKENESS_CACHE to a folder on a larger disk.',
    );
  });
});
