import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { openPixelCache } from './cache.ts';
import { identitiesOf } from './identities.ts';
import { temporaryFolder } from './pictures.cases.ts';
import { openSource } from './source.ts';

const SIDE = 8;

/** Writes a gray picture with the value of one pixel changed. */
async function writePicture(folder: string, name: string, at: number): Promise<void> {
  const pixels = new Uint8Array(SIDE * SIDE).fill(100);
  pixels[at]!++;
  const raw = { width: SIDE, height: SIDE, channels: 1 } as const;
  await sharp(pixels, { raw }).png().toFile(join(folder, name));
}

it('names images by the hashes of the cache, which tell apart a single pixel', async () => {
  const folder = temporaryFolder();
  for (const [name, at] of [
    ['a', 0],
    ['b', SIDE * SIDE - 1],
    ['c', 0],
  ] as const) {
    await writePicture(folder, `${name}.png`, at);
  }
  const source = await openSource(folder);
  const cache = await openPixelCache(source, { cacheDir: join(temporaryFolder(), 'cache') });
  await source.close();
  const { ids, hashes, decoder } = identitiesOf(cache, [0, 1, 2]);
  expect(ids).toEqual(['a.png', 'b.png', 'c.png']);
  expect(hashes.every((hash) => /^[0-9a-f]{16}$/.test(hash))).toBe(true);
  expect(hashes[0]).not.toBe(hashes[1]);
  expect(hashes[0]).toBe(hashes[2]);
  expect(decoder).toMatch(/sharp .*, sha1$/);
  expect(identitiesOf(cache, [2]).ids).toEqual(['c.png']);
});

it('writes small hashes with all digits', () => {
  const cache = { entries: [{ id: 'a' }], contents: BigUint64Array.of(255n) };
  expect(identitiesOf(cache, [0]).hashes).toEqual(['00000000000000ff']);
});
