/**
 * Similarities of pairs against sums over all pairs, and what they say of good and of useless
 * features.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { type Features, featuresOf } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { pairFigures } from './pairFigures.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const N = 30;
const F = 5;
const K = 3;

function drawn(rows: number, stream: number): Features {
  const random = randomAt(4, 'synthetic', stream);
  return featuresOf(
    Float32Array.from({ length: rows * F }, () => random.normal()),
    F,
  );
}
const unitRows = ({ data, count, dimension }: Features) =>
  Array.from({ length: count }, (_, i) => {
    const row = [...data.slice(i * dimension, (i + 1) * dimension)];
    const length = Math.hypot(...row);
    return row.map((value) => value / length);
  });
const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const stats = (values: number[]) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [
    mean,
    Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length),
  ] as const;
};
/** Mean and deviation over positive and over negative pairs of rows. */
function pairs(a: number[][], b: number[][]) {
  const S = a.map((x) => b.map((y) => dot(x, y)));
  return [
    ...stats(S.map((row, i) => row[i]!)),
    ...stats(S.flatMap((row, i) => row.filter((_, j) => j !== i))),
  ];
}

describe('pairFigures', () => {
  it('are means and deviations over all pairs of images and of clusters', async () => {
    const [first, second, centroids] = [drawn(N, 0), drawn(N, 1), drawn(K, 2)];
    const found = await pairFigures(engine, { first, second, centroids });
    const [a, b, C] = [first, second, centroids].map(unitRows) as [
      number[][],
      number[][],
      number[][],
    ];
    const cosines = (x: number[][]) => x.map((row) => C.map((c) => dot(row, c)));
    const T = 1 - stats(cosines(a).map((row) => Math.max(...row)))[0];
    const columns = (x: number[][]) => {
      const y = cosines(x).map((row) => {
        const e = row.map((value) => Math.exp(value / T));
        const total = e.reduce((s, v) => s + v, 0);
        return e.map((value) => value / total);
      });
      return C.map((_, k) => {
        const column = y.map((row) => row[k]!);
        return column.map((value) => value / Math.hypot(...column));
      });
    };
    const expected = [...pairs(a, b), ...pairs(columns(a), columns(b))];
    const names = ['Positive', 'PositiveSpread', 'Negative', 'NegativeSpread'];
    const keys = ['instance', 'cluster'].flatMap((level) => names.map((name) => level + name));
    expect(Object.keys(found).sort()).toEqual(keys.toSorted());
    keys.forEach((key, i) => {
      expect(found[key as keyof typeof found], key).toBeCloseTo(expected[i]!, 4);
    });
  });

  it('are 1 without spread for positive pairs of views that are alike', async () => {
    const first = drawn(N, 0);
    const found = await pairFigures(engine, { first, second: first, centroids: drawn(K, 2) });
    expect(found.instancePositive).toBeCloseTo(1, 5);
    expect(found.instancePositiveSpread).toBeLessThan(1e-3);
    expect(found.clusterPositive).toBeCloseTo(1, 5);
    expect(found.instanceNegative).toBeLessThan(0.5);
  });

  it('are the same for both kinds of pairs where features tell nothing apart', async () => {
    const row = drawn(1, 3).data;
    const same = featuresOf(
      Float32Array.from({ length: N * F }, (_, i) => row[i % F]!),
      F,
    );
    const found = await pairFigures(engine, { first: same, second: same, centroids: drawn(K, 2) });
    expect(found.instanceNegative).toBeCloseTo(1, 5);
    expect(found.clusterNegative).toBeCloseTo(1, 5);
  });
});
