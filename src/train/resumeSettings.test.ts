import { describe, expect, it } from 'vitest';
import { resolveSettings } from '../methods/index.ts';
import { settingsHash, type TrainedConfig } from '../run/index.ts';
import { resumedConfig } from './resumeSettings.ts';

const settings = resolveSettings({ schedule: { epochs: 4 } });
const config = (budget: TrainedConfig['budget']): TrainedConfig => ({
  kind: 'trained',
  source: { path: '/photos', name: 'photos', kind: 'folder' },
  split: 'train',
  ...{ images: 9, notes: [], threads: 1, settings, preset: 'tiny-28', budget },
});

describe('a finished run', () => {
  it('is trained to more epochs, under settings of another hash', () => {
    const stored = config({ epochs: 4 });
    const longer = resumedConfig(stored, { epochs: 6 }, { finished: 12 });
    expect(longer.budget).toEqual({ epochs: 6 });
    expect(longer.settings.schedule.epochs).toBe(6);
    expect(longer.longer).toEqual({ from: 12, hashes: [settingsHash(settings)] });
    const again = resumedConfig(longer, { epochs: 8 }, { finished: 18 });
    expect(again.longer).toEqual({
      from: 18,
      hashes: [settingsHash(settings), settingsHash(longer.settings)],
    });
  });

  it('is trained for more minutes, under the same settings', () => {
    const longer = resumedConfig(config({ minutes: 1 }), { minutes: 2.5 }, { finished: 12 });
    expect(longer).toMatchObject({ budget: { minutes: 2.5 }, settings, longer: { from: 12 } });
  });

  it('keeps its schedule with the same budget, and refuses a shorter one', () => {
    const stored = config({ epochs: 4 });
    for (const request of [{}, { epochs: 4 }]) {
      expect(resumedConfig(stored, request, { finished: 12 })).toEqual(stored);
    }
    expect(() => resumedConfig(stored, { epochs: 3 }, { finished: 12 })).toThrow(
      /epochs 3; expected epochs 4/,
    );
    expect(() => resumedConfig(stored, { minutes: 9 }, { finished: 12 })).toThrow(/minutes/);
    expect(() => resumedConfig(stored, { epochs: 6, seed: 1 }, { finished: 12 })).toThrow(/seed 1/);
  });
});

it('refuses a longer schedule of a run that is not finished', () => {
  expect(() => resumedConfig(config({ epochs: 4 }), { epochs: 6 })).toThrow(/epochs 6; expected/);
  expect(() => resumedConfig(config({ minutes: 1 }), { minutes: 2 })).toThrow(/minutes/);
});
