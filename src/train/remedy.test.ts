import { describe, expect, it } from 'vitest';
import {
  flatSettings,
  mergeSettings,
  methodNames,
  type Remedy,
  resolveSettings,
  type Settings,
} from '../methods/index.ts';
import { remedyFor, settingFarFrom } from './remedy.ts';

const settingsOf = (name: string) =>
  resolveSettings({ method: { name }, optimizer: { learningRate: 0.4 } });
const changedBy = (settings: Settings, remedy: Remedy) =>
  resolveSettings(mergeSettings(settings, remedy.settings));

describe('remedyFor', () => {
  it('sharpens the codes of a collapsed SwAV run, and halves the rate when they are sharp already', () => {
    const swav = settingsOf('swav');
    const first = remedyFor('collapsed', swav);
    expect(first.settings).toEqual({ method: { epsilon: 0.03 } });
    expect(first.description).toBe('epsilon 0.03 instead of 0.05 for sharper codes');
    const second = remedyFor('collapsed', changedBy(swav, first));
    expect(second.settings).toEqual({ optimizer: { learningRate: 0.2 } });
    expect(second.description).toBe('learningRate 0.2 instead of 0.4');
  });

  it.each(methodNames)('changes settings that %s reads, to other values', (name) => {
    const settings = settingsOf(name);
    for (const failure of ['collapsed', 'diverged', 'narrow'] as const) {
      const remedy = remedyFor(failure, settings);
      // Own settings are strict: one that the method does not read would be refused.
      const changed = flatSettings(changedBy(settings, remedy));
      const names = Object.keys(flatSettings(remedy.settings));
      expect(names.length).toBeGreaterThan(0);
      for (const setting of names)
        expect(changed[setting]).not.toEqual(flatSettings(settings)[setting]);
      if (name !== 'swav') expect(remedy.description).not.toMatch(/epsilon|codes/);
    }
  });

  it('takes back a weight decay where the recipe has none', () => {
    const none = { optimizer: { weightDecay: 0 } };
    const recipe = resolveSettings(mergeSettings(settingsOf('byol'), none));
    const changed = { optimizer: { weightDecay: 1e20 } };
    const remedy = remedyFor('diverged', resolveSettings(mergeSettings(recipe, changed)), recipe);
    expect(remedy.description).toBe('weightDecay 0, as in the recipe, instead of 1e+20');
    const small = { optimizer: { weightDecay: 1e-4 } };
    const other = remedyFor('diverged', resolveSettings(mergeSettings(recipe, small)), recipe);
    expect(other.description).toMatch(/^learningRate/);
  });

  it.each([
    [
      'learningRate 1e6',
      { optimizer: { learningRate: 1e6 } },
      'learningRate 0.4, as in the recipe, instead of 1e+6',
    ],
    [
      'weightDecay 1e20',
      { optimizer: { weightDecay: 1e20 } },
      'weightDecay 1e-6, as in the recipe, instead of 1e+20',
    ],
    [
      'temperature 1e-30',
      { method: { temperature: 1e-30 } },
      'temperature 0.1, as in the recipe, instead of 1e-30',
    ],
    [
      'the farther of two',
      { optimizer: { learningRate: 1e3 }, method: { temperature: 1e-30 } },
      'temperature 0.1, as in the recipe, instead of 1e-30',
    ],
  ])('takes back a setting that is far from the recipe: %s', (_, changes, description) => {
    const recipe = settingsOf('swav');
    const settings = resolveSettings(mergeSettings(recipe, changes));
    for (const failure of ['collapsed', 'diverged', 'narrow'] as const) {
      const remedy = remedyFor(failure, settings, recipe);
      expect(remedy.description).toBe(description);
      const healed = flatSettings(changedBy(settings, remedy));
      for (const name of Object.keys(flatSettings(remedy.settings))) {
        expect(healed[name]).toBe(flatSettings(recipe)[name]);
      }
    }
  });

  it('leaves settings alone that a person may well choose', () => {
    const recipe = settingsOf('swav');
    const changes = {
      optimizer: { learningRate: 2, weightDecay: 5e-4 },
      method: { temperature: 0.02, epsilon: 0.03 },
    };
    expect(settingFarFrom(recipe, resolveSettings(mergeSettings(recipe, changes)))).toBeUndefined();
    const sgd = resolveSettings(
      mergeSettings(recipe, { optimizer: { name: 'sgd', learningRate: 50 } }),
    );
    expect(settingFarFrom(recipe, sgd)).toBeUndefined();
  });

  it('never raises the rate of a failed run, and does so where nothing was learned', () => {
    const recipe = settingsOf('swav');
    const slow = resolveSettings(mergeSettings(recipe, { optimizer: { learningRate: 1e-30 } }));
    expect(remedyFor('diverged', slow, recipe).settings).toMatchObject({
      optimizer: { learningRate: 5e-31 },
    });
    expect(settingFarFrom(recipe, slow)?.settings).toEqual({ optimizer: { learningRate: 0.4 } });
  });

  it('halves the rate of a diverged run and warms it up for at least an epoch', () => {
    const swav = settingsOf('swav');
    expect(remedyFor('diverged', swav).settings).toEqual({
      optimizer: { learningRate: 0.2 },
      schedule: { warmupEpochs: 1 },
    });
    const warm = { ...swav, schedule: { ...swav.schedule, warmupEpochs: 3 } };
    expect(remedyFor('diverged', warm).settings.schedule).toEqual({ warmupEpochs: 3 });
  });
});
