import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openPixelReader } from '../data/reader.ts';
import { evaluationBatches } from './evaluationBatches.ts';
import { renderEvaluationView } from './evaluationView.ts';
import { blank } from './fixture.cases.ts';
import { tinyCache } from './tinyCache.cases.ts';

const cache = tinyCache(11);
afterAll(() => rmSync(dirname(cache.file), { recursive: true }));

async function collect(options: {
  indices?: Uint32Array;
  workers?: number;
}): Promise<{ images: number[]; pixels: number[][] }> {
  const images: number[] = [];
  const pixels: number[][] = [];
  for await (const batch of evaluationBatches(cache, { size: 10, batchSize: 4, ...options })) {
    images.push(...batch.images);
    pixels.push([...batch.pixels]);
  }
  return { images, pixels };
}

describe('evaluationBatches', () => {
  it('gives every image once, in order, the last batch with what is left', async () => {
    const { images, pixels } = await collect({});
    expect(images).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(pixels.map(({ length }) => length / 300)).toEqual([4, 4, 3]);
    const reader = openPixelReader(cache);
    for (const image of images) {
      const view = blank(10);
      renderEvaluationView(reader.read(image), view, { size: 10 });
      const row = image % 4;
      expect(pixels[Math.floor(image / 4)]!.slice(row * 300, (row + 1) * 300)).toEqual([
        ...view.data,
      ]);
    }
    reader.close();
  });

  it('keeps the order of given indices, and does not depend on the number of workers', async () => {
    const indices = Uint32Array.of(9, 0, 4, 4, 1, 8);
    const one = await collect({ indices });
    expect(one.images).toEqual([...indices]);
    expect(await collect({ indices, workers: 3 })).toEqual(one);
  });

  it('gives nothing for no images', async () => {
    expect(await collect({ indices: new Uint32Array(0) })).toEqual({ images: [], pixels: [] });
  });

  it('ends its workers when the loop is left early', async () => {
    const iterator = evaluationBatches(cache, { size: 10, batchSize: 2 });
    for await (const { images } of iterator) if (images[0] === 2) break;
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });
});
