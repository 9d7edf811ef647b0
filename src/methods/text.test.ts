/** Flat names and texts of settings, and settings of runs that version 1 stored. */
import { describe, expect, it } from 'vitest';
import { methodNamed, methodNames } from './registry.ts';
import { resolveSettings, settingsOfVersion1 } from './resolve.ts';
import {
  flatSettings,
  flatValues,
  parseCrops,
  patchOf,
  patchOfValues,
  settingNames,
  settingOfText,
} from './text.ts';

describe('flat settings', () => {
  it('are read from texts into the groups of the schemas, with the right types', () => {
    const flat = { batchSize: '128', crops: '2x64+4x32', scales: '0.3-1+0.1-0.3', epsilon: '0.03' };
    const others = { mean: '0,0,0', optimizer: 'sgd', blurSigma: '0.5-2' };
    expect(patchOf({ ...flat, ...others }, { method: 'swav' })).toEqual({
      settings: {
        data: { batchSize: 128, mean: [0, 0, 0] },
        views: {
          crops: [
            { count: 2, size: 64 },
            { count: 4, size: 32 },
          ],
          scales: [
            [0.3, 1],
            [0.1, 0.3],
          ],
          blurSigma: [0.5, 2],
        },
        optimizer: { name: 'sgd' },
        method: { epsilon: 0.03 },
      },
      names: ['batchSize', 'crops', 'scales', 'epsilon', 'mean', 'optimizer', 'blurSigma'],
      notes: [],
    });
  });

  it('refuse a misspelt name and suggest the right one', () => {
    expect(() => patchOf({ batchsize: 3 })).toThrow(
      '"batchsize" is not a setting; did you mean "batchSize"?',
    );
    expect(() => patchOf({ somethingElseAltogether: 1 })).toThrow(
      '`settingNames()` lists the settings',
    );
    expect(() => patchOf({ constructor: 1 })).toThrow('"constructor" is not a setting');
  });

  it('accept earlier names and values with a note', () => {
    const { settings, notes } = patchOf({
      ...{
        method: 'deepcluster',
        pcaLength: '64',
        variant: 'asReleased',
        greyscaleProbability: '0.1',
      },
    });
    expect(settings.method).toEqual({ name: 'deepcluster', pcaDim: 64, variant: 'reference' });
    expect(settings.views).toEqual({ grayscaleProbability: 0.1 });
    expect(notes).toEqual([
      'pcaLength is now called pcaDim',
      'variant=asReleased is now called reference',
      'greyscaleProbability is now called grayscaleProbability',
    ]);
  });

  it('drop a setting that the method does not read, with a note', () => {
    const { settings, names, notes } = patchOf({ method: 'simclr', epsilon: '0.03' });
    expect(settings).toEqual({ method: { name: 'simclr' } });
    expect(names).toEqual([]);
    expect(notes).toEqual(['epsilon: method simclr does not read it']);
  });

  it.each(methodNames)('are the same after a way through texts (%s)', (name) => {
    const settings = resolveSettings({ method: { name } });
    const flat = flatSettings(settings);
    expect(flat.method).toBe(name);
    const texts = Object.fromEntries(
      Object.entries(flat).map(([key, value]) => [key, value?.toString()]),
    );
    expect(resolveSettings(patchOf(texts).settings)).toEqual(settings);
  });

  it('give typed values back, which are placed without reading texts', () => {
    const settings = resolveSettings({ method: { name: 'pcl', clusters: [9, 5] } });
    const flat = flatValues(settings);
    expect(flat).toMatchObject({ method: 'pcl', clusters: [9, 5], crops: settings.views.crops });
    expect(patchOfValues(flat).settings).toEqual(settings);
    expect(patchOfValues({ batchSize: '8' }).settings).toEqual({ data: { batchSize: '8' } });
    expect(() => patchOfValues({ batchsize: 8 })).toThrow('did you mean "batchSize"');
  });

  it('share a number of clusters between methods that take one and several', () => {
    const clustersFor = (method: string, clusters: unknown) =>
      patchOfValues({ method, clusters }).settings.method!.clusters;
    expect(clustersFor('pcl', 9)).toEqual([9]);
    expect(clustersFor('deepcluster', [9])).toBe(9);
    expect(clustersFor('deepcluster', [9, 5])).toEqual([9, 5]);
  });

  it('are read in the form that one of the methods takes', () => {
    const methods = ['deepcluster', 'pcl', 'swav'].map((name) => methodNamed(name));
    expect(settingOfText('clusters', '9', methods)).toEqual({
      ...{ name: 'clusters', value: 9, path: ['method', 'clusters'], notes: [] },
    });
    expect(settingOfText('clusters', '9,5', methods).value).toEqual([9, 5]);
    expect(settingOfText('hue', '0.2', methods)).toMatchObject({
      value: 0.2,
      path: ['views', 'hue'],
    });
    expect(settingOfText('negatives', '40', methods)).not.toHaveProperty('path');
    expect(settingOfText('hiddenLength', '16', methods)).toMatchObject({
      ...{ name: 'hiddenDim', value: 16, notes: ['hiddenLength is now called hiddenDim'] },
    });
    expect(() => settingOfText('temprature', '1')).toThrow('did you mean "temperature"');
  });

  it('have names that no group shares with another', () => {
    const names = settingNames();
    expect(names).toContain('learningRate');
    expect(names).toContain('pcaDim');
    expect(new Set(names).size).toBe(names.length);
  });

  it('name what is wrong with crops', () => {
    expect(() => parseCrops('2*64')).toThrow(
      'crops: received "2*64"; expected groups of count x size',
    );
    expect(() => resolveSettings(patchOf({ crops: '2*64' }).settings)).toThrow(
      'crops: received "2*64"; expected groups of count x size',
    );
    expect(() => resolveSettings(patchOf({ mean: '1,2' }).settings)).toThrow(
      'mean: received "1,2"; expected three numbers',
    );
  });
});

describe('settings of version 1', () => {
  const stored = {
    ...{
      method: 'simclr',
      seed: 3,
      batchSize: 64,
      crops: '2x28',
      scales: '0.3-1',
      hiddenLength: 256,
    },
    ...{ prototypes: 256, epsilon: 0.05, temperature: 0.5, mean: '0.2,0.2,0.2', optimizer: 'adam' },
  };

  it('become typed settings, without those that the method does not read', () => {
    const settings = settingsOfVersion1(stored);
    expect(settings.method).toEqual({
      ...{ name: 'simclr', hiddenDim: 256, embeddingDim: 128, temperature: 0.5 },
    });
    expect(settings.run.seed).toBe(3);
    expect(settings.data.mean).toEqual([0.2, 0.2, 0.2]);
    expect(settings.views.crops).toEqual([{ count: 2, size: 28 }]);
  });

  it('keep the first number of clusters of a method with one', () => {
    const own = { method: 'contrastive-clustering', clusters: '5,9' };
    expect(settingsOfVersion1(own).method.clusters).toBe(5);
    expect(settingsOfVersion1({ method: 'pcl', clusters: '5,9' }).method.clusters).toEqual([5, 9]);
  });
});
