/** The length of a head's training: the steps of its recipe in epochs, and its last stage. */
import { describe, expect, it } from 'vitest';
import { canBeHead, headSettings } from './headSettings.ts';
import { methodProgram } from './runProgram.ts';

const facts = { dimension: 8, size: 32, k: 5 };
const epochsOf = (name: string, images: number, given: object = {}) =>
  headSettings({ method: { name }, ...given }, { ...facts, images }).settings.schedule.epochs;

describe('the epochs of a head', () => {
  it('make up the steps of its recipe', () => {
    expect(epochsOf('temi', 200)).toBe(500); // a step of all images
    expect(epochsOf('temi', 2560)).toBe(50);
    expect(epochsOf('temi', 1_000_000)).toBe(1);
  });

  it.each(['scan', 'ensemble'])('are enough for the last stage of %s on many images', (name) => {
    for (const images of [60, 5000, 100_000, 1_000_000]) {
      const { settings } = headSettings({ method: { name } }, { ...facts, images });
      const { steps } = methodProgram(settings, { images });
      expect(steps).toHaveLength(2);
      expect(steps[1]!.firstEpoch, `${images} images`).toBeLessThan(settings.schedule.epochs);
    }
  });

  it.each(['pcl', 'hcsc'])('leave %s a queue of at most half of a few images', (name) => {
    const { settings } = headSettings({ method: { name } }, { ...facts, images: 41 });
    expect([settings.data.batchSize, settings.method.queueLength]).toEqual([20, 20]);
  });

  it('are none of a method that learns from pixels alone', () => {
    expect(() => epochsOf('vae', 100)).toThrow(
      'received "vae" with a pretrained model; expected no model',
    );
    expect(canBeHead('vae')).toBe(false);
    expect(canBeHead('scan')).toBe(true);
  });

  it('stay where a person gave them', () => {
    expect(epochsOf('scan', 1_000_000, { schedule: { epochs: 1 } })).toBe(1);
  });
});
