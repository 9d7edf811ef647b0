import { describe, expect, it } from 'vitest';
import { type FlatSettings, patchOf, resolveSettings } from '../methods/index.ts';
import { settingsInWords } from './settingsInWords.ts';

const wordsOf = (input: FlatSettings) =>
  Object.fromEntries(
    settingsInWords(resolveSettings(patchOf(input).settings), { step: 12 }).map(({ name, value }) => [
      name,
      value,
    ]),
  );

describe('the settings of a report', () => {
  it('have the prototypes of SwAV', () => {
    expect(wordsOf({ method: 'swav', prototypes: 512 })).toMatchObject({ Prototypes: '512', Steps: '12' });
  });

  // Faulty before: every method with a bank of prototypes got SwAV's setting.
  it.each(['pcl', 'hcsc', 'deepcluster-v2'] as const)(
    'have the clusters of %s, not the prototypes of SwAV',
    (method) => {
      const words = wordsOf({ method, clusters: '40,20,10', prototypes: 512 });
      expect(words['Clusters in training']).toBe('40, 20, 10');
      expect(words).not.toHaveProperty('Prototypes');
    },
  );

  it('have the clusters that Contrastive Clustering learns', () => {
    const words = wordsOf({ method: 'contrastive-clustering', clusters: 10 });
    expect(words['Clusters in training']).toBe('10');
  });

  it.each(['simclr', 'byol', 'moco'] as const)('have neither for %s', (method) => {
    const words = wordsOf({ method });
    expect(words).not.toHaveProperty('Prototypes');
    expect(words).not.toHaveProperty('Clusters in training');
  });
});
