import { createHash } from 'node:crypto';
import { rmSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openPixelReader } from '../data/reader.ts';
import { doJob } from './jobs.ts';
import { type Batch, openLoader } from './loader.ts';
import { parseViews } from './spec.ts';
import { tinyCache } from './tinyCache.cases.ts';

const views = parseViews({
  crops: [
    { count: 2, size: 12, scale: [0.14, 1], steps: [{ kind: 'flip' }, { kind: 'grayscale' }] },
    { count: 3, size: 8, scale: [0.05, 0.14], steps: [{ kind: 'gaussianBlur' }] },
  ],
  normalize: { mean: [0, 0, 0], std: [1, 1, 1] },
});
const cache = tinyCache(23);
const options = { cache, views, batchSize: 5, seed: 4 };
afterAll(() => rmSync(dirname(cache.file), { recursive: true }));

function digest({ images, crops }: Batch): string {
  const hash = createHash('sha256').update(images);
  for (const crop of crops) hash.update(crop);
  return hash.digest('hex');
}

/** Digests of two epochs' batches. */
async function twoEpochs(workers: number): Promise<string[]> {
  const loader = openLoader({ ...options, workers });
  const digests: string[] = [];
  for (let epoch = 0; epoch < 2; epoch++) {
    for (let step = 0; step < loader.stepsPerEpoch; step++)
      digests.push(digest(await loader.batch(epoch, step)));
  }
  await loader.close();
  return digests;
}

describe('openLoader', () => {
  it('gives the same bytes whatever the number of workers', async () => {
    const one = await twoEpochs(1);
    expect(one).toHaveLength(8);
    expect(new Set(one).size).toBe(8);
    expect(await twoEpochs(3)).toEqual(one);
  });

  it('gives the same bytes from whatever step it is begun, and when asked out of order', async () => {
    const inOrder = await twoEpochs(1);
    const loader = openLoader({ ...options, workers: 2 });
    expect(digest(await loader.batch(1, 1))).toBe(inOrder[5]);
    expect(digest(await loader.batch(1, 2))).toBe(inOrder[6]);
    expect(digest(await loader.batch(0, 0))).toBe(inOrder[0]);
    expect(digest(await loader.batch(0, 0))).toBe(inOrder[0]);
    await loader.close();
  });

  it('shows the given images at most once per epoch, in a new order each epoch', async () => {
    const indices = Uint32Array.of(2, 3, 5, 7, 11, 13, 17, 19, 22);
    const loader = openLoader({ ...options, indices, batchSize: 4 });
    expect(loader.stepsPerEpoch).toBe(2);
    const orders: number[][] = [];
    for (let epoch = 0; epoch < 3; epoch++) {
      const seen = [
        ...(await loader.batch(epoch, 0)).images,
        ...(await loader.batch(epoch, 1)).images,
      ];
      expect(new Set(seen).size).toBe(8);
      for (const image of seen) expect(indices).toContain(image);
      orders.push(seen);
    }
    expect(orders[1]).not.toEqual(orders[0]);
    expect(orders[2]).not.toEqual(orders[1]);
    expect([...indices]).toEqual([2, 3, 5, 7, 11, 13, 17, 19, 22]);
    await loader.close();
  });

  it('lays crops out crop-major, one array per group', async () => {
    const loader = openLoader(options);
    const { images, crops } = await loader.batch(0, 0);
    expect(crops.map(({ length }) => length)).toEqual([2 * 5 * 3 * 12 * 12, 3 * 5 * 3 * 8 * 8]);
    // Crop v of image b of the batch is the same as in a batch of that image alone.
    const reader = openPixelReader(cache);
    const alone = doJob(
      reader,
      { kind: 'random', views, seed: 4 },
      { images: images.slice(3, 4), epoch: 0 },
    );
    const bytes = 3 * 8 * 8;
    for (let v = 0; v < 3; v++) {
      const row = v * 5 + 3;
      expect(crops[1]!.subarray(row * bytes, (row + 1) * bytes)).toEqual(
        alone[1]!.subarray(v * bytes, (v + 1) * bytes),
      );
    }
    reader.close();
    await loader.close();
  });

  it('counts the time that was waited', async () => {
    const loader = openLoader(options);
    expect(loader.waitedMs).toBe(0);
    await loader.batch(0, 0);
    expect(loader.waitedMs).toBeGreaterThan(0);
    await loader.close();
  });

  it('passes over all images in order, the last batch filled with the first images', async () => {
    const indices = Uint32Array.of(2, 3, 5, 7, 11, 13, 17);
    const loader = openLoader({ ...options, indices, batchSize: 3 });
    const passed: Batch[] = [];
    for await (const batch of loader.pass()) passed.push(batch);
    expect(passed.map(({ positions }) => [...positions])).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 0, 1],
    ]);
    expect(passed.map(({ images }) => [...images])).toEqual([
      [2, 3, 5],
      [7, 11, 13],
      [17, 2, 3],
    ]);
    // The same views in every pass, and other ones than in the first epochs.
    const again: string[] = [];
    for await (const batch of loader.pass()) again.push(digest(batch));
    expect(again).toEqual(passed.map(digest));
    for (const epoch of [0, 1]) {
      loader.setOrder(epoch, Uint32Array.of(0, 1, 2, 3, 4, 5));
      const { images, crops } = await loader.batch(epoch, 0);
      expect([...images]).toEqual([2, 3, 5]);
      expect(crops[0]).not.toEqual(passed[0]!.crops[0]);
    }
    await loader.close();
  });

  it('visits an epoch in the order that it is given, also where batches were prefetched', async () => {
    const loader = openLoader({ ...options, ahead: 8 });
    const shuffled = await loader.batch(0, 0); // prefetches epoch 1
    const order = Uint32Array.from({ length: 20 }, (_, i) => 22 - i);
    loader.setOrder(1, order);
    for (const step of [0, 3]) {
      const { positions } = await loader.batch(1, step);
      expect([...positions]).toEqual([...order.slice(step * 5, step * 5 + 5)]);
    }
    expect(digest(await loader.batch(0, 0))).toBe(digest(shuffled));
    expect(() => loader.setOrder(1, order.slice(1))).toThrow('positions: received 19');
    await loader.close();
  });

  it('refuses what cannot work, saying what to change', () => {
    expect(() => openLoader({ ...options, batchSize: 24 })).toThrow(
      /batchSize: received 24 for 23 images.*smaller batchSize/,
    );
    expect(() => openLoader({ ...options, batchSize: 0 })).toThrow(
      'batchSize: received 0; expected a whole number of 1 or more.',
    );
    expect(() => openLoader({ ...options, workers: 1.5 })).toThrow(/workers: received 1.5/);
    expect(() => openLoader({ ...options, indices: Uint32Array.of(1, 23) })).toThrow(
      /indices: received 23.*below 23/,
    );
  });

  it('refuses a step that the epoch does not have', async () => {
    const loader = openLoader(options);
    await expect(loader.batch(0, 4)).rejects.toThrow(
      'step: received 4; expected a whole number from 0 to 3.',
    );
    await loader.close();
  });
});

describe('a loader in trouble', () => {
  it('rejects with a clear message when the cache is gone or cut short', async () => {
    const broken = tinyCache(12);
    truncateSync(broken.file, 500);
    const damaged = openLoader({ ...options, cache: broken, batchSize: 12 });
    await expect(damaged.batch(0, 0)).rejects.toMatchObject({
      name: 'LikenessError',
      code: 'cache.damaged',
    });
    await damaged.close();
    rmSync(dirname(broken.file), { recursive: true });
    const missing = openLoader({ ...options, cache: broken });
    await expect(missing.batch(0, 0)).rejects.toMatchObject({
      name: 'LikenessError',
      code: 'cache.missing',
    });
    await missing.close();
  });

  it('keeps the trace of a defect', async () => {
    const wrong = { ...views, crops: [{ ...views.crops[0]!, steps: undefined as never }] };
    const loader = openLoader({ ...options, views: wrong });
    await expect(loader.batch(0, 0)).rejects.toThrow(
      /A loader worker failed: TypeError: .*\n.*drawView/s,
    );
    await loader.close();
  });

  it('rejects unfinished batches when it is closed, and can be closed twice', async () => {
    const loader = openLoader(options);
    const batch = loader.batch(0, 0);
    const refused = expect(batch).rejects.toMatchObject({ code: 'views.closed' });
    await loader.close();
    await refused;
    await loader.close();
    await expect(loader.batch(0, 1)).rejects.toMatchObject({ code: 'views.closed' });
  });
});
