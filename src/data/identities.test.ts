import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { identitiesOf } from './identities.ts';
import { temporaryFolder } from './pictures.cases.ts';

const SIDE = 64;
const BYTES = 3 * SIDE * SIDE;

/** A cache of two images; bytes of the first are set to 1. */
function cacheOf(...set: number[]) {
  const pixels = Buffer.alloc(2 * BYTES);
  for (const at of set) pixels[at] = 1;
  const file = join(temporaryFolder(), 'pixels.bin');
  writeFileSync(file, pixels);
  return {
    file,
    entries: [{ id: 'a' }, { id: 'b' }],
    widths: Uint16Array.of(SIDE, SIDE),
    heights: Uint16Array.of(SIDE, SIDE),
    offsets: Float64Array.of(0, BYTES),
  };
}

it('tells apart images that differ in one pixel', async () => {
  const { ids, hashes } = await identitiesOf(cacheOf(BYTES - 1), [0, 1]);
  expect(ids).toEqual(['a', 'b']);
  expect(hashes[0]).toMatch(/^[0-9a-f]{16}$/);
  expect(hashes[0]).not.toBe(hashes[1]);
  expect((await identitiesOf(cacheOf(), [0, 1])).hashes[0]).toBe(hashes[1]);
});

it('hashes the middle of images above the budget', async () => {
  const budget = 2 * 4096;
  const hashOf = async (...set: number[]) =>
    (await identitiesOf(cacheOf(...set), [0, 1], { budget })).hashes[0];
  expect(await hashOf(0)).toBe(await hashOf());
  expect(await hashOf(BYTES / 2)).not.toBe(await hashOf());
});

it('ends on a signal', async () => {
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(identitiesOf(cacheOf(), [0], { signal })).rejects.toThrow('stopped');
});
