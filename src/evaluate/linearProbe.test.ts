/** Linear probes that are asked for at once, on one engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { gaussian } from '../cluster/gaussian.cases.ts';
import { type Features, featuresOf, selectRows } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { fewLabels, labeledDraw } from './fewLabels.ts';
import { linearProbe, openProbes } from './linearProbe.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** Noisy rows of four classes, so that accuracies differ from 0 and 1. */
function noisy(count: number): { features: Features; labels: Int32Array } {
  const { data, dimension } = gaussian(count, 6);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 4);
  const moved = data.map((value, at) => {
    const row = Math.floor(at / dimension);
    return value + (at % dimension === labels[row] ? 1 : 0);
  });
  return { features: { data: moved, count, dimension }, labels };
}
const [train, test] = [noisy(110), noisy(101)];

describe('linear probes', () => {
  it('gives the same for probes that are asked for at once, on sets that change places', async () => {
    // Sizes as train and test rows of another bench, whose programs have inputs of the same names.
    const part = ({ features, labels }: typeof train, count: number) => {
      const rows = Int32Array.from({ length: count }, (_, i) => i % features.count);
      return { features: selectRows(features, rows), labels: labels.slice(0, count) };
    };
    const [a, b] = [part(train, 90), part(train, 101)];
    const draws = [0, 1].map((draw) => labeledDraw(a.labels, 0.3, { draw }));
    const options = { epochs: 1, batchSize: 32 };
    const alone: unknown[] = [];
    const [first, second] = [openProbes(engine, a, b), openProbes(engine, b, a)];
    try {
      for (const rows of draws) alone.push(await first.fit(options, rows));
      for (const bench of [first, second]) alone.push(await bench.fit(options));
      const asked = [
        ...draws.map((rows) => first.fit(options, rows)),
        ...[first, second].map((bench) => bench.fit(options)),
      ];
      expect(await Promise.all(asked)).toEqual(alone);
    } finally {
      await Promise.all([first.close(), second.close()]);
    }
  });

  it('trains a further probe where one was stopped', async () => {
    const bench = openProbes(engine, train, test);
    try {
      const stopped = bench.fit({ signal: AbortSignal.abort(new Error('stopped')) });
      const next = bench.fit();
      await expect(stopped).rejects.toThrow('stopped');
      expect(await next).toEqual(await linearProbe(engine, train, test));
    } finally {
      await bench.close();
    }
  });
});

describe('few labels', () => {
  it('does not raise columns that hardly vary to the level of those that tell the classes', async () => {
    // Four columns with the classes, and 60 of a thirtieth of their deviation without.
    const random = randomAt(9, 'synthetic');
    const part = (count: number) => {
      const labels = Int32Array.from({ length: count }, (_, row) => row % 4);
      const data = Float32Array.from({ length: count * 64 }, (_, at) => {
        const d = at % 64;
        if (d >= 4) return 0.01 * random.normal();
        return 0.3 * random.normal() + (d === labels[Math.floor(at / 64)] ? 1 : 0);
      });
      return { features: featuresOf(data, 64), labels };
    };
    const [many, others] = [part(200), part(200)];
    const [result] = await fewLabels(engine, many, others, { shares: [0.04] });
    expect(result!.labels).toBe(8);
    expect(result!.accuracy).toBeGreaterThan(0.85);
    const rows = labeledDraw(many.labels, 0.04);
    const bench = openProbes(engine, many, others);
    expect((await bench.fit({}, rows)).accuracy).toBeLessThan(0.75);
    await bench.close();
  });
});
