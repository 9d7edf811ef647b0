import { describe, expect, it } from 'vitest';
import {
  flatSettings,
  mergeSettings,
  methodNames,
  type Remedy,
  resolveSettings,
  type Settings,
} from '../methods/index.ts';
import { remedyFor } from './remedy.ts';

const settingsOf = (name: string) => resolveSettings({ method: { name }, optimizer: { learningRate: 0.4 } });
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
      for (const setting of names) expect(changed[setting]).not.toEqual(flatSettings(settings)[setting]);
      if (name !== 'swav') expect(remedy.description).not.toMatch(/epsilon|codes/);
    }
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
