/** The learning gate of Contrastive Clustering: its own clusters, not those of k-means, must be worth something. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Gate, gate } from './gate.cases.ts';

let scores: Gate;

beforeAll(async () => {
  scores = await gate({ method: 'contrastive-clustering', epochs: 10 });
}, 600_000);

describe('Contrastive Clustering learns', () => {
  it('features whose neighbours share a class, beyond an untrained encoder', () => {
    expect(scores.trained.knn.accuracy! - scores.untrained.knn.accuracy!).toBeGreaterThan(0.03);
  });

  it('clusters of its own that match the classes, well beyond k-means on an untrained encoder and on raw pixels', () => {
    const { trained, untrained, rawPixels: raw } = scores;
    expect(trained.clustering.by).toBe('head');
    expect(trained.nmi - untrained.nmi).toBeGreaterThan(0.15);
    expect(trained.acc - untrained.acc).toBeGreaterThan(0.12);
    expect(trained.acc - raw.acc).toBeGreaterThan(0.03);
  });

  it('to use all clusters, about evenly', () => {
    expect(scores.trained.clustering.usage.dead).toBe(0);
    expect(scores.trained.clustering.usage.entropy).toBeGreaterThan(0.9);
  });
});
