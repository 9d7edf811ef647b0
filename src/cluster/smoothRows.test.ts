import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import { adjustedRand } from '../metrics/index.ts';
import { assign } from './assign.ts';
import { clusterFeatures } from './clusterFeatures.ts';
import { type Features, featuresOf, normalizeRows, selectRows } from './features.ts';
import { fitCentroids, smoothingNeighbors } from './fitCentroids.ts';
import { kmeans } from './kmeans/kmeans.ts';
import { unitRows } from './rows.ts';
import { smoothRows } from './smoothRows.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

/** Rows of scipy and scikit-learn, in double precision (test/fixtures/make/classical.py). */
const { smoothed: golden } = JSON.parse(
  readFileSync(new URL('../../test/fixtures/classical.json', import.meta.url), 'utf8'),
) as {
  smoothed: {
    dimension: number;
    data: number[];
    neighbors: number;
    steps: number;
    smooth: number[];
    clusters: number[];
    nearest: number[];
  };
};
const goldenRows = featuresOf(Float32Array.from(golden.data), golden.dimension);

function randomRows(seed: number, count: number, dimension: number): Features {
  const random = randomAt(seed, 'synthetic');
  return featuresOf(
    Float32Array.from({ length: count * dimension }, () => random.normal()),
    dimension,
  );
}

/** Rows of groups in turn, around axes, with the same noise in every dimension. */
function groupsAround(
  axes: number,
  {
    each,
    dimension,
    noise,
    seed = 0,
  }: Record<'each' | 'dimension' | 'noise', number> & {
    seed?: number;
  },
) {
  const random = randomAt(seed, 'synthetic');
  const data = new Float32Array(axes * each * dimension).map(
    (_, at) =>
      noise * random.normal() +
      (at % dimension === 1 + (Math.floor(at / dimension) % axes) ? 1 : 0),
  );
  const truth = Int32Array.from({ length: axes * each }, (_, i) => i % axes);
  return { features: featuresOf(data, dimension), truth };
}

/** Six groups, long in one direction that tells nothing about them. */
function longGroups(seed: number) {
  const { features, truth } = groupsAround(6, { each: 80, dimension: 10, noise: 0.15, seed });
  const random = randomAt(seed, 'synthetic', 1);
  for (let at = 0; at < features.data.length; at += 10)
    features.data[at]! += 1.3 * (2 * random.uniform() - 1);
  return { features, truth };
}

describe('smoothRows', () => {
  it("has scipy's averages over scikit-learn's neighbors", async () => {
    const { neighbors, steps } = golden;
    const { data } = await smoothRows(goldenRows, { engine, neighbors, steps });
    golden.smooth.forEach((value, at) => {
      expect(data[at], `value ${at}`).toBeCloseTo(value, 5); // float32 against float64
    });
  });

  it('is normalization alone without steps', async () => {
    const rows = randomRows(2, 7, 3);
    expect((await smoothRows(rows, { engine, steps: 0 })).data).toEqual(
      Float32Array.from(normalizeRows(rows).data),
    );
  });

  it('keeps norm 1 and the order of rows, whatever their lengths', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.nat(1000),
          count: fc.integer({ min: 6, max: 40 }),
          neighbors: fc.integer({ min: 1, max: 5 }),
          scale: fc.double({ min: 0.1, max: 50, noNaN: true }),
        }),
        async ({ seed, count, neighbors, scale }) => {
          const rows = randomRows(seed, count, 5);
          const plain = await smoothRows(rows, { engine, neighbors });
          for (let i = 0; i < count; i++) {
            const norm = Math.hypot(...plain.data.subarray(5 * i, 5 * i + 5));
            expect(norm).toBeCloseTo(1, 5);
          }
          const order = randomAt(seed, 'synthetic', 1).shuffle(
            Int32Array.from({ length: count }, (_, i) => i),
          );
          const scaled = featuresOf(
            rows.data.map((value) => value * scale),
            5,
          );
          const moved = await smoothRows(selectRows(scaled, order), { engine, neighbors });
          const expected = selectRows(plain, order).data;
          moved.data.forEach((value, at) => {
            expect(value).toBeCloseTo(expected[at]!, 4);
          });
        },
      ),
      { numRuns: 15 },
    );
  });

  it('gives the same bytes with any number of threads', async () => {
    const rows = randomRows(3, 700, 33);
    const two = await openEngine({ threads: 2 });
    try {
      const again = await smoothRows(rows, { engine: two, neighbors: 10 });
      expect(again.data).toEqual((await smoothRows(rows, { engine, neighbors: 10 })).data);
    } finally {
      await two.close();
    }
  });

  it('refuses more neighbors than other rows, and misspelt options', async () => {
    await expect(smoothRows(randomRows(0, 5, 2), { engine, neighbors: 5 })).rejects.toMatchObject({
      code: 'neighbors.k',
    });
    await expect(smoothRows(goldenRows, { engine, neigbors: 5 } as object)).rejects.toMatchObject({
      code: 'option.unknown',
    });
  });
});

describe('fitCentroids by smoothed k-means', () => {
  const seed = 0;
  const fitted = (rows: Features, k: number, restarts = 20) =>
    fitCentroids(engine, unitRows(rows), k, { algorithm: 'smoothed-kmeans', restarts, seed });

  it("has scikit-learn's clusters, and rows as they were go to the nearest mean", async () => {
    expect(smoothingNeighbors(goldenRows.count, 4)).toBe(golden.neighbors);
    const { centroids, spread } = await fitted(goldenRows, 4, 60);
    const { assignments } = await assign(engine, goldenRows, centroids);
    expect(adjustedRand(assignments, Int32Array.from(golden.nearest))).toBe(1);
    // Neither the clusters of averaged rows nor those of k-means on the rows.
    expect(adjustedRand(assignments, Int32Array.from(golden.clusters))).toBeLessThan(0.9);
    const plain = await kmeans(goldenRows, 4, { engine, metric: 'spherical', restarts: 20 });
    expect(adjustedRand(assignments, plain.assignments)).toBeLessThan(0.9);
    const unit = normalizeRows(goldenRows).data;
    const D = golden.dimension;
    const means = [0, 1, 2, 3].map((cluster) => {
      const sum = new Float64Array(D);
      golden.clusters.forEach((own, i) => {
        if (own === cluster) for (let d = 0; d < D; d++) sum[d]! += unit[i * D + d]!;
      });
      const length = Math.hypot(...sum);
      return sum.map((value) => value / length);
    });
    const cosines = golden.clusters.map((own, i) =>
      means[own]!.reduce((sum, value, d) => sum + value * unit[i * D + d]!, 0),
    );
    const mean = cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length;
    expect(spread).toBeCloseTo(1 - mean, 5);
  });

  it('finds long groups better than k-means on the rows from as many starts', async () => {
    const gains: number[] = [];
    for (const seed of [0, 1, 2, 3, 4, 5]) {
      const { features, truth } = longGroups(seed);
      const score = async (algorithm: 'kmeans' | 'smoothed-kmeans') => {
        const options = { k: 6, algorithm, restarts: 3 };
        const { assignment } = await clusterFeatures(engine, features, options);
        return adjustedRand(assignment.assignments, truth);
      };
      gains.push((await score('smoothed-kmeans')) - (await score('kmeans')));
    }
    expect(gains.reduce((sum, gain) => sum + gain, 0) / gains.length).toBeGreaterThan(0.02);
  });

  it('averages fewer neighbors where clusters are small, and none in the smallest', async () => {
    expect([
      ...[smoothingNeighbors(30_000, 10), smoothingNeighbors(500, 10)],
      ...[smoothingNeighbors(499, 10), smoothingNeighbors(49, 10)],
    ]).toEqual([10, 10, 9, 0]);
    const rows = randomRows(4, 24, 6);
    const plain = fitCentroids(engine, unitRows(rows), 5, { algorithm: 'kmeans', seed });
    expect((await fitted(rows, 5, 5)).centroids.data).toEqual((await plain).centroids.data);
  });

  it('fits on a sample, and gives every row a cluster', async () => {
    const { features, truth } = groupsAround(3, { each: 400, dimension: 20, noise: 0.1 });
    const options = { k: 3, algorithm: 'smoothed-kmeans', fitOn: 150 } as const;
    const clustering = await clusterFeatures(engine, features, options);
    expect(clustering.algorithm).toBe('smoothed-kmeans');
    expect(clustering.groups.map(({ size }) => size)).toEqual([400, 400, 400]);
    expect(adjustedRand(clustering.assignment.assignments, truth)).toBe(1);
  });

  it('leaves out clusters that stay empty, because images repeat each other', async () => {
    const angles = Array.from({ length: 60 }, (_, i) => (i % 3) * 2);
    const data = Float32Array.from(angles.flatMap((a) => [Math.cos(a), Math.sin(a)]));
    const options = { k: 5, algorithm: 'smoothed-kmeans' } as const;
    const { k, empty, groups } = await clusterFeatures(engine, featuresOf(data, 2), options);
    expect([k, empty]).toEqual([3, 2]);
    expect(groups.map(({ size }) => size)).toEqual([20, 20, 20]);
  });
});
