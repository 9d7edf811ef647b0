/** The classical clusterings beside scikit-learn's, on stored rows. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { adjustedRand } from '../metrics/index.ts';
import {
  agglomerativeClusters,
  type Features,
  featuresOf,
  kmeans,
  principal,
  spectralClusters,
} from './index.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

interface Rows {
  count: number;
  dimension: number;
  data: number[];
}

const stored = JSON.parse(
  readFileSync(new URL('../../test/fixtures/classical.json', import.meta.url), 'utf8'),
) as {
  ward: Rows & { clusters: Record<string, number[]> };
  spectral: Record<string, Rows & { k: number; neighbours: number; clusters: number[] }>;
  pca: Rows & { variances: number[]; absolute: number[]; clusters: number[] };
};

const rowsOf = ({ data, dimension }: Rows): Features =>
  featuresOf(Float32Array.from(data), dimension);
/** 1 where two partitions are the same, whatever the numbers of the clusters. */
const likeness = (found: Int32Array, expected: readonly number[]) =>
  adjustedRand(found, Int32Array.from(expected));

describe('agglomerative clustering', () => {
  it.each(Object.entries(stored.ward.clusters))(
    'has the %s clusters of Ward',
    async (k, expected) => {
      const clusters = await agglomerativeClusters(rowsOf(stored.ward), Number(k), { engine });
      expect(likeness(clusters, expected)).toBe(1);
    },
  );
});

describe('spectral clustering', () => {
  it.each(Object.entries(stored.spectral))('has the partition of %s', async (_name, rows) => {
    const { k, neighbours, clusters } = rows;
    const found = await spectralClusters(rowsOf(rows), k, { engine, neighbors: neighbours });
    expect(likeness(found, clusters)).toBe(1);
    // K-means on the rows themselves does not find it.
    const plain = await kmeans(rowsOf(rows), k, { engine, restarts: 10 });
    expect(likeness(plain.assignments, clusters)).toBeLessThan(0.98);
  });
});

describe('principal components', () => {
  it('are those of PCA but for their signs, and so are the clusters in them', async () => {
    const { variances, absolute, clusters, count } = stored.pca;
    const components = variances.length;
    const scores = await principal(engine, rowsOf(stored.pca), { components });
    absolute.forEach((value, i) => {
      expect(Math.abs(scores.data[i]!), `row ${Math.floor(i / components)}`).toBeCloseTo(value, 3);
    });
    variances.forEach((variance, p) => {
      let squares = 0;
      for (let row = 0; row < count; row++) squares += scores.data[row * components + p]! ** 2;
      expect(squares / (count - 1) / variance).toBeCloseTo(1, 4);
    });
    const { assignments } = await kmeans(scores, 3, { engine, restarts: 10 });
    expect(likeness(assignments, clusters)).toBe(1);
  });
});
