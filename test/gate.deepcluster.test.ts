/** The learning gate of DeepCluster: measures with held-back labels alone. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Gate, gate } from './gate.cases.ts';

let scores: Gate;

beforeAll(async () => {
  scores = await gate({ method: 'deepcluster', epochs: 8 });
}, 600_000);

describe('DeepCluster learns', () => {
  it('features whose neighbours share a class, beyond an untrained encoder and raw pixels', () => {
    const { trained, untrained, rawPixels: raw } = scores;
    expect(trained.knn.accuracy! - untrained.knn.accuracy!).toBeGreaterThan(0.05);
    expect(trained.knn.accuracy! - raw.knn.accuracy!).toBeGreaterThan(0.01);
  });

  it('clusters that match the classes, well beyond those of an untrained encoder and of raw-pixel k-means', () => {
    const { trained, untrained, rawPixels: raw } = scores;
    expect(trained.nmi - untrained.nmi).toBeGreaterThan(0.15);
    expect(trained.acc - untrained.acc).toBeGreaterThan(0.1);
    expect(trained.acc - raw.acc).toBeGreaterThan(0.04);
  });
});
