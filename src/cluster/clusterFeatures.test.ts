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

describe('clusterFeatures', () => {
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
