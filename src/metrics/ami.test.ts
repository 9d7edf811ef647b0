import { describe, expect, it } from 'vitest';
import { ami, expectedMutualInformation } from './ami.ts';

describe('expected mutual information', () => {
  /** Mean of the mutual information over every arrangement of the clusters. */
  function byEnumeration(y: number[], c: number[]): number {
    const all: number[][] = [];
    const arrange = (rest: number[], placed: number[]): void => {
      if (rest.length === 0) all.push(placed);
      for (let i = 0; i < rest.length; i++) arrange(rest.toSpliced(i, 1), [...placed, rest[i]!]);
    };
    arrange(c, []);
    const sizes = (labels: number[], label: number) =>
      labels.filter((value) => value === label).length;
    const information = (clusters: number[]) => {
      let sum = 0;
      for (const a of new Set(y)) {
        for (const b of new Set(clusters)) {
          const both = y.filter((label, i) => label === a && clusters[i] === b).length;
          if (both === 0) continue;
          sum +=
            (both / y.length) * Math.log((y.length * both) / (sizes(y, a) * sizes(clusters, b)));
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
      expect(expectedMutualInformation(sizes(y), sizes(c), 6)).toBeCloseTo(
        byEnumeration([...y], [...c]),
        12,
      );
    }
  });

  it('a labeling without any pair agrees with itself, however many samples', () => {
    for (const count of [2, 4, 50]) {
      const each = Array.from({ length: count }, (_, i) => i);
      expect(ami(each, [...each].reverse())).toBe(1);
    }
  });
});
