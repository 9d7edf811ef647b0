import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accuracy, matchingOf } from './accuracy.ts';
import { adjustedRand } from './adjustedRand.ts';
import { ami, expectedMutualInformation } from './ami.ts';
import { confusionOf } from './confusion.ts';
import { contingency, type Labels } from './contingency.ts';
import { fowlkesMallows } from './fowlkesMallows.ts';
import { nmi } from './nmi.ts';
import { purity, purityTable } from './purity.ts';
import { ranks, spearman } from './spearman.ts';

const nmiGeometric = (y: Labels, c: Labels) => nmi(y, c, { normalizer: 'geometric' });
const metrics = { accuracy, nmi, nmiGeometric, ami, adjustedRand, fowlkesMallows, purity };
type Name = keyof typeof metrics;
const names = Object.keys(metrics) as Name[];

/** What each metric claims of itself; every metric is tested against its claims. */
const symmetric: Name[] = ['accuracy', 'nmi', 'nmiGeometric', 'ami', 'adjustedRand', 'fowlkesMallows'];
const notSymmetric: Name[] = ['purity'];
/** The adjusted Rand index reaches -1/2 with four samples; AMI nears -1 slowly (-0.76 with 281 discordant samples). */
const least: Record<Name, number> = {
  accuracy: 0,
  nmi: 0,
  nmiGeometric: 0,
  ami: -1,
  adjustedRand: -0.5,
  fowlkesMallows: 0,
  purity: 0,
};

type Case = { name: string; truth: number[]; clusters: number[] } & Record<Exclude<Name, 'ami'>, number> & {
    /** Absent where scikit-learn's value is decided by rounding. */
    ami?: number;
  };
const fixture = JSON.parse(
  readFileSync(new URL('../../test/fixtures/metrics.json', import.meta.url), 'utf8'),
) as {
  cases: Case[];
  million: Record<Name, number>;
  millionClose: Record<Name, number>;
  empty: Partial<Record<Name, number>>;
  spearman: { a: number[]; b: number[]; value: number }[];
};

describe('agreement measures equal scikit-learn', () => {
  for (const stored of fixture.cases) {
    it(stored.name, () => {
      for (const name of names) {
        const expected = stored[name];
        if (expected === undefined) continue;
        expect(metrics[name](stored.truth, stored.clusters), name).toBeCloseTo(expected, 10);
      }
    });
  }

  it('of no samples at all', () => {
    expect(Object.keys(fixture.empty)).toHaveLength(5);
    for (const [name, value] of Object.entries(fixture.empty)) {
      expect(metrics[name as Name]([], []), name).toBe(value);
      expect(metrics[name as Name](new Int32Array(0), new Int32Array(0)), name).toBe(value);
    }
    for (const name of ['accuracy', 'purity'] as const) {
      expect(() => metrics[name]([], []), name).toThrow(`${name}: received no samples`);
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
      expect(metrics[name](truth, clusters), name).toBeCloseTo(fixture.million[name], 11);
      expect(metrics[name](truth, close), name).toBeCloseTo(fixture.millionClose[name], 11);
    }
  });

  it('give the published example of the algorithm sheet', () => {
    const y = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2];
    const c = [1, 1, 1, 0, 0, 0, 0, 2, 2, 1];
    expect(accuracy(y, c)).toBeCloseTo(0.8, 9);
    expect(nmi(y, c)).toBeCloseTo(0.59616182, 9);
    expect(nmiGeometric(y, c)).toBeCloseTo(0.59623672, 9);
    expect(adjustedRand(y, c)).toBeCloseTo(0.391143911, 9);
    expect(fowlkesMallows(y, c)).toBeCloseTo(0.560448538, 9);
  });
});

describe('properties of agreement measures', () => {
  const samples = fc.array(fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 6 })), { minLength: 1, maxLength: 60 });
  const split = (rows: [number, number][]): [number[], number[]] => [
    rows.map(([y]) => y),
    rows.map(([, c]) => c),
  ];

  it('the lists of claims are complete', () => {
    expect([...symmetric, ...notSymmetric].sort()).toEqual([...names].sort());
  });

  for (const name of names) {
    const metric = metrics[name];
    it(`${name} lies in its range and is finite`, () => {
      fc.assert(
        fc.property(samples, (rows) => {
          const value = metric(...split(rows));
          expect(value).toBeLessThanOrEqual(1 + 1e-12);
          expect(value).toBeGreaterThanOrEqual(least[name] - 1e-12);
        }),
      );
    });

    it(`${name} does not depend on the order of samples`, () => {
      fc.assert(
        fc.property(samples, fc.nat(), (rows, turn) => {
          const at = turn % rows.length;
          const moved = [...rows.slice(at), ...rows.slice(0, at)].reverse();
          expect(metric(...split(moved))).toBeCloseTo(metric(...split(rows)), 12);
        }),
      );
    });

    it(`${name} does not depend on the names of classes and clusters`, () => {
      const renaming = fc.shuffledSubarray([3, 99, 7, 1000000, 42, 5, 0], { minLength: 7 });
      fc.assert(
        fc.property(samples, renaming, renaming, (rows, a, b) => {
          const renamed = rows.map(([y, c]): [number, number] => [a[y]!, b[c]!]);
          expect(metric(...split(renamed))).toBeCloseTo(metric(...split(rows)), 12);
        }),
      );
    });

    it(`${name} gives 1 to a labelling compared with itself${name === 'fowlkesMallows' ? ' that has a pair' : ''}`, () => {
      fc.assert(
        fc.property(samples, (rows) => {
          const y = rows.map(([label]) => label);
          if (name === 'fowlkesMallows' && new Set(y).size === y.length) return;
          expect(metric(y, y)).toBeCloseTo(1, 12);
        }),
      );
    });

    if (symmetric.includes(name)) {
      it(`${name} is symmetric`, () => {
        fc.assert(
          fc.property(samples, (rows) => {
            const [y, c] = split(rows);
            expect(metric(c, y)).toBeCloseTo(metric(y, c), 12);
          }),
        );
      });
    }

    it(`${name} is below 1 when two classes share a cluster`, () => {
      expect(metric([0, 0, 1, 1], [0, 0, 0, 0])).toBeLessThan(1);
    });

    it(`${name} leaves samples without a label out`, () => {
      expect(metric([0, 0, 1, 1, -1], [0, 0, 1, 0, 1])).toBe(metric([0, 0, 1, 1], [0, 0, 1, 0]));
    });

    it(`${name} refuses what it cannot answer`, () => {
      expect(() => metric([-1, 3], [0, -1])).toThrow(/none labelled on both sides/);
      expect(() => metric([0, 1], [0])).toThrow('received 2 true labels and 1 clusters');
      expect(() => metric([0.5], [0])).toThrow('true label 0 is 0.5; expected a whole number');
      expect(() => metric([0], [Number.NaN])).toThrow('cluster 0 is NaN');
    });
  }
});

describe('contingency', () => {
  it('counts cells, and says how many samples had no label', () => {
    const table = contingency(Int32Array.of(4, 4, 2, 2, -1), Int32Array.of(9, 9, 9, 1, 1));
    expect(table).toMatchObject({ total: 4, unlabeled: 1 });
    expect([...table.classes]).toEqual([2, 4]);
    expect([...table.clusters]).toEqual([1, 9]);
    expect([...table.rows]).toEqual([0, 0, 1]);
    expect([...table.columns]).toEqual([0, 1, 1]);
    expect([...table.counts]).toEqual([1, 1, 2]);
    expect([...table.clusterSizes]).toEqual([1, 3]);
  });
});

describe('matching and purity table', () => {
  it('names each cluster by its class', () => {
    const { classOfCluster } = matchingOf(contingency([0, 0, 1, 1, 2], [7, 7, 3, 3, 3]));
    expect([...classOfCluster]).toEqual(
      expect.arrayContaining([
        [7, 0],
        [3, 1],
      ]),
    );
    expect(classOfCluster.size).toBe(2);
  });

  it('gives majority and share of each cluster, the largest first', () => {
    expect(purityTable(contingency([0, 0, 1, 1, 2], [7, 7, 3, 3, 3]))).toEqual([
      { cluster: 3, size: 3, majority: 1, share: 2 / 3 },
      { cluster: 7, size: 2, majority: 0, share: 1 },
    ]);
  });

  it('the accuracy is the best of all maps', () => {
    // Against trying every permutation of four names.
    const permutations = (items: number[]): number[][] =>
      items.length < 2
        ? [items]
        : items.flatMap((x, i) => permutations(items.toSpliced(i, 1)).map((rest) => [x, ...rest]));
    const all = permutations([0, 1, 2, 3]);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 })), { minLength: 1, maxLength: 30 }),
        (rows) => {
          const best = Math.max(...all.map((map) => rows.filter(([y, c]) => map[c] === y).length));
          const value = accuracy(
            rows.map(([y]) => y),
            rows.map(([, c]) => c),
          );
          expect(value).toBeCloseTo(best / rows.length, 12);
        },
      ),
    );
  });
});

describe('expected mutual information', () => {
  /** Mean of the mutual information over every arrangement of the clusters. */
  function byEnumeration(y: number[], c: number[]): number {
    const all: number[][] = [];
    const arrange = (rest: number[], placed: number[]): void => {
      if (rest.length === 0) all.push(placed);
      for (let i = 0; i < rest.length; i++) arrange(rest.toSpliced(i, 1), [...placed, rest[i]!]);
    };
    arrange(c, []);
    const sizes = (labels: number[], label: number) => labels.filter((value) => value === label).length;
    const information = (clusters: number[]) => {
      let sum = 0;
      for (const a of new Set(y)) {
        for (const b of new Set(clusters)) {
          const both = y.filter((label, i) => label === a && clusters[i] === b).length;
          if (both === 0) continue;
          sum += (both / y.length) * Math.log((y.length * both) / (sizes(y, a) * sizes(clusters, b)));
        }
      }
      return sum;
    };
    return all.reduce((sum, clusters) => sum + information(clusters), 0) / all.length;
  }

  it('is the mean over all arrangements', () => {
    for (const [y, c] of [
      [
        [0, 0, 0, 1, 1, 2],
        [0, 0, 1, 1, 1, 1],
      ],
      [
        [0, 0, 0, 0, 0, 1],
        [0, 0, 0, 1, 1, 2],
      ],
    ] as const) {
      const sizes = (labels: readonly number[]) =>
        [...new Set(labels)].map((label) => labels.filter((value) => value === label).length);
      expect(expectedMutualInformation(sizes(y), sizes(c), 6)).toBeCloseTo(byEnumeration([...y], [...c]), 12);
    }
  });

  it('a labelling without any pair agrees with itself, however many samples', () => {
    for (const count of [2, 4, 50]) {
      const each = Array.from({ length: count }, (_, i) => i);
      expect(ami(each, [...each].reverse())).toBe(1);
    }
  });
});

describe('confusion matrix', () => {
  it('has agreement on its diagonal, then what is left by class and size', () => {
    const truth = [0, 0, 0, 4, 4, 4, 4, 0, 4, 4];
    const clusters = [8, 8, 1, 3, 3, 3, 5, 1, 7, 7];
    const table = confusionOf(contingency(truth, clusters));
    expect(table.classes).toEqual([0, 4]);
    expect(table.clusters).toEqual([1, 3, 8, 7, 5]);
    expect(table.matched).toEqual([0, 4, undefined, undefined, undefined]);
    expect(table.counts).toEqual([
      [2, 0, 2, 0, 0],
      [0, 3, 0, 2, 1],
    ]);
  });

  it('orders by the match, not by what is most frequent in a cluster', () => {
    // Cluster 9 holds more of class 0, and stands for class 1 all the same: 4 + 3 are right, against 5.
    const truth = [...Array(9).fill(0), ...Array(3).fill(1)];
    const clusters = [...Array(4).fill(2), ...Array(8).fill(9)];
    const table = confusionOf(contingency(truth, clusters));
    expect(table.clusters).toEqual([2, 9]);
    expect(table.matched).toEqual([0, 1]);
  });

  it('its matched cells are the ACC, and all cells are the samples', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 7 })), { minLength: 1, maxLength: 60 }),
        (rows) => {
          const [y, c] = [rows.map(([a]) => a), rows.map(([, b]) => b)];
          const { classes, matched, counts } = confusionOf(contingency(y, c));
          let right = 0;
          matched.forEach((value, j) => {
            if (value !== undefined) right += counts[classes.indexOf(value)]![j]!;
          });
          expect(right / rows.length).toBeCloseTo(accuracy(y, c), 12);
          expect(counts.flat().reduce((a, b) => a + b, 0)).toBe(rows.length);
        },
      ),
    );
  });
});

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
