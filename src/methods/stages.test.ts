import { describe, expect, it } from 'vitest';
import type { PhaseContext } from './program.ts';
import { phaseOf, stageAt, stageOfEpoch } from './stages.ts';

const result = { state: {}, facts: { done: 1 } };
const stages = [
  { name: 'warm-up', epochs: 2 },
  { name: 'main', beforeEpoch: async () => result },
];

describe('stages', () => {
  it('follow one another, and the last takes what is left', () => {
    const names = [0, 1, 2, 3, 999].map((epoch) => stageOfEpoch(stages, epoch)?.name);
    expect(names).toEqual(['warm-up', 'warm-up', 'main', 'main', 'main']);
    expect(stageOfEpoch([{ name: 'empty', epochs: 0 }, ...stages], 0)?.name).toBe('warm-up');
    expect(stageOfEpoch([], 0)).toBeUndefined();
  });

  it('begin with the first step of an epoch', () => {
    const at = (step: number) => stageAt(stages, { step, stepsPerEpoch: 10 })?.name;
    expect([0, 19, 20].map(at)).toEqual(['warm-up', 'warm-up', 'main']);
  });

  it('work before the epochs of their own alone', async () => {
    const phase = phaseOf(stages)!;
    expect([0, 1, 2, 3].map((epoch) => phase.isDue(epoch))).toEqual([false, false, true, true]);
    expect(await phase.run({ epoch: 2 } as PhaseContext)).toBe(result);
    expect(phaseOf([{ name: 'idle' }])).toBeUndefined();
  });
});
