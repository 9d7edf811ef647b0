import { describe, expect, it } from 'vitest';
import { randomAt } from '../core/random.ts';
import { filled, type Initializer, kaimingFanOut, uniformFanIn } from './initialize.ts';

function statistics(initialize: Initializer, shape: number[]) {
  const values = initialize(shape, randomAt(3, 'initialize', 1));
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  const fourth = values.reduce((a, b) => a + (b - mean) ** 4, 0) / values.length;
  const [low, high] = [
    values.reduce((a, b) => Math.min(a, b)),
    values.reduce((a, b) => Math.max(a, b)),
  ];
  return { values, mean, variance, kurtosis: fourth / variance ** 2, low, high };
}

describe('initializers', () => {
  it('kaimingFanOut is normal with variance 2 / (O kh kw): the inputs do not count', () => {
    const { values, mean, variance, kurtosis } = statistics(kaimingFanOut(), [64, 48, 3, 3]);
    const expected = 2 / (64 * 9);
    expect(values.length).toBe(64 * 48 * 9);
    // Five standard errors of each estimate over 27,648 draws.
    expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(expected / values.length));
    expect(Math.abs(variance / expected - 1)).toBeLessThan(5 * Math.sqrt(2 / values.length));
    expect(Math.abs(kurtosis - 3)).toBeLessThan(5 * Math.sqrt(24 / values.length));
  });

  it('uniformFanIn fills [-1/sqrt(fanIn), 1/sqrt(fanIn)] evenly', () => {
    const { mean, variance, kurtosis, low, high } = statistics(uniformFanIn(100), [200, 100]);
    expect(low).toBeGreaterThanOrEqual(-0.1);
    expect(high).toBeLessThan(0.1);
    expect(low).toBeLessThan(-0.0995);
    expect(high).toBeGreaterThan(0.0995);
    expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(0.01 / 3 / 20_000));
    expect(variance).toBeCloseTo(0.01 / 3, 3);
    expect(kurtosis).toBeCloseTo(9 / 5, 1);
  });

  it('filled fills', () => {
    expect([...filled(0.5)([2, 2], randomAt(0, 'initialize'))]).toEqual([0.5, 0.5, 0.5, 0.5]);
  });
});
