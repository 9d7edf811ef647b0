/** Learning rates of a run against the formulas of the authors' code. */
import { describe, expect, it } from 'vitest';
import { presets, settingsFor } from './presets.ts';
import { checkProgram, methodProgram } from './runProgram.ts';
import type { SettingsPatch } from './settings.ts';

describe('the learning rate of a run', () => {
  const [base, epochs, stepsPerEpoch] = [0.03, 5, 4];
  const ratesOf = (schedule: SettingsPatch['schedule']) => {
    const { steps } = methodProgram(
      settingsFor('small-32', {
        data: { batchSize: 4 },
        encoder: { width: 4 },
        optimizer: { learningRate: base },
        schedule: { epochs, ...schedule },
        method: { name: 'simclr' },
      }),
      { images: 16 },
    );
    return Array.from(
      { length: epochs * stepsPerEpoch },
      (_, step) =>
        steps[0].scalars({ step, stepsPerEpoch, totalSteps: epochs * stepsPerEpoch }).learningRate,
    );
  };
  const cosine = (part: number) => base * 0.5 * (1 + Math.cos(Math.PI * part));

  it('falls in every step', () => {
    ratesOf({}).forEach((rate, step) => {
      expect(rate).toBeCloseTo(cosine(step / (epochs * stepsPerEpoch)), 12);
    });
  });

  it('holds for an epoch on request, as in adjust_learning_rate of MoCo and SimSiam', () => {
    ratesOf({ learningRatePer: 'epoch' }).forEach((rate, step) => {
      expect(rate).toBeCloseTo(cosine(Math.floor(step / stepsPerEpoch) / epochs), 12);
    });
  });

  it('holds for an epoch in the recipes of those authors alone', () => {
    const held = Object.keys(presets).filter(
      (name) => settingsFor(name, {}).schedule.learningRatePer === 'epoch',
    );
    expect(held.sort()).toEqual([
      'hcsc-imagenet',
      'hcsc-imagenet-multicrop',
      'moco-v2-imagenet',
      'pcl-v1-imagenet',
      'pcl-v2-imagenet',
      'simsiam-imagenet',
    ]);
  });
});

describe('a run', () => {
  it.each([
    [
      'hiddenDim',
      { name: 'simclr', hiddenDim: 1e9 },
      '"projection_head.0.weight" of 1,000,000,000 x',
    ],
    ['embeddingDim', { name: 'simclr', embeddingDim: 1e9 }, '"projection_head.3.weight"'],
    ['prototypes', { name: 'swav', prototypes: 1e8 }, '"prototypes.weight"'],
    ['queueLength', { name: 'moco', queueLength: 1e9 }, '"queue"'],
  ])('is refused before it begins where its %s fits into no memory', (_, method, text) => {
    const settings = settingsFor('small-32', { data: { batchSize: 4 }, method } as SettingsPatch);
    const error = () => checkProgram(settings, { images: 16 });
    expect(error).toThrow(text);
    expect(error).toThrow(/GB\), most of them .*; expected at most 2,147,483,648 numbers \(8 GB\)/);
  });

  it('may be large', () => {
    const method = { name: 'swav', prototypes: 1e6 };
    checkProgram(settingsFor('small-32', { method } as SettingsPatch), { images: 1e6 });
  });
});
