import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ranks, spearman } from './spearman.ts';

const fixture = JSON.parse(
  readFileSync(new URL('../../test/fixtures/metrics.json', import.meta.url), 'utf8'),
) as { spearman: { a: number[]; b: number[]; value: number }[] };

describe('rank correlation', () => {
  it('equals SciPy, with equal values too', () => {
    for (const { a, b, value } of fixture.spearman) expect(spearman(a, b)).toBeCloseTo(value, 12);
    expect(ranks([5, 1, 5, 9])).toEqual([2.5, 1, 2.5, 4]);
  });

  it('is undefined where there is no order, and refuses what it cannot rank', () => {
    expect(spearman([1], [2])).toBeUndefined();
    expect(spearman([1, 1, 1], [1, 2, 3])).toBeUndefined();
    expect(() => spearman([1, 2], [1])).toThrow('received lists of 2 and 1 values');
    expect(() => spearman([1, Number.NaN], [1, 2])).toThrow('finite');
  });
});
