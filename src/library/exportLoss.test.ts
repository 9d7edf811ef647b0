import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { featuresOf } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { silent } from '../core/reporter.ts';
import type { PixelCache } from '../data/index.ts';
import type { ImageEncoder } from '../encoders/index.ts';
import { precisionLoss, warningOf } from './exportLoss.ts';

const [N, D] = [60, 8];
const random = randomAt(3, 'synthetic');
/** Two classes around two directions. */
const before = Float32Array.from(
  { length: N * D },
  (_, i) => (Math.floor(i / D) % 2 === i % D ? 2 : 0) + random.uniform() - 0.5,
);
let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

const encoder = (data: Float32Array) =>
  ({ embed: async () => featuresOf(data, D) }) as unknown as ImageEncoder;

/** Loss of features `after` beside those of before, with labels of two classes or without. */
const lossOf = (after: Float32Array, { labeled = true } = {}) => {
  const entries = Array.from({ length: N }, (_, i) => ({
    id: `${i}`,
    ...(labeled && { label: i % 2 }),
    // Whole halves, so that both have both classes.
    split: i < N / 2 ? 'train' : 'test',
  }));
  const contents = BigUint64Array.from({ length: N }, (_, i) => BigInt(i));
  const cache = { entries, contents } as unknown as PixelCache;
  return precisionLoss({
    ...{ engine, cache, workers: 1, reporter: silent },
    ...{ before: encoder(before), after: encoder(after) },
  });
};

describe('precisionLoss', () => {
  it('is none for the same features', async () => {
    const loss = (await lossOf(before.map((value) => 3 * value)))!;
    expect(loss.meanCosine).toBeCloseTo(1, 5);
    expect(loss.neighbors).toEqual({ k: 10, agreement: 1 });
    expect(loss.knn).toMatchObject({ k: 20, before: 1, after: 1 });
    expect(warningOf(loss, 'int8')).toBeUndefined();
  });

  it('counts what other features lose, and warns', async () => {
    const noise = Float32Array.from(before, () => random.uniform() - 0.5);
    const loss = (await lossOf(noise))!;
    expect(loss.meanCosine).toBeLessThan(0.5);
    expect(loss.neighbors.agreement).toBeLessThan(0.5);
    expect(loss.knn!.after).toBeLessThan(0.9);
    expect(warningOf(loss, 'int8')).toMatch(/int8 loses 0\.\d{3} of the kNN .* 0\.01.*`fp16`/);
    const unlabeled = (await lossOf(noise, { labeled: false }))!;
    expect(unlabeled.knn).toBeUndefined();
    expect(warningOf(unlabeled, 'fp16')).toMatch(
      /fp16 keeps 0\.\d\d of the nearest .* 0\.9.*`fp32`/,
    );
  });
});
