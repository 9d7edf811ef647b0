/**
 * The learning gate of JULE: the clusters to which its merges lead must be worth something.
 *
 * Textures say nothing pixel by pixel, and its first clusters are those of the pixels, so it learns
 * from pictures of the sample. Bounds are about half of what was measured.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { openGate } from './gate.cases.ts';

const gate = await openGate({ pictures: 'few' });
afterAll(() => gate.close());

describe('JULE learns', () => {
  it('clusters of its own that match the classes, beyond k-means on raw pixels', async () => {
    const { trained } = await gate.learn({ method: 'jule', width: 32, epochs: 6, mergeEpochs: 2 });
    const { untrained, rawPixels } = await gate.baselines();
    expect(trained.clustering.by).toBe('head');
    expect(trained.clustering.usage.dead).toBe(0);
    expect(trained.acc - rawPixels.acc).toBeGreaterThan(0.045);
    expect(trained.nmi - untrained.nmi).toBeGreaterThan(0.15);
    expect(trained.knn.accuracy! - untrained.knn.accuracy!).toBeGreaterThan(0.055);
  }, 600_000);
});
