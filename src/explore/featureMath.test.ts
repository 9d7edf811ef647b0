import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Features, normalizeRows, rowsOf } from '../cluster/index.ts';
import { ranksWithin, similarRows, typicality } from './featureMath.ts';

const value = fc.double({ min: -1, max: 1, noNaN: true });
const rows = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5 }))
  .chain(([count, dimension]) =>
    fc
      .array(value, { minLength: count * dimension, maxLength: count * dimension })
      .map((data) => normalizeRows({ data: Float32Array.from(data), count, dimension })),
  );
const rowAt = ({ data, dimension }: Features, row: number) =>
  data.subarray(row * dimension, (row + 1) * dimension);
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, d) => sum + x * b[d]!, 0);

describe('similarRows', () => {
  it('finds the largest cosines of all rows, as sorting them does', async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.nat(19),
        fc.integer({ min: 1, max: 8 }),
        async (features, at, n) => {
          const row = at % features.count;
          const vector = rowAt(features, row);
          const found = await similarRows(rowsOf(features), vector, { count: n, without: row });
          const expected = Array.from({ length: features.count }, (_, i) => i)
            .filter((i) => i !== row)
            .map((i) => dot(rowAt(features, i), vector))
            .sort((a, b) => b - a)
            .slice(0, n);
          expect(found.similarities).toHaveLength(expected.length);
          // Sums of at most five products of float32 values.
          for (const [i, cosine] of expected.entries()) {
            expect(found.similarities[i]).toBeCloseTo(cosine, 5);
          }
          expect(found.rows).not.toContain(row);
        },
      ),
    );
  });

  it('looks among marked rows alone', async () => {
    const features = { data: Float32Array.of(1, 0, 0.8, 0.6, 0.6, 0.8), count: 3, dimension: 2 };
    const among = Uint8Array.of(0, 0, 1);
    const found = await similarRows(rowsOf(features), Float32Array.of(5, 0), { count: 2, among });
    expect([...found.rows]).toEqual([2]);
    expect(found.similarities[0]).toBeCloseTo(0.6, 6);
  });
});

describe('typicality', () => {
  it('is the cosine to the mean of the members', async () => {
    // Members of cluster 4 lie at 0, 90 and 45 degrees: their mean at 45.
    const r = Math.SQRT1_2;
    const data = Float32Array.of(1, 0, 0, 1, r, r, -1, 0);
    const features = rowsOf({ data, count: 4, dimension: 2 });
    const found = await typicality(features, Int32Array.of(4, 4, 4, -2));
    expect([...found.clusters]).toEqual([4]);
    expect(found.similarity[0]).toBeCloseTo(r, 6);
    expect(found.similarity[2]).toBeCloseTo(1, 6);
    expect(found.similarity[3]).toBeNaN();
    expect([...found.order]).toEqual([1, 2, 0, -1]);
    expect(found.cohesion[0]).toBeCloseTo((1 + 2 * r) / 3, 6);
  });

  it('ranks each member of a cluster once', () => {
    const places = Int32Array.of(1, 0, 1, 0, -1, 1);
    const order = ranksWithin(places, Float32Array.of(0.1, 0.5, 0.9, 0.5, 1, 0.4), 2);
    expect([...order]).toEqual([2, 0, 0, 1, -1, 1]);
  });
});
