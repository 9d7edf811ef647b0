/** The consensus of clusterings: its table, its clusters on separate groups, and repetition. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import { adjustedRand } from '../metrics/index.ts';
import { consensusClusters, membershipTable } from './consensusClusters.ts';
import { type Features, featuresOf, normalizeRows } from './features.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const [N, D, K] = [90, 8, 3];

/** Rows around K directions, in turns. */
function groups(deviation: number): { rows: Features; labels: Int32Array } {
  const random = randomAt(3, 'synthetic');
  const data = Float32Array.from({ length: N * D }, (_, at) => {
    const [i, d] = [Math.floor(at / D), at % D];
    return (d === i % K ? 1 : 0) + random.normal(0, deviation);
  });
  const labels = Int32Array.from({ length: N }, (_, i) => i % K);
  return { rows: normalizeRows(featuresOf(data, D)), labels };
}

describe('membershipTable', () => {
  it('has rows whose product is the fraction of members that put both together', () => {
    const clusters = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(clusters, { minLength: 1, maxLength: 4 }), (members) => {
        const { data, count, dimension } = membershipTable(
          members.map((m) => Int32Array.from(m)),
          4,
        );
        expect([count, dimension]).toEqual([5, 4 * members.length]);
        for (let i = 0; i < 5; i++) {
          for (let j = 0; j < 5; j++) {
            let product = 0;
            for (let d = 0; d < dimension; d++)
              product += data[i * dimension + d]! * data[j * dimension + d]!;
            const together = members.filter((m) => m[i] === m[j]).length;
            expect(product).toBeCloseTo(together / members.length, 5);
          }
        }
      }),
    );
  });
});

describe('consensusClusters', () => {
  it('finds separate groups, on which all members agree', async () => {
    const { rows, labels } = groups(0.1);
    const found = await consensusClusters(rows, K, { engine, members: 1, seed: 0 });
    expect(adjustedRand(labels, found.assignments)).toBe(1);
    expect(found.agreement).toBeCloseTo(1, 6);
  });

  it('gives the same clusters for the same seed, and counts its members', async () => {
    const { rows } = groups(0.5);
    const done: number[] = [];
    const options = { engine, members: 2, seed: 7 };
    const one = await consensusClusters(rows, K, { ...options, onProgress: (n) => done.push(n) });
    const other = await consensusClusters(rows, K, options);
    expect(other).toEqual(one);
    expect(one.agreement).toBeLessThan(1);
    expect(done).toEqual([1, 2, 3, 4]);
  });
});
