/** Merges by affinity: golden values, dense matrices of numpy, and what must hold of any graph. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { adjustedRand } from '../metrics/index.ts';
import {
  affinityOf,
  clusterAffinities,
  euclideanNeighbors,
  featuresOf,
  mergeByAffinity,
  type NeighborWeights,
  nearestNeighborChains,
  neighborWeights,
} from './index.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

interface Merging {
  dimension: number;
  data: number[];
  neighbors: number;
  first: number[];
  directed: number[][];
  clusters: Record<string, number[]>;
}
const { few, many } = JSON.parse(
  readFileSync(new URL('../../test/fixtures/jule_merging.json', import.meta.url), 'utf8'),
) as Record<'few' | 'many', Merging>;

async function graphOf(data: readonly number[], dimension: number, k: number) {
  const rows = featuresOf(Float32Array.from(data), dimension);
  return neighborWeights(await euclideanNeighbors(engine, rows, { k }));
}

/** A graph by the neighbors of each row, all of weight 1. */
const graph = (...neighbors: number[][]): NeighborWeights => ({
  k: neighbors[0]!.length,
  indices: Int32Array.from(neighbors.flat()),
  weights: new Float64Array(neighbors.flat().length).fill(1),
});

describe('affinities of four points', () => {
  const points = [0, 0, 1, 0, 0, 3, 4, 4];

  it('come from weights with the mean squared distance as scale', async () => {
    const { indices, weights } = await graphOf(points, 2, 2);
    expect([...indices]).toEqual([1, 2, 0, 2, 0, 1, 2, 1]);
    const [w01, w02, w12, w32, w31] = [0.907047, 0.415593, 0.376962, 0.190417, 0.087246];
    const expected = [w01, w02, w01, w12, w02, w12, w32, w31];
    for (const [i, value] of expected.entries()) expect(weights[i]).toBeCloseTo(value!, 6);
  });

  it('are the golden ones of clusters {0, 1}, {2} and {3}', async () => {
    const found = clusterAffinities(await graphOf(points, 2, 2), [0, 0, 1, 2]);
    const sizes = [2, 1, 1];
    expect(affinityOf(found, sizes, [0, 1])).toBeCloseTo(0.47185428, 7);
    expect(affinityOf(found, sizes, [1, 0])).toBeCloseTo(0.47185428, 7);
    expect(affinityOf(found, sizes, [0, 2])).toBe(0);
    expect(affinityOf(found, sizes, [1, 2])).toBe(0);
  });
});

describe('merges', () => {
  it.each([
    ['few', few],
    ['many', many],
  ])('of %s clusters are those of dense matrices', async (_name, stored) => {
    const weights = await graphOf(stored.data, stored.dimension, stored.neighbors);
    const first = nearestNeighborChains(weights);
    expect([...first]).toEqual(stored.first);
    const affinities = clusterAffinities(weights, first);
    stored.directed.forEach((row, a) => {
      row.forEach((value, b) => {
        expect(affinities[a]!.get(b) ?? 0, `${a} to ${b}`).toBeCloseTo(value, 4);
      });
    });
    for (const [k, expected] of Object.entries(stored.clusters)) {
      const found = mergeByAffinity(weights, first, Number(k));
      expect(adjustedRand(found, Int32Array.from(expected)), `${k} clusters`).toBe(1);
    }
  });

  it('join a cluster without affinity to the one that its weight reaches', () => {
    // 0, 1 and 2, 3 are mutual neighbors; 4 is nobody's, and its neighbor is 2.
    const weights = graph([1], [0], [3], [2], [2]);
    const [pairs, two] = [
      [0, 0, 1, 1, 2],
      [0, 0, 1, 1, 1],
    ];
    expect([...mergeByAffinity(weights, pairs, 2)]).toEqual(two);
    // No weight leaves either of the two.
    expect([...mergeByAffinity(weights, two, 1)]).toEqual([0, 0, 0, 0, 0]);
  });

  it('leave clusters that are not more already', () => {
    expect([...mergeByAffinity(graph([1], [0]), [0, 1], 5)]).toEqual([0, 1]);
  });

  it('give K clusters, each a union of earlier ones, for any graph', () => {
    const arbitrary = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 3, maxLength: 20 });
    fc.assert(
      fc.property(arbitrary, fc.integer({ min: 1, max: 9 }), (drawn, wanted) => {
        const N = drawn.length;
        const other = (row: number, by: number) => (row + 1 + (by % (N - 1))) % N;
        const weights = graph(...drawn.map(([a, b], row) => [other(row, a), other(row, b)]));
        const first = nearestNeighborChains(weights);
        const n = Math.max(...first) + 1;
        const found = mergeByAffinity(weights, first, wanted);
        expect(new Set(found).size).toBe(Math.min(n, wanted));
        for (let i = 0; i < N; i++)
          for (let j = 0; j < i; j++) if (first[i] === first[j]) expect(found[i]).toBe(found[j]);
      }),
      { numRuns: 60 },
    );
  });
});
