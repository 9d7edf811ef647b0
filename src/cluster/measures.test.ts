import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import { assign } from './assign.ts';
import { findDoubtful } from './confidence.ts';
import {
  columnMeans,
  columnVariances,
  type Features,
  featuresOf,
  normalizeRows,
} from './features.ts';
import { gaussian } from './gaussian.cases.ts';
import { nearestNeighbors } from './neighbors.ts';
import { fitWhitening, whiten } from './pcaWhiten.ts';
import { principal } from './principal.ts';
import { simplifiedSilhouette } from './silhouette.ts';

const fixture = JSON.parse(
  readFileSync(new URL('../../test/fixtures/metrics-cluster.json', import.meta.url), 'utf8'),
) as {
  rows: { dimension: number; k: number; data: number[] };
  kmeans: { labels: number[]; centroids: number[] };
  silhouette: number;
  pca: { variances: number[]; absoluteRows: number[] };
};
const { dimension } = fixture.rows;
const rows = featuresOf(Float32Array.from(fixture.rows.data), dimension);

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

describe('featuresOf', () => {
  it('refuses what are not features', () => {
    expect(() => featuresOf(new Float32Array(5), 2)).toThrow('received 5 values for dimension 2');
    expect(() => featuresOf(new Float32Array(0), 2)).toThrow('received 0 values');
    expect(() => featuresOf(new Float32Array(2), 0)).toThrow('received dimension 0');
    expect(() => featuresOf(Float32Array.of(1, 2, 3, Number.NaN), 2)).toThrow('row 1 holds NaN');
  });

  it('gives unit rows, means and variances; zero rows stay zero', () => {
    expect([...normalizeRows(featuresOf(Float32Array.of(3, 4, 0, 0), 2)).data]).toEqual([
      Math.fround(0.6),
      Math.fround(0.8),
      0,
      0,
    ]);
    const three = featuresOf(Float32Array.of(1, 5, 3, 5), 2);
    expect([...columnMeans(three)]).toEqual([2, 5]);
    expect([...columnVariances(three)]).toEqual([1, 0]);
  });
});

describe('nearestNeighbors', () => {
  /** Every cosine in double precision, sorted. */
  function bruteForce(queries: Features, bank: Features, k: number, self: boolean): number[][] {
    const q = normalizeRows(queries);
    const b = normalizeRows(bank);
    return Array.from({ length: q.count }, (_, i) => {
      const cosines = Array.from({ length: b.count }, (_, j) => {
        let sum = 0;
        for (let d = 0; d < q.dimension; d++)
          sum += q.data[i * q.dimension + d]! * b.data[j * q.dimension + d]!;
        return { j, sum: self && i === j ? -9 : sum };
      });
      return cosines
        .sort((x, y) => y.sum - x.sum)
        .slice(0, k)
        .map(({ j }) => j);
    });
  }

  it('equals a search through all pairs, in one block or in several', async () => {
    const queries = gaussian(37, 5, 7);
    const bank = gaussian(83, 5, 8);
    for (const bankBlock of [16_384, 20, 7, 1]) {
      const { indices, similarities } = await nearestNeighbors(engine, queries, bank, {
        k: 9,
        bankBlock,
      });
      expect([...indices]).toEqual(bruteForce(queries, bank, 9, false).flat());
      expect(similarities.every((value) => value <= 1.00001 && value >= -1.00001)).toBe(true);
    }
  });

  it('leaves a row out of its own neighbors', async () => {
    const bank = gaussian(40, 5, 9);
    const { indices } = await nearestNeighbors(engine, bank, bank, {
      k: 6,
      exclude: 'self',
      bankBlock: 11,
    });
    expect([...indices]).toEqual(bruteForce(bank, bank, 6, true).flat());
  });

  it('orders equal similarities by index', async () => {
    const same = featuresOf(new Float32Array(12).fill(1), 2);
    const { indices } = await nearestNeighbors(engine, same, same, {
      k: 3,
      exclude: 'self',
      bankBlock: 4,
    });
    expect([...indices.slice(0, 3)]).toEqual([1, 2, 3]);
    expect([...indices.slice(15, 18)]).toEqual([0, 1, 2]);
  });

  it('refuses more neighbors than there are', async () => {
    const bank = gaussian(4, 2);
    await expect(nearestNeighbors(engine, bank, bank, { k: 5 })).rejects.toThrow('expected 1 to 4');
    await expect(nearestNeighbors(engine, bank, bank, { k: 4, exclude: 'self' })).rejects.toThrow(
      'expected 1 to 3',
    );
    await expect(nearestNeighbors(engine, gaussian(3, 3), bank, { k: 1 })).rejects.toThrow(
      'dimension 3 and 2',
    );
  });
});

describe('assign', () => {
  it('gives cluster, cosine, confidence and margin of hand-made rows', async () => {
    const features = featuresOf(Float32Array.of(2, 0, 3, 3, 0, -1), 2);
    const centroids = featuresOf(Float32Array.of(0, 5, 1, 0), 2);
    const result = await assign(engine, features, centroids, { temperature: 0.5 });
    expect([...result.assignments]).toEqual([1, 0, 1]);
    expect([...result.second]).toEqual([0, 1, 0]);
    expect(result.similarity[1]).toBeCloseTo(Math.SQRT1_2, 6);
    expect([...result.margin].map((value) => Number(value.toFixed(5)))).toEqual([1, 0, 1]);
    expect(result.confidence[0]).toBeCloseTo(Math.exp(2) / (Math.exp(2) + 1), 6);
    expect(result.confidence[1]).toBeCloseTo(0.5, 6);
  });

  it('is certain of a single cluster', async () => {
    const result = await assign(
      engine,
      featuresOf(Float32Array.of(1, -1), 1),
      featuresOf(Float32Array.of(1), 1),
    );
    expect([...result.confidence]).toEqual([1, 1]);
    expect([...result.margin]).toEqual([2, 2]);
    expect([...result.second]).toEqual([-1, -1]);
  });

  it('refuses a temperature of 0', async () => {
    const one = gaussian(2, 2);
    await expect(assign(engine, one, one, { temperature: 0 })).rejects.toThrow(
      'received temperature 0',
    );
  });
});

describe('findDoubtful', () => {
  it('marks the lowest part of the margins, or those below a threshold, and says which', () => {
    const margins = Float32Array.of(0.5, 0.25, 0.125, 1, 0.75);
    const fifth = findDoubtful(margins, { quantile: 0.4 });
    expect([...fifth.doubtful]).toEqual([0, 1, 1, 0, 0]);
    expect(fifth).toMatchObject({ count: 2, threshold: 0.5 });
    expect(fifth.rule).toContain('the 40 % of images');
    // 30 % of five are one and a half, so that the smallest margin alone is below the limit.
    expect(findDoubtful(margins, { quantile: 0.3 })).toMatchObject({ count: 1, threshold: 0.25 });
    expect(findDoubtful(margins, { threshold: 0.2 }).count).toBe(1);
    expect(findDoubtful(new Float32Array(5).fill(0.5)).count).toBe(0);
    expect(findDoubtful(new Float32Array(0)).count).toBe(0);
    expect(() => findDoubtful(margins, { quantile: 2 })).toThrow(
      'received quantile 2; expected 0 to 1',
    );
  });
});

describe('silhouette', () => {
  it('equals a NumPy reference', async () => {
    const centroids = featuresOf(Float32Array.from(fixture.kmeans.centroids), dimension);
    const result = await simplifiedSilhouette(
      engine,
      rows,
      Int32Array.from(fixture.kmeans.labels),
      centroids,
    );
    expect(result.mean).toBeCloseTo(fixture.silhouette, 5);
  });

  it('is negative where rows are with the farther centroid, and 0 for lonely ones', async () => {
    const line = featuresOf(Float32Array.of(0, 1, 9, 10), 1);
    const ends = featuresOf(Float32Array.of(0.5, 9.5), 1);
    expect(
      (await simplifiedSilhouette(engine, line, Int32Array.of(0, 0, 1, 1), ends)).mean,
    ).toBeGreaterThan(0.9);
    expect(
      (await simplifiedSilhouette(engine, line, Int32Array.of(1, 1, 0, 0), ends)).mean,
    ).toBeLessThan(-0.9);
    expect(
      (await simplifiedSilhouette(engine, line, Int32Array.of(0, 1, 1, 1), ends)).values[0],
    ).toBe(0);
    await expect(
      simplifiedSilhouette(engine, line, Int32Array.of(0, 1, 2, 1), ends),
    ).rejects.toThrow('0 to 1');
  });
});

describe('PCA whitening', () => {
  it('equals NumPy up to signs', async () => {
    const whitening = await fitWhitening(engine, rows, { components: 3 });
    fixture.pca.variances.forEach((value, i) => {
      expect(whitening.variances[i]! / value).toBeCloseTo(1, 5);
    });
    const { data } = await whiten(engine, rows, whitening);
    fixture.pca.absoluteRows.forEach((value, i) => {
      expect(Math.abs(data[i]!)).toBeCloseTo(value, 3);
    });
  });

  it('gives columns of mean 0, variance 1 and no correlation', async () => {
    const whitening = await fitWhitening(engine, rows, { components: dimension });
    expect(whitening.explained).toBeCloseTo(1, 9);
    const z = await whiten(engine, rows, whitening);
    for (const mean of columnMeans(z)) expect(mean).toBeCloseTo(0, 4);
    for (const variance of columnVariances(z)) expect(variance).toBeCloseTo(1, 4);
    let product = 0;
    for (let i = 0; i < z.count; i++)
      product += z.data[i * dimension]! * z.data[i * dimension + 4]!;
    expect(product / z.count).toBeCloseTo(0, 4);
  });

  it('sets directions without variance to 0, and refuses more components than dimensions', async () => {
    const flat = featuresOf(Float32Array.of(1, 2, 2, 2, 3, 2), 2);
    const { data } = await whiten(
      engine,
      flat,
      await fitWhitening(engine, flat, { components: 2 }),
    );
    for (const i of [1, 3, 5]) expect(data[i]).toBe(0);
    await expect(fitWhitening(engine, flat, { components: 3 })).rejects.toThrow(
      'received components = 3',
    );
    // The third column is the sum of the others, rounded to float32: its own variance is noise.
    const random = randomAt(3, 'synthetic');
    const dependent = Array.from({ length: 200 }, () => {
      const [a, b] = [random.normal(), random.normal()];
      return [a, b, Math.fround(Math.fround(a) + Math.fround(b))];
    });
    const rank2 = featuresOf(Float32Array.from(dependent.flat()), 3);
    const white = await whiten(engine, rank2, await fitWhitening(engine, rank2, { components: 3 }));
    const variances = columnVariances(white);
    expect(variances[1]).toBeCloseTo(1, 4);
    expect(variances[2]).toBe(0);
  });
});

describe('principal components', () => {
  it('equal PCA up to signs and scale, at any width', async () => {
    const exact = await fitWhitening(engine, rows, { components: 3 });
    const white = await whiten(engine, rows, exact);
    const found = await principal(engine, rows, { components: 3 });
    expect(found).toMatchObject({ count: rows.count, dimension: 3 });
    for (let at = 0; at < found.data.length; at++) {
      const scaled = white.data[at]! * Math.sqrt(exact.variances[at % 3]!);
      expect(Math.abs(found.data[at]!)).toBeCloseTo(Math.abs(scaled), 2);
    }
  });

  it('finds the few directions of wide features, and leaves 0 where there are none', async () => {
    const wide = new Float32Array(60 * 300);
    const random = randomAt(6, 'synthetic');
    for (let i = 0; i < 60; i++) {
      wide[i * 300 + 7] = 3 * random.normal();
      wide[i * 300 + 200] = random.normal();
    }
    const features = featuresOf(wide, 300);
    const found = await principal(engine, features, { components: 4 });
    const variances = columnVariances(found);
    const expected = columnVariances(features);
    expect(variances[0]! + variances[1]!).toBeCloseTo(expected[7]! + expected[200]!, 3);
    expect(variances[0]!).toBeGreaterThan(variances[1]!);
    expect(variances[2]!).toBeLessThan(1e-6);
    const flat = await principal(engine, featuresOf(new Float32Array(12).fill(2), 3), {
      components: 2,
    });
    expect([...flat.data].every((value) => value === 0)).toBe(true);
    expect((await principal(engine, rows, { components: 99 })).dimension).toBe(dimension);
    await expect(principal(engine, rows, { components: 0 })).rejects.toThrow('received 0');
  });
});
