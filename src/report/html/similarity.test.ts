import { describe, expect, it } from 'vitest';
import type { ReportSimilarity } from '../runReport.ts';
import { similarityHtml } from './similarity.ts';

const steps = Array.from({ length: 1000 }, (_, i) => i + 1);
const similarity: ReportSimilarity = {
  level: 'instance',
  steps,
  positive: { mean: steps.map((step) => 0.5 + step / 4000), spread: steps.map(() => 0.1) },
  negative: { mean: steps.map(() => -0.05), spread: steps.map(() => 0.3) },
};

/** Coordinates of a path. */
const pointsOf = (path: string) =>
  [...path.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const);

describe('the figures of similarities', () => {
  it('have a band and a line per kind of pair, of few points', () => {
    const html = similarityHtml([similarity, { ...similarity, level: 'cluster' }]);
    expect(html.match(/<figure>/g)).toHaveLength(2);
    expect(html.match(/class="band"/g)).toHaveLength(4);
    const [positive, negative] = [...html.matchAll(/<path (?:class="b" )?d="(M[^"ZH]*)"\/>/g)].map(
      ([, d]) => pointsOf(d!),
    );
    expect(positive!.length).toBeLessThanOrEqual(150);
    // Higher on the page is smaller.
    expect(positive!.at(-1)![1]).toBeLessThan(positive![0]![1]);
    expect(negative!.at(-1)![1]).toBeGreaterThan(positive![0]![1]);
    const [band] = [...html.matchAll(/class="band" d="(M[^"]*)Z"/g)].map(([, d]) => pointsOf(d!));
    const half = band!.length / 2;
    // Above and below the line by the same: one standard deviation.
    positive!.forEach(([x, y], i) => {
      const [above, below] = [band![i]!, band![2 * half - 1 - i]!];
      expect([above[0], below[0]]).toEqual([x, x]);
      expect(y - above[1]).toBeCloseTo(below[1] - y, 0);
      expect(y - above[1]).toBeGreaterThan(3);
    });
    expect(html).toContain('0.749');
    expect(html).toContain('-0.050');
  });

  it('are left out where nothing was measured', () => {
    expect(similarityHtml([])).toBe('');
    expect(similarityHtml([{ ...similarity, steps: [] }])).toBe('');
  });
});
