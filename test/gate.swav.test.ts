/** The learning gate of SwAV. The loss alone proves nothing, so only measures with held-back labels count. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Gate, gate } from './gate.cases.ts';

let scores: Gate;

beforeAll(async () => {
  scores = await gate({ method: 'swav', epochs: 10 });
}, 600_000);

describe('SwAV learns', () => {
  it('features whose neighbours share a class, beyond an untrained encoder', () => {
    expect(scores.trained.knn.accuracy! - scores.untrained.knn.accuracy!).toBeGreaterThan(0.03);
  });

  it('clusters that match the classes, well beyond those of an untrained encoder and of raw-pixel k-means', () => {
    const { trained, untrained, rawPixels: raw } = scores;
    expect(trained.nmi - untrained.nmi).toBeGreaterThan(0.1);
    expect(trained.acc - untrained.acc).toBeGreaterThan(0.1);
    expect(trained.acc - raw.acc).toBeGreaterThan(0.02);
  });
});
