/** Thumbnails in the cache folder: found by content, bounded, and safe against damage. */
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clearCaches, listCaches, THUMBNAILS } from './cache-folder.ts';
import { temporaryFolder } from './pictures.cases.ts';
import { openThumbnailCache, thumbnailKey } from './thumbnailCache.ts';

const encoded = (text: string) => ({ kind: 'encoded', bytes: Buffer.from(text) }) as const;
const keyOf = (text: string, side = 64) =>
  thumbnailKey(encoded(text), { side, version: 'as a test' });
const about = (cacheDir: string) => ({ cacheDir, path: '/photos', name: 'photos' });
const filesIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(THUMBNAILS))
    .map((name) => join(folder, name));

describe('thumbnailKey', () => {
  it('differs by bytes, side, page and range', () => {
    const raw = { kind: 'raw', width: 2, height: 1, channels: 1 } as const;
    const pixels = Buffer.from('ab');
    const keys = [
      keyOf('a'),
      keyOf('b'),
      keyOf('a', 256),
      thumbnailKey(encoded('a'), { side: 64, version: 'another' }),
      thumbnailKey({ ...encoded('a'), page: 2 }, { side: 64, version: 'as a test' }),
      thumbnailKey({ ...encoded('a'), range: [0, 9] }, { side: 64, version: 'as a test' }),
      thumbnailKey({ ...raw, pixels }, { side: 64, version: 'as a test' }),
      thumbnailKey({ ...raw, width: 1, height: 2, pixels }, { side: 64, version: 'as a test' }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(keyOf('a')).toBe(keys[0]);
  });
});

describe('the thumbnails of a source', () => {
  it('are found by another process, listed and cleared', async () => {
    const cacheDir = temporaryFolder();
    const [one, other] = [
      await openThumbnailCache(about(cacheDir)),
      await openThumbnailCache(about(cacheDir)),
    ];
    one.add(keyOf('a'), Buffer.from('picture of a'));
    other.add(keyOf('b'), Buffer.from('picture of b'));
    one.add(keyOf('c'), Buffer.from('picture of c'));
    expect(Buffer.from(one.get(keyOf('a'))!).toString()).toBe('picture of a');
    expect(one.get(keyOf('b'))).toBeUndefined();
    one.close();
    other.close();
    const again = await openThumbnailCache(about(cacheDir));
    for (const text of ['a', 'b', 'c']) {
      expect(Buffer.from(again.get(keyOf(text))!).toString()).toBe(`picture of ${text}`);
    }
    again.close();
    const elsewhere = await openThumbnailCache({ ...about(cacheDir), path: '/other' });
    expect(elsewhere.get(keyOf('a'))).toBeUndefined();
    elsewhere.close();
    const counts = listCaches(cacheDir).map(({ thumbnails }) => thumbnails?.count);
    expect(counts.sort()).toEqual([1, 2]);
    expect(listCaches(cacheDir)[0]!.thumbnails!.source).toBe('photos');
    expect(clearCaches(cacheDir).removed).toBe(2);
  });

  it('are passed over where the file is torn or its bytes have changed', async () => {
    const cacheDir = temporaryFolder();
    const cache = await openThumbnailCache(about(cacheDir));
    const texts = ['a', 'b', 'c'];
    for (const text of texts) cache.add(keyOf(text), Buffer.from(`picture of ${text}`));
    cache.close();
    const [file] = filesIn(cacheDir);
    const bytes = readFileSync(file!);
    bytes[bytes.indexOf('picture of b')]! ^= 1;
    writeFileSync(file!, bytes);
    truncateSync(file!, statSync(file!).size - 8); // the end of the last record
    const again = await openThumbnailCache(about(cacheDir));
    expect(texts.map((text) => again.get(keyOf(text)) !== undefined)).toEqual([true, false, false]);
    again.add(keyOf('b'), Buffer.from('picture of b'));
    expect(Buffer.from(again.get(keyOf('b'))!).toString()).toBe('picture of b');
    again.close();
    writeFileSync(file!, 'likeness-picture'.padEnd(40, '\xff'), 'latin1');
    (await openThumbnailCache(about(cacheDir))).close();
    expect(listCaches(cacheDir).filter(({ thumbnails }) => !thumbnails)).toHaveLength(1);
  });

  it('stay within their limit, the newest last', async () => {
    const cacheDir = temporaryFolder();
    const limits = { fileBytes: 4000, limitBytes: 12_000 };
    const cache = await openThumbnailCache({ ...about(cacheDir), ...limits });
    const texts = Array.from({ length: 60 }, (_, i) => `image ${i}`);
    for (const text of texts) {
      cache.add(keyOf(text), Buffer.alloc(1000, text));
      const total = filesIn(cacheDir).reduce((sum, file) => sum + statSync(file).size, 0);
      expect(total).toBeLessThanOrEqual(12_000);
    }
    expect(cache.get(keyOf(texts[0]!))).toBeUndefined();
    for (const text of texts.slice(-3)) {
      expect(Buffer.from(cache.get(keyOf(text))!)).toEqual(Buffer.alloc(1000, text));
    }
    cache.close();
  });

  it('are left out where the folder cannot be written', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, 'no folder');
    const cache = await openThumbnailCache(about(join(file, 'cache')));
    cache.add(keyOf('a'), Buffer.from('picture of a'));
    expect(cache.get(keyOf('a'))).toBeUndefined();
    cache.close();
  });
});
