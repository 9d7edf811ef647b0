import { describe, expect, it } from 'vitest';
import { type Budget, createPlan } from './budget.ts';
import { createClock } from './clock.ts';

interface Speeds {
  step(at: number): number;
  phase?(epoch: number): number;
  overhead?: number;
}

/** Runs a plan to its end on a clock that is told what time everything took. */
function runOf(
  budget: Budget,
  stepsPerEpoch: number,
  { step, phase, overhead }: Speeds,
  maxSteps?: number,
) {
  const clock = createClock(0, 1);
  const isDue = phase && (() => true);
  const plan = createPlan({ budget, maxSteps }, { stepsPerEpoch, isDue }, clock);
  const totals: number[] = [];
  let at = 0;
  for (; at < (plan.totalSteps ?? Infinity) && at < 1e5; ) {
    if (at % stepsPerEpoch === 0 && phase) clock.phase(phase(at / stepsPerEpoch) * 1000);
    clock.tick(step(at) * 1000, 0);
    at++;
    if (plan.revise(at)) totals.push(plan.totalSteps!);
    if (at % stepsPerEpoch === 0 && overhead) clock.addOverhead(overhead * 1000);
  }
  return { steps: at, seconds: clock.seconds(), totals };
}

const minutes = { minutes: 10 };

describe('plan', () => {
  it('knows the steps of epochs from the start, and never changes them', () => {
    expect(runOf({ epochs: 3 }, 7, { step: () => 1 })).toEqual({
      steps: 21,
      seconds: 21,
      totals: [],
    });
    expect(runOf({ epochs: 3 }, 7, { step: () => 1 }, 5).steps).toBe(5);
  });

  it('plans a million epochs at most, without counting the rest', () => {
    const clock = createClock(0, 1);
    const plan = createPlan({ budget: { minutes: 1e300 } }, { stepsPerEpoch: 3 }, clock);
    for (let step = 1; step <= 20; step++) {
      clock.tick(1, 0);
      plan.revise(step);
    }
    // The plan begins in the epoch of the step at which it is made.
    expect(plan.totalSteps).toBe((6 + 1_000_000) * 3);
  });

  it('fills the minutes at an even speed with a single plan', () => {
    const { steps, totals } = runOf(minutes, 100, { step: () => 1 });
    expect([steps, totals]).toEqual([600, [600]]);
  });

  it.each([
    ['first steps are three times as fast', { step: (at: number) => (at < 30 ? 1 / 3 : 1) }],
    ['first steps are three times as slow', { step: (at: number) => (at < 30 ? 3 : 1) }],
    ['first steps are ten times as slow', { step: (at: number) => (at < 10 ? 10 : 1) }],
    ['the machine slows down half way', { step: (at: number) => (at < 300 ? 1 : 1.5) }],
    [
      'the first phase costs four times a later one',
      { step: () => 1, phase: (e: number) => (e ? 10 : 40) },
    ],
    ['what is done between epochs costs a tenth', { step: () => 1, overhead: 10 }],
  ])('ends within 5 %% of the minutes where %s', (_, speeds) => {
    const { seconds, steps } = runOf(minutes, 100, speeds);
    expect(steps).toBeLessThan(1e5);
    expect(Math.abs(seconds - 600)).toBeLessThan(30);
  });

  it('holds maxSteps through every revision', () => {
    const { steps, totals } = runOf(minutes, 100, { step: (at) => (at < 30 ? 3 : 1) }, 170);
    expect(steps).toBe(170);
    expect(Math.max(...totals)).toBe(170);
  });

  it('goes on with the steps that were planned, and revises them at what shares are left', () => {
    const clock = createClock(200, 1);
    const plan = createPlan({ budget: minutes }, { stepsPerEpoch: 100 }, clock, 900);
    expect(plan.totalSteps).toBe(900);
    for (let step = 200; step < 299; step++) {
      clock.tick(1000, 0);
      expect(plan.revise(step + 1)).toBe(false);
    }
    clock.tick(1000, 0);
    expect(plan.revise(300)).toBe(true);
    expect(plan.totalSteps).toBe(600);
  });
});
