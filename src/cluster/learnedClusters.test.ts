/** Clusters from probabilities: numbers, sizes, ties, and clusters without images. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { featuresOf, normalizeRows } from './features.ts';
import { clusterByHead, learnedAssignment } from './learnedClusters.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const rows = (values: number[][]) =>
  featuresOf(Float32Array.from(values.flat()), values[0]!.length);

describe('clusterByHead', () => {
  it('numbers the used outputs by size and leaves out the others', async () => {
    const y = rows([
      [0.1, 0, 0.8, 0.1],
      [0.7, 0, 0.2, 0.1],
      [0.1, 0, 0.6, 0.3],
      [0.2, 0, 0.5, 0.3],
      [0.1, 0, 0.3, 0.6],
    ]);
    const features = rows([
      [2, 0],
      [0, 3],
      [2, 0],
      [2, 0],
      [1, 1],
    ]);
    const found = await clusterByHead(engine, features, y);
    expect(found.k).toBe(3);
    expect(found.empty).toBe(1);
    expect(found.head).toEqual([2, 0, 3]);
    expect([...found.assignment.assignments]).toEqual([0, 1, 0, 0, 2]);
    expect([...found.assignment.second]).toEqual([1, 0, 2, 2, 0]);
    expect(found.assignment.confidence[2]).toBeCloseTo(0.6, 6);
    expect(found.assignment.margin[2]).toBeCloseTo(0.3, 6);
    expect(found.groups.map(({ size }) => size)).toEqual([3, 1, 1]);
    expect(found.groups[0]!.cohesion).toBeCloseTo(1, 6);
    expect([...found.centroids.data.slice(0, 4)]).toEqual([1, 0, 0, 1]);
    expect(found.kReason).toBe(
      '4 clusters, which the method has learned itself. 1 of them have no image here, and are left out.',
    );
  });

  it('measures every image against its own cluster, also in later blocks of rows', async () => {
    // 40,000 rows are three blocks. Images of odd numbers point along the second axis.
    const N = 40_000;
    const sign = (i: number) => (i < N / 2 ? i % 2 : 1 - (i % 2));
    const features = featuresOf(
      Float32Array.from({ length: 2 * N }, (_, at) => (sign(at >> 1) === at % 2 ? 2 : 0)),
      2,
    );
    const { assignment, groups, centroids } = await clusterByHead(engine, features, features);
    expect([...centroids.data]).toEqual([1, 0, 0, 1]);
    expect(assignment.similarity.every((cosine) => cosine === 1)).toBe(true);
    expect(groups.map(({ size, cohesion }) => [size, cohesion])).toEqual([
      [N / 2, 1],
      [N / 2, 1],
    ]);
  });

  it('gives one cluster a margin of 1 and no second', async () => {
    const y = rows([[0.9, 0.1]]);
    const { assignment, k } = await clusterByHead(engine, rows([[1, 2]]), y);
    expect(k).toBe(1);
    expect([assignment.second[0], assignment.margin[0]]).toEqual([-1, 1]);
  });

  it('is the most probable output for every image, also when the images come again', async () => {
    const probability = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(probability, { minLength: 24, maxLength: 24 }), async (values) => {
        const y = featuresOf(Float32Array.from(values), 4);
        const features = featuresOf(
          Float32Array.from({ length: 12 }, (_, i) => 1 + Math.sin(i)),
          2,
        );
        const { head, assignment, centroids, groups } = await clusterByHead(engine, features, y);
        for (let i = 0; i < 6; i++) {
          const row = [...y.data.slice(i * 4, i * 4 + 4)];
          expect(head![assignment.assignments[i]!]).toBe(row.indexOf(Math.max(...row)));
        }
        expect(groups.reduce((sum, { size }) => sum + size, 0)).toBe(6);
        const again = await learnedAssignment(y, {
          outputs: head!,
          unit: normalizeRows(features),
          centroids,
        });
        expect(again).toEqual(assignment);
      }),
      { numRuns: 15 },
    );
  });
});
