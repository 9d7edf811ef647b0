import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areWeightsRead, changeOf, measureWeights, normOf } from './weights.ts';

const values = (...numbers: number[]) => Float32Array.from(numbers);

describe('weights of a run', () => {
  it('are read after steps 1, 2, 4 and so on, then every 256, and after the last', () => {
    const steps = Array.from({ length: 1100 }, (_, i) => i + 1).filter((step) =>
      areWeightsRead(step, 1100),
    );
    expect(steps).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 768, 1024, 1100]);
  });

  it('have the norm of the named values, and are finite where all values are', () => {
    const state = { a: values(3), b: values(0, 4), 'momentum.a': values(7) };
    expect(measureWeights(state, ['a', 'b'])).toEqual({ norm: 5, isFinite: true });
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(measureWeights({ ...state, 'momentum.a': values(7, bad) }, ['a']).isFinite).toBe(
        false,
      );
    }
  });

  it('have changed by the distance over the norm before', () => {
    expect(
      changeOf({ a: values(3), b: values(4) }, { a: values(3), b: values(9) }, ['a', 'b']),
    ).toBe(1);
    expect(changeOf({ a: values(3) }, { a: values(3) }, ['a'])).toBe(0);
    fc.assert(
      fc.property(fc.float({ min: 1, max: 10, noNaN: true }), (factor) => {
        const before = { a: values(1, -2, 2) };
        const after = { a: before.a.map((value) => value * factor) };
        expect(changeOf(before, after, ['a'])).toBeCloseTo(factor - 1, 4);
        expect(normOf(after, ['a'])).toBeCloseTo(3 * factor, 4);
      }),
    );
  });
});
