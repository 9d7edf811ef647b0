/** The classical clusterings beside scikit-learn's, on stored rows. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { adjustedRand } from '../metrics/index.ts';
import { input } from '../tensor/index.ts';
import {
  agglomerativeClusters,
  binaryGraph,
  euclideanNeighbors,
  type Features,
  featuresOf,
  kmeans,
  mutualNeighborClusters,
  principal,
  spectralClusters,
} from './index.ts';
import { nmfUpdate } from './nmf.ts';

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
  self_tuning: Rows & { k: number; neighbors: number; scales: number[]; clusters: number[] };
  mutual: Rows & { neighbors: number; clusters: Record<string, number[]> };
  nmf: Rows & {
    neighbors: number;
    locality: number;
    start: { W: number[]; H: number[] };
    W: number[];
    H: number[];
    objectives: number[];
  };
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

describe('self-tuning spectral clustering', () => {
  const { k, neighbors, scales, clusters } = stored.self_tuning;
  const rows = rowsOf(stored.self_tuning);

  it('has the partition of scikit-learn, which cosines do not find', async () => {
    const options = { engine, neighbors };
    const found = await spectralClusters(rows, k, { ...options, distance: 'euclidean' });
    expect(likeness(found, clusters)).toBe(1);
    expect(likeness(await spectralClusters(rows, k, options), clusters)).toBeLessThan(0.9);
  });

  it('has exact local scales, far from the origin', async () => {
    const { squared } = await euclideanNeighbors(engine, rows, { k: neighbors });
    scales.forEach((scale, row) => {
      expect(Math.sqrt(squared[row * neighbors + 6]!) / scale).toBeCloseTo(1, 4);
    });
  });
});

describe('clustering by mutual neighbors', () => {
  it.each(Object.entries(stored.mutual.clusters))(
    'has the %s clusters of numpy',
    async (k, expected) => {
      const options = { engine, neighbors: stored.mutual.neighbors };
      const found = await mutualNeighborClusters(rowsOf(stored.mutual), Number(k), options);
      expect(likeness(found, expected)).toBe(1);
    },
  );
});

describe('factorization with a graph', () => {
  it('has the factors and objectives of numpy after 30 updates', async () => {
    const { count: N, dimension: D, neighbors, locality, start } = stored.nmf;
    const near = await euclideanNeighbors(engine, rowsOf(stored.nmf), { k: neighbors });
    const [X, W, H] = [input('X', [N, D]), input('W', [N, 3]), input('H', [3, D])];
    const update = nmfUpdate({ X, W, H }, { graph: binaryGraph(near), locality });
    const exe = await engine.compile({
      outputs: { error: update.error },
      state: [
        { current: X },
        { current: W, next: update.nextW },
        { current: H, next: update.nextH },
      ],
    });
    const given = { X: stored.nmf.data, ...start };
    await exe.writeState({
      X: Float32Array.from(given.X),
      W: Float32Array.from(given.W),
      H: Float32Array.from(given.H),
    });
    for (const objective of stored.nmf.objectives) {
      const { error } = await exe.run({});
      expect((Number(error![0]) * N * D) / objective).toBeCloseTo(1, 4);
    }
    const found = await exe.readState(['W', 'H']);
    await exe.dispose();
    for (const name of ['W', 'H'] as const) {
      stored.nmf[name].forEach((value, i) => {
        expect(found[name]![i], `${name}[${i}]`).toBeCloseTo(value, 4);
      });
    }
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
