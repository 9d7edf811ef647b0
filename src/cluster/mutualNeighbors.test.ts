/** Mutual nearest neighbors: the order of pairs, and what must hold of any rows. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { disjointSets, euclideanNeighbors, featuresOf, mutualNeighborClusters } from './index.ts';
import { orderedPairs } from './mutualNeighbors.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const line = (...values: number[]) => featuresOf(Float32Array.from(values), 1);

describe('disjoint sets', () => {
  it('join rows, count the sets and number them by their first row', () => {
    const sets = disjointSets(5);
    expect([sets.join(4, 2), sets.join(2, 4), sets.join(3, 2)]).toEqual([true, false, true]);
    expect(sets.count).toBe(3);
    expect(sets.rootOf(4)).toBe(2);
    expect([...sets.numbered()]).toEqual([0, 1, 2, 2, 2]);
  });
});

describe('Euclidean neighbors', () => {
  it('are those of all pairs, also of rows far from the origin and of equal rows', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 6, maxLength: 24 }),
        fc.integer({ min: 0, max: 200 }),
        async (values, offset) => {
          const data = values.slice(0, values.length - (values.length % 2));
          const rows = featuresOf(
            Float32Array.from(data, (value) => value + offset),
            2,
          );
          const k = Math.min(2, rows.count - 1);
          const { squared } = await euclideanNeighbors(engine, rows, { k });
          for (let row = 0; row < rows.count; row++) {
            const all = Array.from({ length: rows.count }, (_, other) => other)
              .filter((other) => other !== row)
              .map(
                (other) =>
                  (data[row * 2]! - data[other * 2]!) ** 2 +
                  (data[row * 2 + 1]! - data[other * 2 + 1]!) ** 2,
              )
              .sort((a, b) => a - b);
            expect([...squared.subarray(row * k, (row + 1) * k)]).toEqual(all.slice(0, k));
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it('of a row near the middle are beside it, among many that have larger products', async () => {
    const rows = line(...Array.from({ length: 41 }, (_, i) => i - 20));
    const { indices } = await euclideanNeighbors(engine, rows, { k: 2 });
    for (let row = 1; row < 40; row++) {
      expect([...indices.subarray(2 * row, 2 * row + 2)]).toEqual([row - 1, row + 1]);
    }
  });

  it('refuse a number that the rows do not have', async () => {
    await expect(euclideanNeighbors(engine, line(1, 2), { k: 2 })).rejects.toThrow(
      'received k = 2 for 2 rows; expected 1 to 1',
    );
  });
});

describe('clustering by mutual neighbors', () => {
  it('orders pairs by the sum of their ranks, then by distance', async () => {
    // 0 and 1 are nearest to each other, and so are 3.2 and 5.
    const near = await euclideanNeighbors(engine, line(0, 1, 3.2, 5, 7), { k: 2 });
    const pairs = orderedPairs(near).map(({ a, b, value }) => [a, b, value]);
    expect(pairs.slice(0, 4)).toEqual(
      [
        [0, 1, 2],
        [2, 3, 2],
        [1, 2, 4],
        [3, 4, 3],
      ].sort((p, q) => p[2]! - q[2]!),
    );
  });

  it('joins the smallest cluster to the nearest mean where no list joins any more', async () => {
    const rows = line(0, 1, 2, 3, 100, 101, 102, 110, 111, 112);
    const found = await mutualNeighborClusters(rows, 2, { engine, neighbors: 2 });
    expect([...found]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  });

  it('gives K clusters for any K, whatever the rows', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 14 }),
        fc.integer({ min: 1, max: 14 }),
        async (values, wanted) => {
          const k = Math.min(wanted, values.length);
          const found = await mutualNeighborClusters(line(...values), k, { engine, neighbors: 3 });
          expect(new Set(found).size).toBe(k);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('refuses more clusters than rows', async () => {
    await expect(mutualNeighborClusters([[1], [2]], 3, { engine })).rejects.toThrow(
      'received k = 3 for 2 rows; expected a whole number from 1 to 2',
    );
  });
});
