/**
 * Sums, means and distances of k-means on the engine are those of plain loops in double precision.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../../backends/index.ts';
import { randomAt } from '../../core/random.ts';
import { featuresOf, sharedValues } from '../features.ts';
import {
  distanceRounding,
  prepareCentroidDistances,
  squaredDistancesToOwn,
} from './centroidDistances.ts';
import { prepareCentroidUpdate } from './centroidUpdate.ts';
import { prepareClusterSums } from './clusterSums.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 2 });
});
afterAll(() => engine.close());

function rowsOf(count: number, dimension: number, seed = 0) {
  const random = randomAt(seed, 'synthetic');
  const data = sharedValues(count * dimension);
  for (let i = 0; i < data.length; i++) data[i] = random.normal();
  return featuresOf(data, dimension);
}

describe('sums of rows per cluster', () => {
  it('are those of the rows that are left, whatever was added and taken out, in whatever number', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          count: fc.integer({ min: 1, max: 60 }),
          k: fc.integer({ min: 1, max: 7 }),
          seed: fc.nat(),
        }),
        async ({ count, k, seed }) => {
          const dimension = 3;
          const work = rowsOf(count, dimension, seed);
          const random = randomAt(seed, 'synthetic', 1);
          const sums = await prepareClusterSums(engine, work, k);
          const clusters = new Int32Array(count).fill(-1);
          for (let round = 0; round < 3; round++) {
            for (let row = 0; row < count; row++) {
              if (random.integer(3) === 0) continue;
              if (clusters[row]! >= 0) sums.remove(row, clusters[row]!);
              clusters[row] = random.integer(k);
              sums.add(row, clusters[row]!);
            }
            const expected = new Float64Array(k * dimension);
            clusters.forEach((cluster, row) => {
              if (cluster < 0) return;
              for (let d = 0; d < dimension; d++) {
                expected[cluster * dimension + d]! += work.data[row * dimension + d]!;
              }
            });
            const received = await sums.read();
            received.forEach((value, i) => {
              expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-13);
            });
          }
          await sums.dispose();
        },
      ),
      { numRuns: 15 },
    );
  });

  it('keep nothing of 100,000 large rows that were taken out again', async () => {
    const count = 100_000;
    const data = sharedValues(2 * count);
    for (let i = 0; i < data.length; i++) data[i] = 1e3 + (i % 7) / 7;
    data.set([1e-3, 2e-3]);
    const sums = await prepareClusterSums(engine, featuresOf(data, 2), 2);
    for (let row = 0; row < count; row++) sums.add(row, 1);
    for (let row = 1; row < count; row++) sums.remove(row, 1);
    const [none, , x, y] = await sums.read();
    expect(none).toBe(0);
    // 1e-15 of the largest sum, 1e8.
    expect(Math.abs(x! - data[0]!)).toBeLessThan(1e-7);
    expect(Math.abs(y! - data[1]!)).toBeLessThan(1e-7);
    await sums.dispose();
  });
});

describe('the update of centroids', () => {
  const sums = () => Float64Array.of(3, 4, 8, 6, 0, 0, 5, 5);
  const sizes = Float64Array.of(1, 2, 3, 0);
  const before = Float32Array.of(0, 0, 1, 0, 0, 1, 2, 2);

  it('gives means; a cluster without rows keeps its centroid', async () => {
    const update = await prepareCentroidUpdate(engine, { k: 4, dimension: 2, metric: 'euclidean' });
    const { centroids, shift } = await update.run(sums(), sizes, before);
    expect([...centroids]).toEqual([3, 4, 4, 3, 0, 0, 2, 2]);
    expect(shift).toBe(9 + 16 + 9 + 9 + 0 + 1);
    await update.dispose();
  });

  it('gives directions; a cluster whose rows cancel out keeps its own (spherical)', async () => {
    const update = await prepareCentroidUpdate(engine, { k: 4, dimension: 2, metric: 'spherical' });
    const { centroids, shift } = await update.run(sums(), sizes, before);
    expect([...centroids]).toEqual([...Float32Array.of(0.6, 0.8, 0.8, 0.6, 0, 1, 2, 2)]);
    expect(shift).toBeCloseTo(0.36 + 0.64 + 0.04 + 0.36, 12);
    await update.dispose();
  });
});

describe('distances to own centroids', () => {
  it('are squared, to the rounding of single precision, for any number of rows', async () => {
    const work = rowsOf(50, 5);
    const c = rowsOf(4, 5, 1).data;
    c.set(work.data.subarray(0, 5)); // the first row's own
    const own = await prepareCentroidDistances(engine, work, 4);
    own.write(c);
    const rows = Int32Array.of(0, 49, 7);
    const clusters = Int32Array.of(0, 3, 2);
    const squares = await own.run(rows, clusters);
    const expected = Array.from(rows, (row, i) =>
      Array.from(
        { length: 5 },
        (_, d) => (work.data[row * 5 + d]! - c[clusters[i]! * 5 + d]!) ** 2,
      ).reduce((a, b) => a + b),
    );
    expect(squares.length).toBe(3);
    expect(squares[0]).toBe(0);
    squares.forEach((square, i) => {
      expect(Math.abs(square - expected[i]!)).toBeLessThanOrEqual(
        distanceRounding(5) * expected[i]!,
      );
    });
    await own.dispose();
  });

  it('of all rows at once are those of each, rows in shared memory or not, in one block or several', async () => {
    const few = featuresOf(Float32Array.of(1, 0, 0, 2, 3, 3), 2);
    const centroids = Float32Array.of(0, 0, 3, 1);
    const of = { centroids, assignments: Int32Array.of(0, 1, 1) };
    expect([...(await squaredDistancesToOwn(engine, few, of))]).toEqual([1, 10, 4]);
    const count = 20_001;
    const data = sharedValues(count * 2);
    for (let i = 0; i < count; i++)
      data.set(few.data.subarray(2 * (i % 3), 2 * (i % 3) + 2), 2 * i);
    const assignments = Int32Array.from({ length: count }, (_, i) => of.assignments[i % 3]!);
    const many = await squaredDistancesToOwn(engine, featuresOf(data, 2), {
      centroids,
      assignments,
    });
    expect([...many]).toEqual(Array.from({ length: count }, (_, i) => [1, 10, 4][i % 3]));
  });
});
