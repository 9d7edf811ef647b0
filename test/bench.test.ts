/** The step benchmark runs, also where the peer is not installed, and pairs times as it says. */
import { describe, expect, it } from 'vitest';
import { correlations, correlationTable, type LabelFreePoint, spread } from '../bench/labelFree.ts';
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

describe('the label-free benchmark', () => {
  const point = (run: string, step: number, nmi: number, silhouette: number): LabelFreePoint => ({
    ...{ run, method: 'swav', step, epoch: step, nmi, seconds: 1 },
    measures: {
      silhouette,
      viewAgreement: -nmi,
      epochStability: step === 0 ? null : nmi,
      seedStability: 0.5,
      neighbourConsistency: nmi,
      prototypeUsage: null,
      effectiveRank: nmi,
    },
  });
  const points = [
    ...[0, 1, 2].map((step) => point('a', step, 0.1 * step, 0.1 * step)),
    ...[0, 1, 2].map((step) => point('b', step, 0.15 + 0.1 * step, 0.9 - 0.1 * step)),
    point('c', 0, 0.9, 0.05),
  ];
  const rows = correlations(points);
  const of = (name: string) => rows.find(({ measure }) => measure === name)!;

  it('ranks over all points, the last of the runs, and within runs', () => {
    expect(of('neighbourConsistency')).toMatchObject({ all: 1, lastOfRuns: 1, withinRuns: 1, points: 7 });
    expect(of('viewAgreement')).toMatchObject({ all: -1, lastOfRuns: -1, withinRuns: -1 });
    // Rises with NMI in run a, falls in run b; the last of a, b, c: 0.2, 0.7, 0.05 against rising NMI.
    expect(of('silhouette')).toMatchObject({ withinRuns: 0, lastOfRuns: -0.5 });
    expect(of('epochStability')).toMatchObject({ all: 1, points: 4 });
    expect(of('seedStability').all).toBeNull();
    expect(of('prototypeUsage')).toMatchObject({ all: null, withinRuns: null, points: 0 });
  });

  it('prints the best first', () => {
    const lines = correlationTable(rows);
    expect(lines[0]).toContain('last of runs');
    expect(lines.at(1)).toMatch(/1\.00/);
    expect(lines.findIndex((line) => line.startsWith('viewAgreement'))).toBeGreaterThan(4);
  });

  it('spreads checkpoints evenly', () => {
    expect(spread([1, 2, 3, 4, 5, 6, 7, 8, 9], 3)).toEqual([1, 5, 9]);
    expect(spread([1, 2], 3)).toEqual([1, 2]);
    expect(spread([1, 2], 1)).toEqual([2]);
  });
});
