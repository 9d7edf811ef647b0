/** Weight of the network in joined features. */
import { describe, expect, it } from 'vitest';
import { joinedSettings, weightOf } from './settings.ts';

describe('weightOf', () => {
  it.each([
    [0, 0.6],
    [40_000, 0.6],
    [250_000, 0.6],
    [370_000, 0.66],
    [790_000, 0.8],
    [5_000_000, 0.8],
  ])('gives a network that saw %d images the weight %f', (seen, weight) => {
    expect(weightOf(seen)).toBe(weight);
  });

  it('leaves the weight of a person as it is, and no weight before training', () => {
    expect(joinedSettings.parse({ minutes: 1 }).weight).toBeUndefined();
    expect(joinedSettings.parse({ minutes: 1, weight: 0.3 }).weight).toBe(0.3);
  });
});
