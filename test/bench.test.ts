/** The step benchmark runs, also where the peer is not installed, and pairs times as it says. */
import { describe, expect, it } from 'vitest';
import { benchmarkStep, median, pairRatios } from '../bench/step.ts';

describe('the step benchmark', () => {
  it('pairs each of our turns with the peer turn that followed it', () => {
    expect(pairRatios([10, 20], [5, 40])).toEqual([0.5, 2]);
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('reports our speed alone where there is no PyTorch', async () => {
    const row = await benchmarkStep('smoke', { rounds: 1, python: null });
    expect(row).toMatchObject({ name: 'smoke', peer: null, ratio: null });
    expect(row.ours).toBeGreaterThan(0);
  });
});
