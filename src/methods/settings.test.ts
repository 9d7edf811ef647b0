import { describe, expect, it } from 'vitest';
import { choosePreset, fitToCount, presetNamed, presets, settingsFor } from './presets.ts';
import { allMethods } from './registry.ts';
import { resolveSettings } from './resolve.ts';
import { mergeSettings, type SettingsPatch, sharedGroups } from './settings.ts';
import { viewsOf } from './views.ts';

describe('settings', () => {
  it('refuse a misspelt name in a group and suggest the right one', () => {
    const misspelt = { data: { batchsize: 3 } } as SettingsPatch;
    expect(() => resolveSettings(misspelt)).toThrow(
      '"batchsize" is not a setting; did you mean "batchSize"?',
    );
    expect(() => resolveSettings({ view: {} } as SettingsPatch)).toThrow('did you mean "views"?');
    expect(() => resolveSettings({ batchsize: 3 } as SettingsPatch)).toThrow(
      'did you mean "data.batchSize"?',
    );
  });

  it('refuse a setting of another method, and a method that nobody registered', () => {
    const other = { method: { name: 'simclr', prototypes: 8 } };
    expect(() => resolveSettings(other)).toThrow('"prototypes" is not a setting');
    expect(() => resolveSettings({ method: { name: 'simclear' } })).toThrow(
      /method: received "simclear"; expected one of swav, .*simclr/,
    );
  });

  it('refuse a value out of bounds, with its name and what was received', () => {
    expect(() => resolveSettings({ data: { batchSize: 0 } })).toThrow(/batchSize: received 0; .*1/);
    const optimizer = { name: 'adagrad' } as never;
    expect(() => resolveSettings({ optimizer })).toThrow(/optimizer: received "adagrad"/);
  });

  it('all say what they mean', () => {
    const schemas = [
      ...Object.values(sharedGroups),
      ...allMethods().map(({ settings }) => settings),
    ];
    for (const { shape } of schemas) {
      for (const [name, field] of Object.entries(shape))
        expect(field.description, name).toMatch(/\w{3}/);
    }
  });
});

describe('presets', () => {
  it('all resolve to settings and views', () => {
    for (const name of Object.keys(presets)) {
      const settings = settingsFor(name, {});
      const views = viewsOf(settings);
      expect(views.crops[0]!.count, name).toBeGreaterThanOrEqual(1);
      expect(settings.data.imageSize, name).toBe(views.crops[0]!.size);
    }
  });

  it('are chosen by size: two crops for small pictures, multi-crop from 64 px', () => {
    const chosen = (medianShortSide: number, color: 'gray' | 'color' = 'color') =>
      choosePreset({ count: 1000, medianShortSide, color }).name;
    expect([chosen(28, 'gray'), chosen(28), chosen(32), chosen(63)]).toEqual([
      'tiny-28',
      'small-32',
      'small-32',
      'small-32',
    ]);
    expect([chosen(64), chosen(96), chosen(400)]).toEqual([
      'multicrop-64',
      'multicrop-64',
      'multicrop-64',
    ]);
    expect(() => presetNamed('smal-32')).toThrow(
      /preset: received "smal-32"; expected one of tiny-28/,
    );
  });

  it('are fitted to few images, and what a person gave is kept', () => {
    const settings = settingsFor('multicrop-64', { method: { name: 'swav' } });
    const fitted = fitToCount(settings, { count: 713, given: new Set() });
    expect(fitted.settings).toMatchObject({
      data: { batchSize: 64 },
      method: { prototypes: 64 },
    });
    expect(fitted.settings.optimizer.learningRate).toBeCloseTo(
      settings.optimizer.learningRate * Math.SQRT1_2,
      12,
    );
    expect(fitted.notes.join()).toContain('only 713 images');
    const kept = fitToCount(settings, { count: 713, given: new Set(['batchSize', 'prototypes']) });
    expect(kept.settings).toEqual(settings);
    expect(() => fitToCount(settings, { count: 50, given: new Set(['batchSize']) })).toThrow(
      'batchSize: received 128 for 50 images; expected at most 50',
    );
    const plenty = fitToCount(settings, { count: 50_000, given: new Set() });
    expect(plenty).toEqual({ settings, notes: [] });
  });

  it('are fitted with a queue of whole batches, and clusters in the same proportions', () => {
    const fitted = (method: Record<string, unknown> & { name: string }, count: number) =>
      fitToCount(settingsFor('multicrop-64', { method }), { count, given: new Set() }).settings;
    // Half of 713 images, in batches of 64.
    const swav = fitted({ name: 'swav', queueLength: 3840 }, 713);
    expect([swav.data.batchSize, swav.method.queueLength]).toEqual([64, 5 * 64]);
    expect(fitted({ name: 'swav', queueLength: 713 }, 713).method.queueLength).toBe(713);
    // Eight images per cluster: 89 of 713, so 64 at most.
    expect(fitted({ name: 'pcl' }, 713).method.clusters).toEqual([16, 32, 64]);
    expect(fitted({ name: 'pcl' }, 8000).method.clusters).toEqual([250, 500, 1000]);
    expect(fitted({ name: 'deepcluster' }, 713).method.clusters).toBe(64);
    expect(fitted({ name: 'pcl' }, 20).method.clusters).toEqual([2, 2, 2]);
  });

  it('refuse a batch of which half of the images hold not one', () => {
    const settings = settingsFor('multicrop-64', {
      method: { name: 'moco' },
      data: { batchSize: 20 },
    });
    const given = new Set(['batchSize']);
    expect(fitToCount(settings, { count: 40, given }).settings.method.queueLength).toBe(20);
    expect(() => fitToCount(settings, { count: 39, given })).toThrow(
      'batchSize: received 20 for 39 images; expected at most 19',
    );
  });

  it('are fitted to a batch that leaves eight steps, with the rate of the optimizer', () => {
    const rates = (name: 'adam' | 'sgd', count: number) => {
      const settings = settingsFor('small-32', { optimizer: { name, learningRate: 0.8 } });
      const { data, optimizer } = fitToCount(settings, { count, given: new Set() }).settings;
      return [data.batchSize, optimizer.learningRate];
    };
    expect(rates('sgd', 2048)).toEqual([256, 0.8]);
    expect(rates('sgd', 2047)).toEqual([128, 0.4]);
    expect(rates('sgd', 600)).toEqual([64, 0.2]);
    expect(rates('adam', 600)).toEqual([64, 0.4]);
    expect(rates('adam', 3)[0]).toBe(3);
  });
});

describe('views of settings', () => {
  const withViews = (views: SettingsPatch['views']) =>
    viewsOf(
      resolveSettings(
        mergeSettings(presetNamed('multicrop-64').settings, { views, method: { name: 'swav' } }),
      ),
    );

  it('have the authors’ steps in their order, without those of probability 0', () => {
    const { crops, normalize } = withViews({ blurProbability: 0.5 });
    expect(crops.map(({ count, size }) => [count, size])).toEqual([
      [2, 64],
      [4, 32],
    ]);
    expect(crops[1]!.steps.map(({ kind }) => kind)).toEqual([
      'flip',
      'colorJitter',
      'grayscale',
      'gaussianBlur',
    ]);
    expect(normalize.mean).toEqual([0.485, 0.456, 0.406]);
  });

  it('carry every setting to its step', () => {
    const { crops } = withViews({
      flipProbability: 0.11,
      jitterProbability: 0.12,
      brightness: 0.13,
      contrast: 0.14,
      saturation: 0.15,
      hue: 0.16,
      grayscaleProbability: 0.17,
      blurProbability: 0.18,
      blurSigma: [0.19, 0.2],
      solarizeProbability: 0.21,
      affineRotation: 12,
      affineShift: 0.13,
      affineZoom: [0.8, 1.3],
      affineShear: 5,
      channelShift: 0.09,
      noise: 0.04,
      scales: [
        [0.22, 0.23],
        [0.24, 0.25],
      ],
    });
    const steps = [
      { kind: 'flip', p: 0.11 },
      { kind: 'affine', p: 1, rotation: 12, shift: 0.13, zoom: [0.8, 1.3], shear: 5 },
      {
        kind: 'colorJitter',
        p: 0.12,
        brightness: 0.13,
        contrast: 0.14,
        saturation: 0.15,
        hue: 0.16,
      },
      { kind: 'grayscale', p: 0.17 },
      { kind: 'channelShift', p: 1, by: 0.09 },
      { kind: 'gaussianBlur', p: 0.18, sigma: [0.19, 0.2], algorithm: 'box' },
      { kind: 'solarize', p: 0.21, threshold: 128 },
      { kind: 'noise', p: 1, deviation: 0.04 },
    ];
    const ratio = [3 / 4, 4 / 3];
    expect(crops).toEqual([
      { count: 2, size: 64, scale: [0.22, 0.23], ratio, steps },
      { count: 4, size: 32, scale: [0.24, 0.25], ratio, steps },
    ]);
  });

  it('remove color before they change it in the recipes of InstDisc and PCL v1 alone', () => {
    const kindsOf = (name: string) =>
      viewsOf(settingsFor(name, {})).crops[0]!.steps.map(({ kind }) => kind);
    const isBefore = (name: string) =>
      kindsOf(name).indexOf('grayscale') < kindsOf(name).indexOf('colorJitter');
    const both = Object.keys(presets).filter((name) => kindsOf(name).includes('grayscale'));
    expect(both.filter(isBefore)).toEqual(['pcl-v1-imagenet', 'instdisc-imagenet']);
    expect(kindsOf('instdisc-imagenet')).toEqual(['flip', 'grayscale', 'colorJitter']);
  });

  it('name what is wrong with crops and scales', () => {
    expect(() => withViews({ scales: [[0.2, 1]] })).toThrow('expected one per crop group');
    const crops = [
      { count: 1, size: 64 },
      { count: 4, size: 32 },
    ];
    expect(() => withViews({ crops })).toThrow('at least two crops in the first group');
  });
});
