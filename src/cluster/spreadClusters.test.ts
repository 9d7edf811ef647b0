/** Clusters of rows outside a sample: the vote, its ties, blocks, and rows of the sample. */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import { featuresOf, toFeatures } from './features.ts';
import { spreadClusters } from './spreadClusters.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

/** Rows at angles in degrees. */
const at = (...degrees: number[]) =>
  toFeatures(
    degrees.map((angle) => [Math.cos((angle / 180) * Math.PI), Math.sin((angle / 180) * Math.PI)]),
  );

describe('spreadClusters', () => {
  it('takes the cluster of most of the nearest rows, and the nearest one of equal numbers', async () => {
    const rows = at(0, 30, 40, 90, 21, 64);
    const options = { sample: [0, 1, 2, 3], assignments: [5, 6, 6, 7] };
    expect(await spreadClusters(engine, rows, { ...options, neighbors: 3 })).toEqual(
      Int32Array.of(5, 6, 6, 7, 6, 6),
    );
    // 64 lies between 40 and 90 degrees, and nearer to 40.
    expect(await spreadClusters(engine, rows, { ...options, neighbors: 1 })).toEqual(
      Int32Array.of(5, 6, 6, 7, 6, 6),
    );
    const tie = { sample: [3, 0], assignments: [7, 5], neighbors: 2 };
    expect(await spreadClusters(engine, rows, tie)).toEqual(Int32Array.of(5, 5, 5, 7, 5, 7));
  });

  it('leaves the sample as it is, and gives the same in blocks of any size', async () => {
    const [N, D, K] = [200, 6, 3];
    const random = randomAt(2, 'synthetic');
    const features = featuresOf(
      Float32Array.from({ length: N * D }, (_, i) => {
        const [row, d] = [Math.floor(i / D), i % D];
        return (d === row % K ? 1 : 0) + random.normal(0, 0.1);
      }),
      D,
    );
    const sample = Int32Array.from({ length: 40 }, (_, i) => i * 5);
    const assignments = sample.map((row) => row % K);
    assignments[0] = 2;
    const done: number[] = [];
    const spread = (blockRows: number) =>
      spreadClusters(engine, features, {
        ...{ sample, assignments, blockRows },
        onProgress: (rows) => done.push(rows),
      });
    const found = await spread(64);
    expect(done).toEqual([104, 168, 200]);
    expect(await spread(1000)).toEqual(found);
    expect(found[0]).toBe(2);
    const wrong = [...found].filter((cluster, row) => row > 0 && cluster !== row % K);
    expect(wrong).toEqual([]);
    await expect(
      spreadClusters(engine, features, { sample, assignments, neighbors: 0 }),
    ).rejects.toThrow('neighbors: received 0; expected a whole number of at least 1');
    const stopped = { sample, assignments, signal: AbortSignal.abort(new Error('stopped')) };
    await expect(spreadClusters(engine, features, stopped)).rejects.toThrow('stopped');
  });
});
