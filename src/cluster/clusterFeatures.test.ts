import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import { clusterFeatures } from './clusterFeatures.ts';
import { featuresOf } from './features.ts';

const engine = await openEngine({ threads: 2 });
afterAll(() => engine.close());

/** Pairs of nearly equal rows, in `pairs` random directions. */
function pairsOf(pairs: number, dimension: number) {
  const random = randomAt(0, 'synthetic');
  const directions = new Float32Array(pairs * dimension).map(() => random.normal());
  const data = new Float32Array(2 * directions.length).map(
    (_, i) => directions[i % directions.length]! + 0.01 * random.normal(),
  );
  return featuresOf(data, dimension);
}

/** Directions in the plane, by their angles. */
const directions = (angles: number[]) =>
  featuresOf(Float32Array.from(angles.flatMap((a) => [3 * Math.cos(a), 3 * Math.sin(a)])), 2);

describe('clusterFeatures', () => {
  it('describes clusters, largest first, by the cosines of their images', async () => {
    // Around 0: -.3, 0 and .3. Around 2: 1.8 and 2.2.
    const features = directions([1.8, -0.3, 0, 2.2, 0.3]);
    const { assignment, groups, centroids, temperature } = await clusterFeatures(engine, features, {
      k: 2,
    });
    expect([...assignment.assignments]).toEqual([1, 0, 0, 1, 0]);
    expect([...assignment.second]).toEqual([0, 1, 1, 0, 1]);
    expect(groups.map(({ size, share }) => [size, share])).toEqual([
      [3, 0.6],
      [2, 0.4],
    ]);
    const cohesion = [(1 + 2 * Math.cos(0.3)) / 3, Math.cos(0.2)];
    groups.forEach((group, i) => {
      expect(group.cohesion).toBeCloseTo(cohesion[i]!, 5);
    });
    [1, 0, Math.cos(2), Math.sin(2)].forEach((value, i) => {
      expect(centroids.data[i]).toBeCloseTo(value, 5);
    });
    // The mean of 1 - cos over all images.
    expect(temperature).toBeCloseTo(1 - (3 * cohesion[0]! + 2 * cohesion[1]!) / 5, 5);
    // Distances to the own centroid and to the other one, on the unit circle.
    const separation = (own: number, other: number) => {
      const [a, b] = [own, other].map((angle) => 2 * Math.sin(Math.abs(angle) / 2)) as [
        number,
        number,
      ];
      return (b - a) / Math.max(a, b);
    };
    const second = (separation(0.2, 1.8) + separation(0.2, 2.2)) / 2;
    expect(groups[1]!.separation).toBeCloseTo(second, 4);
  });

  it('leaves out clusters that stay empty, because images repeat each other', async () => {
    const features = directions([0, 2, 4, 0, 2, 4, 0, 2, 0]);
    const { k, empty, kReason, groups, temperature } = await clusterFeatures(engine, features, {
      k: 5,
    });
    expect([k, empty]).toEqual([3, 2]);
    expect(kReason).toContain('2 of them stayed empty');
    expect(groups.map(({ size }) => size)).toEqual([4, 3, 2]);
    expect(temperature).toBe(0.01); // the least
  });

  it('suggests no number for fewer than eight images', async () => {
    const ks = [1, 3, 4, 7].map(async (n) => {
      const { k, kReason } = await clusterFeatures(
        engine,
        directions(Array.from({ length: n }, (_, i) => i)),
      );
      return [k, kReason];
    });
    expect(await Promise.all(ks)).toEqual([
      [1, '1 cluster: there are too few images (1) to suggest a number.'],
      [1, '1 cluster: there are too few images (3) to suggest a number.'],
      [2, '2 clusters: there are too few images (4) to suggest a number.'],
      [2, '2 clusters: there are too few images (7) to suggest a number.'],
    ]);
    const eight = directions(Array.from({ length: 8 }, (_, i) => (i % 2) * 2 + i / 100));
    expect((await clusterFeatures(engine, eight)).suggestion?.best).toBe(2);
  });

  it('fits the centroids on a sample, and assigns all images', async () => {
    const features = directions(Array.from({ length: 300 }, (_, i) => (i % 3) * 2 + 0.001 * i));
    const { assignment, groups } = await clusterFeatures(engine, features, { k: 3, fitOn: 30 });
    expect(groups.map(({ size }) => size)).toEqual([100, 100, 100]);
    for (const [i, cluster] of assignment.assignments.entries())
      expect(cluster).toBe(assignment.assignments[i % 3]);
  });

  // From 5,000 on k-means begins from random rows, and misses more pairs.
  for (const { k, found } of [
    { k: 20, found: 0.95 },
    { k: 2000, found: 0.95 },
    { k: 5000, found: 0.8 },
  ]) {
    it(`puts every row into one of ${k} clusters, near its own centroid, the same for the same seed`, async () => {
      const features = pairsOf(k, 16);
      const clustering = await clusterFeatures(engine, features, { k, seed: 3 });
      expect(clustering.k + clustering.empty).toBe(k);
      expect(clustering.groups.reduce((sum, { size }) => sum + size, 0)).toBe(features.count);
      const { assignments, similarity } = clustering.assignment;
      const mean = similarity.reduce((a, b) => a + b) / similarity.length;
      expect(mean).toBeGreaterThan(0.9);
      const together = Array.from({ length: k }, (_, i) => assignments[i] === assignments[i + k]);
      expect(together.filter(Boolean).length / k).toBeGreaterThan(found);
      const again = await clusterFeatures(engine, features, { k, seed: 3 });
      expect([...again.assignment.assignments]).toEqual([...assignments]);
    });
  }
});
