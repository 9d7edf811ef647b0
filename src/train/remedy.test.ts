import { describe, expect, it } from 'vitest';
import { resolveSettings } from '../methods/index.ts';
import { remedyFor } from './remedy.ts';

const settings = resolveSettings({ learningRate: 0.4, epsilon: 0.05 });

describe('remedyFor', () => {
  it('sharpens the codes of a collapsed run, and halves the rate when they are sharp already', () => {
    const first = remedyFor('collapsed', settings);
    expect(first.settings).toEqual({ epsilon: 0.03 });
    expect(first.description).toBe('epsilon 0.03 instead of 0.05: sharper codes');
    const second = remedyFor('collapsed', { ...settings, ...first.settings });
    expect(second.settings).toEqual({ learningRate: 0.2 });
    expect(second.description).toBe('learningRate 0.2 instead of 0.4');
  });

  it('halves the rate of a diverged run and warms it up for at least an epoch', () => {
    expect(remedyFor('diverged', settings).settings).toEqual({ learningRate: 0.2, warmupEpochs: 1 });
    expect(remedyFor('diverged', { ...settings, warmupEpochs: 3 }).settings.warmupEpochs).toBe(3);
  });

  it('halves the rate of a narrow run', () => {
    expect(remedyFor('narrow', settings).settings).toEqual({ learningRate: 0.2 });
  });

  it('gives settings that are valid', () => {
    for (const health of ['collapsed', 'diverged', 'narrow'] as const) {
      expect(() => resolveSettings({ ...settings, ...remedyFor(health, settings).settings })).not.toThrow();
    }
  });
});
