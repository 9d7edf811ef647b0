import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { warmupCosine } from './schedules.ts';

describe('warmupCosine', () => {
  it('gives the golden rates of the formula', () => {
    const schedule = { start: 0.3, base: 4.8, final: 0.0048, warmupSteps: 20, totalSteps: 50 };
    const golden = {
      0: 0.3,
      1: 0.536842,
      10: 2.668421,
      19: 4.8,
      20: 4.8,
      35: 2.4024,
      49: 0.017934,
    };
    for (const [step, rate] of Object.entries(golden)) {
      expect(warmupCosine(Number(step), schedule), `step ${step}`).toBeCloseTo(rate, 6);
    }
  });

  it('starts at the base without a warm-up, and never quite reaches the final rate', () => {
    const schedule = { start: 0.5, base: 1, final: 0.1, warmupSteps: 0, totalSteps: 10 };
    expect(warmupCosine(0, schedule)).toBe(1);
    expect(warmupCosine(9, schedule)).toBeGreaterThan(0.1);
    expect(warmupCosine(10, schedule)).toBeCloseTo(0.1, 12);
  });

  it('takes one warm-up step at the start rate, and a warm-up as long as the run', () => {
    const base = { start: 0.2, base: 1, final: 0 };
    expect(warmupCosine(0, { ...base, warmupSteps: 1, totalSteps: 5 })).toBe(0.2);
    expect(warmupCosine(1, { ...base, warmupSteps: 1, totalSteps: 5 })).toBe(1);
    expect(warmupCosine(4, { ...base, warmupSteps: 5, totalSteps: 5 })).toBe(1);
  });

  it('rises, then falls, and stays between its bounds', () => {
    const rate = fc.double({ min: 0, max: 1, noNaN: true });
    const steps = fc.integer({ min: 0, max: 30 });
    fc.assert(
      fc.property(rate, rate, rate, steps, steps, (a, b, c, warmupSteps, rest) => {
        const [start, final, base] = [a, b, c].sort((x, y) => x - y) as [number, number, number];
        const totalSteps = warmupSteps + rest + 1;
        const schedule = { start, base, final, warmupSteps, totalSteps };
        const rates = Array.from({ length: totalSteps }, (_, step) => warmupCosine(step, schedule));
        rates.forEach((value, step) => {
          expect(value).toBeGreaterThanOrEqual(Math.min(start, final) - 1e-12);
          expect(value).toBeLessThanOrEqual(base + 1e-12);
          if (step === 0) return;
          const change = value - rates[step - 1]!;
          if (step <= warmupSteps) expect(change).toBeGreaterThanOrEqual(-1e-12);
          else expect(change).toBeLessThanOrEqual(1e-12);
        });
      }),
    );
  });
});
