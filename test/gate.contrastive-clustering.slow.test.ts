/**
 * The learning gate of Contrastive Clustering: its own clusters, not those of k-means, must be
 * worth something.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Evaluation } from '../src/evaluate/index.ts';
import { openGate } from './gate.cases.ts';

const gate = await openGate({ pictures: 'sample' });
const scores: Record<'trained' | 'untrained' | 'rawPixels', Evaluation> = {} as never;

beforeAll(async () => {
  const { trained } = await gate.learn({ method: 'contrastive-clustering', epochs: 10 });
  Object.assign(scores, { trained, ...(await gate.baselines()) });
}, 600_000);
afterAll(() => gate.close());

describe('Contrastive Clustering learns', () => {
  it('features whose neighbors share a class, beyond an untrained encoder', () => {
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
