import { describe, expect, it } from 'vitest';
import { defaultEncoder } from '../encoders/index.ts';
import { type FlatSettings, patchOf, resolveSettings } from '../methods/index.ts';
import type { RunConfig } from '../run/index.ts';
import { allSettings, commandsInWords, settingsInWords } from './settingsInWords.ts';

const named = (config: RunConfig) =>
  Object.fromEntries(settingsInWords(config, { step: 12 }).map(({ name, value }) => [name, value]));
const source = { path: '/a', name: 'a', kind: 'folder' };
const wordsOf = (input: FlatSettings) =>
  named({
    ...{ kind: 'trained', settings: resolveSettings(patchOf(input).settings), source },
  } as RunConfig);

describe('the commands of a report', () => {
  it.each([
    [
      { kind: 'trained', command: 'likeness train a' },
      'likeness cluster a',
      [
        ['Trained with', 'likeness train a'],
        ['Clustered with', 'likeness cluster a'],
      ],
    ],
    [{ kind: 'features' }, 'likeness cluster a', [['Clustered with', 'likeness cluster a']]],
    [
      { kind: 'features', command: 'likeness start a' },
      undefined,
      [['Learned with', 'likeness start a']],
    ],
    [
      { kind: 'features', command: 'likeness start a' },
      'likeness start a',
      [['Made with', 'likeness start a']],
    ],
    [{ kind: 'trained' }, undefined, []],
  ] as const)('of %o and %s', (config, clustered, expected) => {
    const words = commandsInWords(config, clustered).map(({ name, value }) => [name, value]);
    expect(words).toEqual(expected);
  });
});

describe('the settings of a report', () => {
  it('have the prototypes of SwAV', () => {
    expect(wordsOf({ method: 'swav', prototypes: 512 })).toMatchObject({
      Prototypes: '512',
      Steps: '12',
    });
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

  // Faulty before: a report named settings that the run did not read.
  it('have those of an encoder without training, and none of a network', () => {
    const encoder = defaultEncoder('patches');
    const config: RunConfig = {
      ...{ kind: 'features', encoder, imageSize: 32, seed: 3, workers: 1, threads: 1 },
      ...{ images: 1500, split: 'all', notes: ['Few images.'] },
      source: { ...source, exclude: ['raw'], range: [0, 9] as const },
    };
    expect(named(config)).toEqual({
      ...{ Encoder: 'patch features, 32 px', Seed: '3', Reason: 'Few images.' },
      Source: 'without "raw", values 0 to 9 become black to white',
      'Learned from': '1,500 images',
    });
    const own = allSettings(config).map(({ name }) => name);
    expect(own).toHaveLength(Object.keys(encoder.settings).length);
    expect(own.join()).toMatch(/^[A-Z][a-z]+( [a-z]+)*(,[A-Z][a-z]+( [a-z]+)*)*$/);
  });
});
