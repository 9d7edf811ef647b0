import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { reporterOf } from '../core/reporter.ts';
import { openPixelCache, openSource } from '../data/index.ts';
import { useTemporaryFolder } from '../run/temporaryFolder.cases.ts';
import { tinyCache } from '../views/tinyCache.cases.ts';
import { pictureFacts } from './pictureFacts.ts';

const folder = useTemporaryFolder();
const sample = await openSource(fileURLToPath(new URL('../../sample', import.meta.url)));
afterAll(() => sample.close());

describe('pictureFacts', () => {
  it('finds images of clothes gray, and examines the same ones with any number of workers', async () => {
    const cache = await openPixelCache(sample, { size: 28, cacheDir: folder.path });
    const indices = Uint32Array.from(cache.widths.keys()).subarray(0, 300);
    const options = { cache, indices, reporter: reporterOf() };
    const facts = await pictureFacts({ ...options, workers: 1 });
    expect(facts).toEqual({ images: 300, colored: 0, mirrorRatio: expect.any(Number) });
    // Shoes and bags face one side.
    expect(facts.mirrorRatio).toBeGreaterThan(1.01);
    expect(facts.mirrorRatio).toBeLessThan(1.2);
    expect(await pictureFacts({ ...options, workers: 3 })).toEqual(facts);
  });

  it('finds color, and no side in noise', async () => {
    const cache = tinyCache(200);
    const indices = Uint32Array.from(cache.widths.keys());
    const facts = await pictureFacts({ cache, indices, workers: 1, reporter: reporterOf() });
    expect(facts).toMatchObject({ images: 200, colored: 200 });
    expect(facts.mirrorRatio).toBeCloseTo(1, 1);
  });

  it('gives no ratio for a handful of images', async () => {
    const cache = tinyCache(3);
    const indices = Uint32Array.from([0, 1, 2]);
    const facts = await pictureFacts({ cache, indices, workers: 1, reporter: reporterOf() });
    expect(facts.mirrorRatio).toBeNull();
  });

  it('stops at an aborted signal', async () => {
    const reporter = reporterOf({ signal: AbortSignal.abort(new Error('enough')) });
    const cache = tinyCache(10);
    const indices = Uint32Array.from(cache.widths.keys());
    await expect(pictureFacts({ cache, indices, workers: 1, reporter })).rejects.toThrow('enough');
  });
});
