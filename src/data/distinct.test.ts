import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openPixelCache } from './cache.ts';
import { countDistinct, countEqual } from './distinct.ts';
import { plainPng, temporaryFolder, writeTree } from './pictures.cases.ts';
import { openSource } from './source.ts';

describe('equal images', () => {
  it('are those of equal pixels, whatever the files', async () => {
    const [red, blue] = [await plainPng(4, 2, [200, 0, 0]), await plainPng(4, 2, [0, 0, 200])];
    const path = writeTree(temporaryFolder(), {
      '1.png': red,
      '2.png': blue,
      '3.tif': await sharp(red).tiff().toBuffer(),
      '4.png': await plainPng(2, 4, [200, 0, 0]), // as many bytes, another shape
      '5.png': red,
    });
    const cache = await openPixelCache(await openSource(path), {
      cacheDir: join(temporaryFolder(), 'c'),
    });
    expect(countDistinct(cache, [0, 1, 2, 3, 4])).toBe(3);
    expect(countDistinct(cache, [0, 2, 4])).toBe(1);
    expect(countDistinct(cache, [1])).toBe(1);
    expect(countEqual(cache)).toBe(2);
    // The same hashes are read back.
    const again = await openPixelCache(await openSource(path), {
      cacheDir: join(cache.file, '..'),
    });
    expect(again.reused).toBe(true);
    expect(again.contents).toEqual(cache.contents);
  });
});
