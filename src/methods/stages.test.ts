import { describe, expect, it } from 'vitest';
import type { PhaseContext } from './program.ts';
import { phaseOf, scheduleMoment, stageAt, stageOfEpoch, stageStart, stepsOf } from './stages.ts';

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

  it('begin once, with their own work, and an empty one does not take place', () => {
    const begin = async () => result;
    const list = [
      { name: 'empty', epochs: 0, begin },
      { name: 'first', epochs: 2 },
      { name: 'second', restart: true, begin },
    ];
    expect([0, 1, 2, 3].map((epoch) => stageStart(list, epoch))).toEqual([
      { name: 'first', restart: false },
      undefined,
      { name: 'second', restart: true, work: begin },
      undefined,
    ]);
  });

  it('restart the schedule where they say so, until the next restart or the end of the run', () => {
    const list = [
      { name: 'a', epochs: 2 },
      { name: 'b', epochs: 1 },
      { name: 'c', epochs: 3, restart: true },
      { name: 'd', restart: true },
    ];
    const at = (step: number, totalSteps: number) => {
      const moment = scheduleMoment(list, { step, stepsPerEpoch: 10, totalSteps });
      return [moment.step, moment.totalSteps];
    };
    expect(at(29, 100)).toEqual([29, 30]);
    expect(at(30, 100)).toEqual([0, 30]);
    expect(at(59, 100)).toEqual([29, 30]);
    expect(at(60, 100)).toEqual([0, 40]);
    expect(at(35, 40)).toEqual([5, 10]);
    const moment = { step: 25, stepsPerEpoch: 10, totalSteps: 100 };
    expect(scheduleMoment(stages, moment)).toBe(moment);
    expect(scheduleMoment([{ name: 'whole', restart: true }], moment)).toBe(moment);
  });

  it('take their own steps, else that of the method, which also follows the last', () => {
    const own = { name: 'own', epochs: 3, step: 'own' };
    expect(stepsOf<string>([], 'main')).toEqual([{ firstEpoch: 0, step: 'main' }]);
    expect(stepsOf<string>(stages, 'main')).toEqual([{ firstEpoch: 0, step: 'main' }]);
    expect(stepsOf([own], 'main')).toEqual([
      { firstEpoch: 0, step: 'own' },
      { firstEpoch: 3, step: 'main' },
    ]);
    expect(stepsOf([own, { ...own, epochs: 2 }], undefined)).toEqual([
      { firstEpoch: 0, step: 'own' },
    ]);
    expect(stepsOf<string>([{ name: 'a', epochs: 1 }, own, { name: 'b' }], 'main')).toEqual([
      { firstEpoch: 0, step: 'main' },
      { firstEpoch: 1, step: 'own' },
      { firstEpoch: 4, step: 'main' },
    ]);
  });
});
