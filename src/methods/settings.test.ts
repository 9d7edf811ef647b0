import { describe, expect, it } from 'vitest';
import { choosePreset, fitToCount, presetNamed, presets } from './presets.ts';
import { parseAssignments, resolveSettings, settingsSchema } from './settings.ts';
import { parseCrops, viewsOf } from './views.ts';

describe('settings', () => {
  it('refuse a misspelt name and suggest the right one', () => {
    expect(() => resolveSettings({ batchsize: 3 })).toThrow(
      '"batchsize" is not a setting; did you mean "batchSize"?',
    );
    expect(() => resolveSettings({ somethingElseAltogether: 1 })).toThrow(
      'run "likeness train --help" for the list',
    );
  });

  it('refuse a value out of bounds, with its name and what was received', () => {
    expect(() => resolveSettings({ batchSize: 0 })).toThrow(/batchSize: received 0; .*1/);
    expect(() => resolveSettings({ optimizer: 'adagrad' })).toThrow(/optimizer: received "adagrad"/);
  });

  it('are read from key=value with the right types', () => {
    expect(parseAssignments(['batchSize=128', 'crops=2x64+4x32', 'epsilon=0.03', 'mean=0,0,0'])).toEqual({
      batchSize: 128,
      crops: '2x64+4x32',
      epsilon: 0.03,
      mean: '0,0,0',
    });
    expect(() => parseAssignments(['batchSize'])).toThrow('--set: received "batchSize"; expected key=value');
  });

  it('all say what they mean', () => {
    for (const [name, field] of Object.entries(settingsSchema.shape)) {
      expect(field.description, name).toMatch(/\w{3}/);
    }
  });
});

describe('presets', () => {
  it('all resolve to settings and views', () => {
    for (const name of Object.keys(presets)) {
      const settings = resolveSettings(presetNamed(name).settings);
      const views = viewsOf(settings);
      expect(views.crops[0]!.count, name).toBeGreaterThanOrEqual(1);
      expect(settings.imageSize, name).toBe(views.crops[0]!.size);
    }
  });

  it('are chosen by size: two crops for small pictures, multi-crop from 64 px', () => {
    const chosen = (medianShortSide: number, colour: 'grey' | 'colour' = 'colour') =>
      choosePreset({ count: 1000, medianShortSide, colour }).name;
    expect([chosen(28, 'grey'), chosen(28), chosen(32), chosen(63)]).toEqual([
      'tiny-28',
      'small-32',
      'small-32',
      'small-32',
    ]);
    expect([chosen(64), chosen(96), chosen(400)]).toEqual(['multicrop-64', 'multicrop-64', 'multicrop-64']);
    expect(() => presetNamed('smal-32')).toThrow(/--preset: received "smal-32"; expected one of tiny-28/);
  });

  it('are fitted to few images, and what a person gave is kept', () => {
    const settings = resolveSettings(presetNamed('multicrop-64').settings);
    const fitted = fitToCount(settings, { count: 713, given: new Set() });
    expect(fitted.settings).toMatchObject({ batchSize: 64, prototypes: 64 });
    expect(fitted.settings.learningRate).toBeCloseTo(settings.learningRate * Math.SQRT1_2, 12);
    expect(fitted.notes.join()).toContain('only 713 images');
    const kept = fitToCount(settings, { count: 713, given: new Set(['batchSize', 'prototypes']) });
    expect(kept.settings).toEqual(settings);
    expect(() => fitToCount(settings, { count: 50, given: new Set(['batchSize']) })).toThrow(
      'batchSize: received 128 for 50 images; expected at most 50',
    );
    const plenty = fitToCount(settings, { count: 50_000, given: new Set() });
    expect(plenty).toEqual({ settings, notes: [] });
  });
});

describe('views of settings', () => {
  const base = presetNamed('multicrop-64').settings;
  it('have the authors’ steps in their order, without those of probability 0', () => {
    const { crops, normalize } = viewsOf(resolveSettings({ ...base, blurProbability: 0.5 }));
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

  it('name what is wrong with crops and scales', () => {
    expect(() => parseCrops('2*64')).toThrow('crops: received "2*64"; expected groups of count x size');
    expect(() => viewsOf(resolveSettings({ ...base, scales: '0.2-1' }))).toThrow(
      'expected one per crop group',
    );
    expect(() => viewsOf(resolveSettings({ ...base, crops: '1x64+4x32' }))).toThrow(
      'at least two crops in the first group',
    );
    expect(() => viewsOf(resolveSettings({ ...base, mean: '1,2' }))).toThrow(
      'mean: received "1,2"; expected three numbers',
    );
  });
});
