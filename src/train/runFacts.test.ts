import { describe, expect, it } from 'vitest';
import { type FlatSettings, methodProgram, patchOf, resolveSettings } from '../methods/index.ts';
import { runFacts } from './runFacts.ts';

const small: FlatSettings = {
  ...{ architecture: 'resnet10', width: 4, crops: '2x16', scales: '0.3-1', imageSize: 16 },
  ...{ batchSize: 8, hiddenDim: 16, embeddingDim: 8 },
};
const factsOf = (input: FlatSettings, extra?: ArrayLike<number>) =>
  runFacts(
    methodProgram(resolveSettings(patchOf({ ...small, ...input }).settings), { images: 40, extra }),
  );

describe('the facts of a run', () => {
  it('are loss of the random baseline and number of prototypes', () => {
    expect(factsOf({ method: 'swav', prototypes: 12 })).toEqual({
      randomBaselineLoss: Math.log(12),
      prototypes: 12,
      notes: [],
    });
    expect(factsOf({ method: 'byol' })).toMatchObject({
      randomBaselineLoss: null,
      prototypes: null,
    });
  });

  // Whoever rebuilds the step from the settings does not know of the unlabeled images.
  it('have no random baseline where Contrastive Clustering learns from unlabeled images first', () => {
    const settings: FlatSettings = { method: 'contrastive-clustering', clusters: '4' };
    expect(factsOf(settings).randomBaselineLoss).toBeGreaterThan(0);
    const facts = factsOf(
      settings,
      Array.from({ length: 16 }, (_, i) => i),
    );
    expect(facts.randomBaselineLoss).toBeNull();
    expect(facts.notes).toEqual([expect.stringContaining('16 images without a label')]);
  });
});
