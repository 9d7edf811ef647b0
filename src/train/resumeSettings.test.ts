import { describe, expect, it } from 'vitest';
import { resolveSettings } from '../methods/index.ts';
import { settingsHash, type TrainedConfig } from '../run/index.ts';
import { resumedConfig, resumedSettings } from './resumeSettings.ts';

const settings = resolveSettings({ schedule: { epochs: 4 } });
const config = (budget: TrainedConfig['budget']): TrainedConfig => ({
  kind: 'trained',
  source: { path: '/photos', name: 'photos', kind: 'folder' },
  split: 'train',
  ...{ images: 9, notes: [], threads: 1, settings, preset: 'tiny-28', budget },
});

const atEnd = (step: number) => ({ step, isEnd: true });

describe('a finished run', () => {
  it('is trained to more epochs, under settings of another hash', () => {
    const stored = config({ epochs: 4 });
    const longer = resumedConfig(stored, { epochs: 6 }, atEnd(12));
    expect(longer.budget).toEqual({ epochs: 6 });
    expect(longer.settings.schedule.epochs).toBe(6);
    expect(longer.longer).toEqual({ from: 12, hashes: [settingsHash(settings)] });
    const again = resumedConfig(longer, { epochs: 8 }, atEnd(18));
    expect(again.longer).toEqual({
      from: 18,
      hashes: [settingsHash(settings), settingsHash(longer.settings)],
    });
  });

  it('takes the epochs of a setting as those of the option', () => {
    const inSettings = { settings: { schedule: { epochs: 6 } } };
    expect(resumedConfig(config({ epochs: 4 }), inSettings, atEnd(12))).toEqual(
      resumedConfig(config({ epochs: 4 }), { epochs: 6 }, atEnd(12)),
    );
  });

  it('is trained for more minutes, under the same settings', () => {
    const longer = resumedConfig(config({ minutes: 1 }), { minutes: 2.5 }, atEnd(12));
    expect(longer).toMatchObject({ budget: { minutes: 2.5 }, settings, longer: { from: 12 } });
  });

  it('keeps its schedule with the same budget, and refuses a shorter one', () => {
    const stored = config({ epochs: 4 });
    for (const request of [{}, { epochs: 4 }]) {
      expect(resumedConfig(stored, request, atEnd(12))).toEqual(stored);
    }
    expect(() => resumedConfig(stored, { epochs: 3 }, atEnd(12))).toThrow(
      'resume: received `epochs` 3 for a run of 4 epochs; expected `epochs` 4, or more to train it ' +
        'longer. Leave it out, or start a new run.',
    );
    expect(() => resumedConfig(stored, { epochs: 6, seed: 1 }, atEnd(12))).toThrow(/seed 1/);
  });

  it('refuses a budget of the other kind, and names its own', () => {
    expect(() => resumedConfig(config({ epochs: 4 }), { minutes: 9 }, atEnd(12))).toThrow(
      'resume: received `minutes` 9 for a run of 4 epochs; expected `epochs` 4. `epochs` above 4 ' +
        'train it longer.',
    );
    const timed = config({ minutes: 0.1 });
    expect(() => resumedConfig(timed, { epochs: 20 }, atEnd(12))).toThrow(
      'resume: received `epochs` 20 for a run of 0.1 minutes; expected `minutes` 0.1. `minutes` ' +
        'above 0.1 train it longer.',
    );
    // The epochs in its settings are no length of a run of minutes.
    expect(() => resumedConfig(timed, { epochs: 4 }, atEnd(12))).toThrow(/of 0.1 minutes/);
    expect(resumedConfig(timed, { settings: { schedule: { epochs: 4 } } }, atEnd(12))).toEqual(
      timed,
    );
  });
});

describe('a run that is not at its end', () => {
  it('refuses a longer schedule, and tells the way to it', () => {
    expect(() => resumedConfig(config({ epochs: 4 }), { epochs: 6 }, { step: 5 })).toThrow(
      'resume: received `epochs` 6 for a run of 4 epochs, which is not at its end; expected ' +
        '`epochs` 4. Resume it to its end without `epochs` first. `epochs` above 4 then train it ' +
        'longer.',
    );
    expect(() => resumedConfig(config({ minutes: 1 }), { minutes: 2 })).toThrow(/of 1 minute,/);
  });

  it('names the damage where that hides the end', () => {
    const damaged = [{ file: 'step-12', reason: 'The checkpoint step-12 is damaged: it is torn.' }];
    expect(() => resumedConfig(config({ epochs: 4 }), { epochs: 6 }, { damaged })).toThrow(
      'The checkpoint step-12 is damaged: it is torn. A run of 4 epochs is trained longer only ' +
        'from its end. Leave `epochs` out to train it again from its beginning.',
    );
    const request = { epochs: 6 };
    expect(() => resumedConfig(config({ epochs: 4 }), request, { step: 9, damaged })).toThrow(
      'train it again from step 9.',
    );
    expect(resumedConfig(config({ epochs: 4 }), {}, { damaged })).toEqual(config({ epochs: 4 }));
  });
});

it('compares the budget with that of a run whose progress is not known', () => {
  expect(resumedSettings(config({ epochs: 4 }), { epochs: 4 })).toEqual(settings);
  expect(() => resumedSettings(config({ epochs: 4 }), { epochs: 6 })).toThrow(
    'resume: received `epochs` 6 for a run of 4 epochs; expected `epochs` 4. Leave it out, or ' +
      'start a new run to change it.',
  );
});
