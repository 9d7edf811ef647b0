/** Agreement measures against scikit-learn, and a table of the properties that each one claims. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accuracy,
  adjustedRand,
  ami,
  fowlkesMallows,
  type Label,
  type Labels,
  nmi,
  purity,
} from './index.ts';

type Name =
  | 'accuracy'
  | 'nmi'
  | 'nmiGeometric'
  | 'ami'
  | 'adjustedRand'
  | 'fowlkesMallows'
  | 'purity';

interface Claims {
  metric(truth: Labels, clusters: Labels): number;
  symmetric: boolean;
  /** Lower end of the range; the upper end is 1. */
  min: number;
  /** Value of two classes of two samples in a single cluster, and in four clusters. */
  single: number;
  split: number;
  /** Value without samples; undefined where the metric throws. */
  empty: number | undefined;
}

/**
 * Claims of each metric; every metric is tested against all of them. ARI reaches -1/2 with four
 * samples; AMI approaches -1 slowly (-0.76 with 281 discordant samples).
 */
const metrics: Readonly<Record<Name, Claims>> = {
  accuracy: {
    metric: accuracy,
    symmetric: true,
    min: 0,
    single: 1 / 2,
    split: 1 / 2,
    empty: undefined,
  },
  nmi: { metric: nmi, symmetric: true, min: 0, single: 0, split: 2 / 3, empty: 1 },
  nmiGeometric: {
    metric: (y, c) => nmi(y, c, { normalizer: 'geometric' }),
    symmetric: true,
    min: 0,
    single: 0,
    split: Math.SQRT1_2,
    empty: 1,
  },
  ami: { metric: ami, symmetric: true, min: -1, single: 0, split: 0, empty: 1 },
  adjustedRand: { metric: adjustedRand, symmetric: true, min: -0.5, single: 0, split: 0, empty: 1 },
  fowlkesMallows: {
    metric: fowlkesMallows,
    symmetric: true,
    min: 0,
    single: 1 / Math.sqrt(3),
    split: 0,
    empty: 0,
  },
  purity: { metric: purity, symmetric: false, min: 0, single: 1 / 2, split: 1, empty: undefined },
};
const names = Object.keys(metrics) as Name[];

type Case = { name: string; truth: number[]; clusters: number[] } & Record<
  Exclude<Name, 'ami'>,
  number
> & {
    /** Absent where rounding decides scikit-learn's value. */
    ami?: number;
  };
const fixture = JSON.parse(
  readFileSync(new URL('../../test/fixtures/metrics.json', import.meta.url), 'utf8'),
) as {
  cases: Case[];
  million: Record<Name, number>;
  millionClose: Record<Name, number>;
  empty: Partial<Record<Name, number>>;
};

describe('agreement measures equal scikit-learn', () => {
  for (const stored of fixture.cases) {
    it(stored.name, () => {
      for (const name of names) {
        const expected = stored[name];
        if (expected === undefined) continue;
        expect(metrics[name].metric(stored.truth, stored.clusters), name).toBeCloseTo(expected, 10);
      }
    });
  }

  it('without samples', () => {
    expect(Object.keys(fixture.empty)).toHaveLength(5);
    for (const [name, value] of Object.entries(fixture.empty)) {
      expect(metrics[name as Name].empty, name).toBe(value);
    }
  });

  it('keep their precision on a million samples', () => {
    const truth = new Int32Array(1_000_000);
    const clusters = new Int32Array(1_000_000);
    const close = new Int32Array(1_000_000);
    for (let i = 0; i < truth.length; i++) {
      truth[i] = i % 7;
      clusters[i] = ((i * i) % 1009) % 11;
      close[i] = i % 5 === 0 ? clusters[i]! : i % 7;
    }
    for (const name of names) {
      expect(metrics[name].metric(truth, clusters), name).toBeCloseTo(fixture.million[name], 11);
      expect(metrics[name].metric(truth, close), name).toBeCloseTo(fixture.millionClose[name], 11);
    }
  });

  it('give the published example of the algorithm sheet', () => {
    const y = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2];
    const c = [1, 1, 1, 0, 0, 0, 0, 2, 2, 1];
    expect(accuracy(y, c)).toBeCloseTo(0.8, 9);
    expect(nmi(y, c)).toBeCloseTo(0.59616182, 9);
    expect(nmi(y, c, { normalizer: 'geometric' })).toBeCloseTo(0.59623672, 9);
    expect(adjustedRand(y, c)).toBeCloseTo(0.391143911, 9);
    expect(fowlkesMallows(y, c)).toBeCloseTo(0.560448538, 9);
  });
});

const samples = fc.array(fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 6 })), {
  minLength: 1,
  maxLength: 60,
});
const split = (rows: [number, number][]): [number[], number[]] => [
  rows.map(([y]) => y),
  rows.map(([, c]) => c),
];

describe.each(names)('%s', (name) => {
  const { metric, symmetric, min, single, split: allSplit, empty } = metrics[name];

  it('lies in its range', () => {
    fc.assert(
      fc.property(samples, (rows) => {
        const value = metric(...split(rows));
        expect(value).toBeLessThanOrEqual(1 + 1e-12);
        expect(value).toBeGreaterThanOrEqual(min - 1e-12);
      }),
    );
  });

  it('is invariant to the order of the samples', () => {
    fc.assert(
      fc.property(samples, fc.nat(), (rows, turn) => {
        const at = turn % rows.length;
        const moved = [...rows.slice(at), ...rows.slice(0, at)].reverse();
        expect(metric(...split(moved))).toBeCloseTo(metric(...split(rows)), 12);
      }),
    );
  });

  it('is invariant to the names of classes and clusters, numbers or strings', () => {
    const numbers = fc.shuffledSubarray([3, 99, 7, 1000000, 42, 5, 0], { minLength: 7 });
    const words = fc.shuffledSubarray(['b', 'a', '', 'Z', '10', '9', 'ä'], { minLength: 7 });
    fc.assert(
      fc.property(samples, numbers, words, (rows, a, b) => {
        const [y, c] = split(rows);
        const value = metric(y, c);
        const renamed = metric(
          y.map((label) => a[label]!),
          c.map((label) => b[label]!),
        );
        expect(renamed).toBeCloseTo(value, 12);
      }),
    );
  });

  it(`${symmetric ? 'is' : 'is not'} symmetric`, () => {
    if (!symmetric) {
      expect(metric([0, 0, 1, 1], [0, 1, 2, 3])).not.toBe(metric([0, 1, 2, 3], [0, 0, 1, 1]));
      return;
    }
    fc.assert(
      fc.property(samples, (rows) => {
        const [y, c] = split(rows);
        expect(metric(c, y)).toBeCloseTo(metric(y, c), 12);
      }),
    );
  });

  it('gives 1 to a labeling compared with itself', () => {
    fc.assert(
      fc.property(samples, (rows) => {
        const y = rows.map(([label]) => label);
        // Without a pair in one group the Fowlkes-Mallows index is 0 by definition.
        if (name === 'fowlkesMallows' && new Set(y).size === y.length) return;
        expect(metric(y, y)).toBeCloseTo(1, 12);
      }),
    );
  });

  it('has its documented values for a single cluster, for singletons and without samples', () => {
    expect(metric([0, 0, 1, 1], [0, 0, 0, 0])).toBeCloseTo(single, 12);
    expect(metric([0, 0, 1, 1], [0, 1, 2, 3])).toBeCloseTo(allSplit, 12);
    expect(metric([4, 4, 4], [9, 9, 9])).toBe(1);
    if (empty === undefined) expect(() => metric([], [])).toThrow('received no samples');
    else expect(metric([], new Int32Array(0))).toBe(empty);
  });

  it('takes any array of labels and leaves it as it is', () => {
    const y = [0, 0, 1, 1, 2];
    const c = [1, 1, 1, 0, 0];
    const value = metric(y, c);
    for (const of of [Int32Array, Uint8Array, Float32Array, Float64Array]) {
      expect(metric(of.from(y), of.from(c))).toBe(value);
    }
    expect([y, c]).toEqual([
      [0, 0, 1, 1, 2],
      [1, 1, 1, 0, 0],
    ]);
  });

  it('leaves samples without a label out', () => {
    expect(metric([0, 0, 1, 1, -1], [0, 0, 1, 0, 1])).toBe(metric([0, 0, 1, 1], [0, 0, 1, 0]));
  });

  it('refuses labels that it cannot compare', () => {
    expect(() => metric([-1, 3], [0, -1])).toThrow(/none labeled on both sides/);
    expect(() => metric([0, 1], [0])).toThrow('received 2 true labels and 1 clusters');
    expect(() => metric([0.5], [0])).toThrow('true label 0 is 0.5; expected a whole number');
    expect(() => metric([0], [Number.NaN])).toThrow('cluster 0 is NaN');
    const mixed = ['a', 1] as Label[] as string[];
    expect(() => metric(mixed, [0, 1])).toThrow('true label 1 is 1; expected a string');
  });
});

describe('normalizers of NMI', () => {
  it('have their values by hand: I = ln 2, H = ln 2 and 2 ln 2', () => {
    const value = (normalizer: 'arithmetic' | 'geometric' | 'min' | 'max') =>
      nmi([0, 0, 1, 1], [0, 1, 2, 3], { normalizer });
    expect(value('max')).toBeCloseTo(1 / 2, 12);
    expect(value('arithmetic')).toBeCloseTo(2 / 3, 12);
    expect(value('geometric')).toBeCloseTo(Math.SQRT1_2, 12);
    expect(value('min')).toBeCloseTo(1, 12);
  });
});
