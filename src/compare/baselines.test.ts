/** Keys of untrained encoders: equal encoders are measured once, every other one again. */
import { describe, expect, it } from 'vitest';
import { encoderOptions, resolveSettings, type SettingsPatch } from '../methods/index.ts';
import { encoderKey } from './baselines.ts';
import { planRows } from './plan.ts';

const keyOf = (input: SettingsPatch) => encoderKey(resolveSettings(input));

describe('the key of an untrained encoder', () => {
  it.each<SettingsPatch>([
    { encoder: { architecture: 'resnet10' } },
    { encoder: { width: 16 } },
    { encoder: { stem: 'small' } },
    { encoder: { frontEnd: 'sobel' } },
    { data: { imageSize: 28 } },
    { data: { mean: [0.5, 0.5, 0.5] } },
    { data: { std: [0.5, 0.5, 0.5] } },
  ])('changes with %o', (other) => {
    expect(keyOf(other)).not.toBe(keyOf({}));
  });

  it('knows every option of the encoder', () => {
    for (const name of Object.keys(encoderOptions(resolveSettings({})))) {
      expect(keyOf({}), name).toContain(`${name} `);
    }
  });

  it('is the same for what does not change the encoder', () => {
    expect(
      keyOf({ optimizer: { learningRate: 1 }, method: { name: 'moco' }, run: { seed: 3 } }),
    ).toBe(keyOf({}));
  });

  it('tells the rows of a grid over front ends apart', () => {
    const rows = planRows(
      { methods: ['swav'], epochs: 1, grid: { frontEnd: ['none', 'sobel'] } },
      { preset: 'tiny-28', images: 1000 },
    );
    expect(new Set(rows.map(({ settings }) => encoderKey(settings))).size).toBe(2);
  });
});
