import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { allRows, featuresOf, rowsOf } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { methodProgram, resolveSettings } from '../methods/index.ts';
import { openHeads } from './heads.ts';

const settings = resolveSettings({
  data: { batchSize: 64, imageSize: 16 },
  views: { crops: [{ count: 2, size: 14 }], scales: [[0.3, 1]] },
  encoder: { architecture: 'resnet10', width: 4 },
  method: { name: 'swav', hiddenDim: 16, embeddingDim: 8, prototypes: 12 },
});
const WIDTH = 32;
/** Two whole blocks of rows and a part of one. */
const N = 1100;

describe('openHeads', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine({ threads: 1 });
  });
  afterAll(() => engine.close());

  it('gives the same embeddings however many are read at once, and wherever reading begins', async () => {
    const random = randomAt(0, 'synthetic');
    const data = Float32Array.from({ length: N * WIDTH }, () => random.normal());
    const features = featuresOf(data, WIDTH);
    const state = methodProgram(settings, { images: N }).initialState(0);
    const head = openHeads({ engine, settings, state });
    const expected = await allRows(head.project(features)); // [N, 8]
    const projected = head.project(rowsOf(features));
    expect(await allRows(projected)).toEqual(expected);
    for (const [start, rows] of [
      [0, 1],
      [511, 2],
      [500, 600],
      [512, 512],
      [1024, 76],
      [1099, 1],
    ] as const) {
      const found = await projected.read(start, rows);
      expect(found).toEqual(expected.data.slice(start * 8, (start + rows) * 8));
    }
    await head.close();
  });
});
