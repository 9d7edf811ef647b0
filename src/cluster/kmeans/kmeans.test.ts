import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../../backends/index.ts';
import { randomAt } from '../../core/random.ts';
import { adjustedRand } from '../../metrics/index.ts';
import { columnVariances, featuresOf } from '../features.ts';
import { splitForEmpty } from './emptyClusters.ts';
import { kmeans } from './kmeans.ts';

const fixture = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/metrics-cluster.json', import.meta.url), 'utf8'),
) as {
  rows: { dimension: number; k: number; data: number[]; first: number[] };
  kmeans: { labels: number[]; centroids: number[]; inertia: number };
  spherical: { labels: number[]; centroids: number[]; objective: number };
};
const { dimension, k } = fixture.rows;
const rows = featuresOf(Float32Array.from(fixture.rows.data), dimension);
const first = Float32Array.from(fixture.rows.first);

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** `per` rows around each of `count` distant centers. */
function blobs(count: number, per: number, dimension: number, spread = 0.1) {
  const random = randomAt(5, 'synthetic');
  const centers = Array.from({ length: count * dimension }, () => random.normal());
  const data = Float32Array.from(
    { length: count * per * dimension },
    (_, i) =>
      centers[(Math.floor(i / dimension) % count) * dimension + (i % dimension)]! +
      spread * random.normal(),
  );
  return {
    features: featuresOf(data, dimension),
    truth: Int32Array.from({ length: count * per }, (_, i) => i % count),
  };
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[], digits: number): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(actual[i]!).toBeCloseTo(value, digits);
  });
}

describe('kmeans', () => {
  it('equals scikit-learn from the same first centroids', async () => {
    const result = await kmeans(rows, k, { engine, start: first, tolerance: 0 });
    expect([...result.assignments]).toEqual(fixture.kmeans.labels);
    expectClose(result.centroids, fixture.kmeans.centroids, 4);
    expect(result.objective / fixture.kmeans.inertia).toBeCloseTo(1, 6);
    expect(result.converged).toBe(true);
    expect([...result.sizes].reduce((a, b) => a + b)).toBe(rows.count);
  });

  it('equals a NumPy reference for spherical k-means', async () => {
    const shift = (data: Float32Array) =>
      data.map((value) => Math.round((value - 50) * 1000) / 1000);
    const centered = featuresOf(shift(rows.data), dimension);
    const result = await kmeans(centered, k, {
      engine,
      metric: 'spherical',
      start: first.map((value) => value - 50),
      tolerance: 0,
    });
    expect([...result.assignments]).toEqual(fixture.spherical.labels);
    expectClose(result.centroids, fixture.spherical.centroids, 4);
    expect(result.objective).toBeCloseTo(fixture.spherical.objective, 3);
  });

  for (const metric of ['euclidean', 'spherical'] as const) {
    for (const start of ['plusPlus', 'random'] as const) {
      it(`finds separate groups (${metric}, ${start}), the same with the same seed`, async () => {
        // Random rows seldom hit each of many groups once: few groups and many restarts there.
        const k = start === 'random' ? 3 : 8;
        const { features, truth } = blobs(k, 60, 16);
        const options = { engine, metric, start, restarts: start === 'random' ? 12 : 2, seed: 3 };
        const result = await kmeans(features, k, options);
        expect(adjustedRand(truth, result.assignments)).toBeCloseTo(1, 6);
        const again = await kmeans(features, k, options);
        expect(again).toEqual(result);
      });
    }
  }

  it('keeps the best of its restarts', async () => {
    const { features } = blobs(12, 20, 4, 0.3);
    const options = { engine, start: 'random' as const, seed: 1 };
    const one = await kmeans(features, 12, { ...options, restarts: 1 });
    const many = await kmeans(features, 12, { ...options, restarts: 8 });
    expect(many.objective).toBeLessThan(0.9 * one.objective);
  });

  it('stops where centroids move less than the tolerance, relative to the variance', async () => {
    // Scikit-learn's rule: the sum of squared movements is at most tol times the mean variance of
    // the columns. Without groups it takes many iterations.
    const random = randomAt(9, 'synthetic');
    const data = Float32Array.from({ length: 3000 }, (_, i) => random.normal(0, 1 + (i % 3)));
    const features = featuresOf(data, 3);
    const start = data.slice(0, 24);
    const until = async (iterations: number) =>
      (await kmeans(features, 8, { engine, start, iterations, tolerance: 0 })).centroids;
    const variance = columnVariances(features).reduce((sum, value) => sum + value, 0) / 3;
    const tolerance = 0.02;
    let before: Float32Array = start;
    let expected = 0;
    for (let shift = Number.POSITIVE_INFINITY; shift > tolerance * variance; ) {
      const now = await until(++expected);
      const last = before;
      shift = now.reduce((sum, value, i) => sum + (value - last[i]!) ** 2, 0);
      before = now;
    }
    const found = await kmeans(features, 8, { engine, start, tolerance });
    expect(expected).toBeGreaterThan(3);
    expect(found).toMatchObject({ iterations: expected, converged: true });
    expect(found.centroids).toEqual(before);
  });

  it('gives the same result whether rows go through in one block or in several', async () => {
    // 20,000 rows are two blocks; the second half repeats the first, which is one block.
    const { features } = blobs(5, 2000, 3);
    const twice = featuresOf(Float32Array.from([...features.data, ...features.data]), 3);
    const start = features.data.slice(0, 15);
    const single = await kmeans(features, 5, { engine, start });
    const double = await kmeans(twice, 5, { engine, start });
    expect([...double.assignments.slice(0, features.count)]).toEqual([...single.assignments]);
    expect([...double.assignments.slice(features.count)]).toEqual([...single.assignments]);
    expect(double.objective / single.objective).toBeCloseTo(2, 6);
  });

  it('gives each row its nearest of many centroids, the filling of the last group never', async () => {
    const { features } = blobs(40, 20, 3, 1);
    // On one side of the origin, cosines with some centroids are below the 0 of a column that is
    // none.
    const turned = featuresOf(
      features.data.map((v) => -Math.abs(v)),
      3,
    );
    for (const metric of ['euclidean', 'spherical'] as const) {
      const found = await kmeans(turned, 150, { engine, metric, start: 'random', iterations: 3 });
      const length = (x: Float32Array) => (metric === 'spherical' ? Math.hypot(...x) : 1);
      const distance = (i: number, j: number) => {
        const x = turned.data.slice(i * 3, i * 3 + 3);
        return x.reduce((sum, v, d) => sum + (v / length(x) - found.centroids[j * 3 + d]!) ** 2, 0);
      };
      for (let i = 0; i < turned.count; i++) {
        const own = distance(i, found.assignments[i]!);
        const least = Math.min(...Array.from({ length: 150 }, (_, j) => distance(i, j)));
        expect(own).toBeLessThan(least + 1e-5);
      }
    }
  });

  it('fills clusters that start empty', async () => {
    const { features } = blobs(4, 50, 3);
    const far = new Float32Array(12).fill(1e3);
    far.set(features.data.subarray(0, 3));
    const result = await kmeans(features, 4, { engine, start: far });
    expect(result.repaired).toBeGreaterThan(0);
    expect(result.empty).toBe(0);
  });

  it('ends with centroids of norm 1 where the last update refilled a cluster (spherical)', async () => {
    const { features } = blobs(3, 40, 3);
    // Cosines with the second and third centroid are below those with the first for every row.
    const away = features.data.subarray(0, 3).map((value) => -value);
    const start = Float32Array.from([...features.data.subarray(0, 3), ...away, ...away]);
    const one = featuresOf(
      features.data.filter((_, i) => Math.floor(i / 3) % 3 === 0),
      3,
    );
    const found = await kmeans(one, 3, { engine, metric: 'spherical', start, iterations: 1 });
    expect(found.repaired).toBe(2);
    for (let k = 0; k < 3; k++) {
      // 1/1024 off without the normalization.
      expect(Math.hypot(...found.centroids.slice(3 * k, 3 * k + 3))).toBeCloseTo(1, 6);
    }
  });

  it('gives each row its own cluster when K = N, and all rows one cluster when K = 1', async () => {
    const { features } = blobs(3, 3, 2);
    const own = await kmeans(features, 9, { engine });
    expect([...own.assignments]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(own.objective).toBe(0);
    expectClose(own.centroids, [...features.data], 5);
    const one = await kmeans(features, 1, { engine });
    expect([...one.sizes]).toEqual([9]);
  });

  for (const metric of ['euclidean', 'spherical'] as const) {
    it(`comes to an end on identical rows and on zeros (${metric})`, async () => {
      for (const value of [1, 0]) {
        const same = featuresOf(new Float32Array(30).fill(value), 3);
        const result = await kmeans(same, 4, { engine, metric });
        expect(result.objective).toBeLessThan(value === 1 ? 1e-3 : 10.1);
        expect(result.assignments.every((cluster) => cluster >= 0 && cluster < 4)).toBe(true);
        expect(result.centroids.every(Number.isFinite)).toBe(true);
      }
    });
  }

  it('refuses what it cannot do', async () => {
    const { features } = blobs(2, 2, 2);
    await expect(kmeans(features, 5, { engine })).rejects.toThrow(
      'kmeans: received k = 5 for 4 rows; expected a whole number from 1 to 4',
    );
    await expect(kmeans(features, 0, { engine })).rejects.toThrow('received k = 0');
    await expect(kmeans(features, 2, { engine, start: new Float32Array(3) })).rejects.toThrow(
      'received 3 values as first centroids; expected 2 x 2',
    );
    await expect(kmeans(features, 2, { engine, signal: AbortSignal.abort() })).rejects.toThrow(
      /abort/i,
    );
  });
});

describe('splitForEmpty', () => {
  it("gives faiss's numbers: the golden vector of the split", () => {
    // Cluster 0 has all the rows, so it is the only possible donor.
    const centroids = Float64Array.of(1, 2, 9, 9);
    const sizes = Float64Array.of(10, 0);
    expect(splitForEmpty(centroids, sizes, 2, randomAt(1, 'kmeansDonors'))).toBe(1);
    expect([...centroids]).toEqual([0.9990234375, 2.001953125, 1.0009765625, 1.998046875]);
    expect([...sizes]).toEqual([5, 5]);
  });

  it('takes donors as often as faiss does', () => {
    // 46 rows in 4 clusters: clusters 1 and 3 are accepted with 29 / 42 and 14 / 42 when their turn
    // comes, those of one row or none never. The turns go round until one is accepted.
    const [first, second] = [29 / 42, 14 / 42];
    const expected = first / (1 - (1 - first) * (1 - second));
    const n = 20_000;
    let [found, lonely] = [0, 0];
    for (let seed = 0; seed < n; seed++) {
      const sizes = Float64Array.of(1, 30, 0, 15);
      splitForEmpty(new Float64Array(4), sizes, 1, randomAt(seed, 'kmeansDonors'));
      if (sizes[0] !== 1) lonely++;
      if (sizes[1] === 15) found++;
    }
    const deviation = Math.sqrt((expected * (1 - expected)) / n);
    expect(Math.abs(found / n - expected)).toBeLessThan(4 * deviation);
    expect(lonely).toBe(0);
  });

  it('leaves no cluster empty, keeps the number of rows, and touches nothing when none is empty', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 12 }),
        fc.nat(),
        (counts, seed) => {
          const sizes = Float64Array.from(counts);
          const total = counts.reduce((a, b) => a + b, 0);
          const centroids = Float64Array.from(counts, (_, i) => i + 1);
          const repaired = splitForEmpty(centroids, sizes, 1, randomAt(seed, 'kmeansDonors'));
          expect(sizes.reduce((a, b) => a + b, 0)).toBeCloseTo(total, 9);
          if (total > counts.length) {
            expect(repaired).toBe(counts.filter((n) => n === 0).length);
            expect(sizes.every((n) => n > 0)).toBe(true);
          } else {
            expect(repaired).toBe(0);
          }
        },
      ),
      // As many rows as clusters: a donor would leave itself empty.
      {
        examples: [
          [[2, 0], 0],
          [[0, 1, 2], 1],
        ],
      },
    );
  });
});

describe('plain rows', () => {
  it('are clustered on an engine of their own', async () => {
    const points = [
      [0, 0],
      [0, 1],
      [9, 9],
      [9, 8],
    ];
    const { assignments, objective } = await kmeans(points, 2);
    expect(adjustedRand([0, 0, 1, 1], assignments)).toBe(1);
    expect(objective).toBeCloseTo(1, 6);
  });

  it('are refused when they are not a matrix of finite numbers', async () => {
    await expect(kmeans([], 1)).rejects.toThrow('received 0 rows of 0');
    await expect(kmeans([[1, 2], [3]], 1)).rejects.toThrow('received 1 values in row 1; expected');
    await expect(kmeans([[1], [Number.NaN]], 1)).rejects.toThrow('row 1 holds NaN');
  });
});
