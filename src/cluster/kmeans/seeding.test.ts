/** Greedy k-means++ against probabilities that follow from its rule, on rows of one dimension. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../../backends/index.ts';
import { featuresOf } from '../features.ts';
import { preparePlusPlus, randomStart } from './seeding.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

const line = (values: number[]) => featuresOf(Float32Array.from(values), 1);
const repeated = (...groups: [value: number, times: number][]) =>
  line(groups.flatMap(([value, times]) => new Array<number>(times).fill(value)));

describe('preparePlusPlus', () => {
  it('takes the better of its draws by squared distance', async () => {
    // From a first centroid at 0, the 100 rows at 10 and the one at 100 are drawn with probability
    // 1/2 each. The former leave the smaller total, 90² beside 100 · 10²: of two draws, both must
    // be the row at 100 for it to be taken.
    const rows = repeated([0, 1000], [10, 100], [100, 1]);
    const { start, dispose } = await preparePlusPlus(engine, rows, { k: 2, seed: 3 });
    let [far, n] = [0, 0];
    for (let restart = 0; restart < 400; restart++) {
      const [first, second] = await start(restart);
      if (first !== 0) continue;
      n++;
      expect([10, 100]).toContain(second);
      if (second === 100) far++;
    }
    await dispose();
    expect(n).toBeGreaterThan(300);
    expect(Math.abs(far / n - 1 / 4)).toBeLessThan(4 * Math.sqrt(3 / 16 / n));
  });

  it('measures the distance to the nearest centroid so far, not to the last', async () => {
    // Each of three groups is far from the others: the third centroid is in the third group.
    const rows = repeated([0, 50], [1000, 50], [-1000, 50]);
    const { start, dispose } = await preparePlusPlus(engine, rows, { k: 3, seed: 1 });
    for (let restart = 0; restart < 10; restart++) {
      expect([...(await start(restart))].sort((a, b) => a - b)).toEqual([-1000, 0, 1000]);
    }
    await dispose();
  });

  it('draws the first centroid from all rows, of which up to 16,384 take part', async () => {
    const rows = line(Array.from({ length: 3000 }, (_, i) => i));
    const { start, dispose } = await preparePlusPlus(engine, rows, { k: 1, seed: 1 });
    const firsts = new Set<number>();
    for (let restart = 0; restart < 100; restart++) firsts.add((await start(restart))[0]!);
    await dispose();
    // 100 draws of 3,000 repeat 1.6 times on average.
    expect(firsts.size).toBeGreaterThan(90);
  });

  it('draws rows that are not taken yet where all rows are equal', async () => {
    const rows = repeated([5, 4]);
    const { start, dispose } = await preparePlusPlus(engine, rows, { k: 4, seed: 1 });
    expect([...(await start(0))]).toEqual([5, 5, 5, 5]);
    await dispose();
  });
});

describe('randomStart', () => {
  it('draws distinct rows, others for each restart', () => {
    const rows = line(Array.from({ length: 50 }, (_, i) => i));
    const starts = [0, 1, 2].map((restart) => [...randomStart(rows, 20, 7, restart)]);
    for (const start of starts) expect(new Set(start).size).toBe(20);
    expect(starts[1]).not.toEqual(starts[0]);
    expect(starts[2]).not.toEqual(starts[1]);
  });
});
