import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import { normalizeRows } from './features.ts';
import { outlierScores } from './outliers.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** Rows around a few directions; the last ones lie alone. */
function rowsOf(count: number, alone: number) {
  const D = 12;
  const data = new Float32Array(count * D);
  for (let i = 0; i < count; i++) {
    const random = randomAt(3, 'synthetic', i);
    const center = i < count - alone ? i % 3 : 3 + i;
    for (let d = 0; d < D; d++) data[i * D + d] = random.normal(0, 0.1);
    data[i * D + (center % D)]! += i < count - alone ? 1 : -1;
  }
  return normalizeRows({ data, count, dimension: D });
}

/** Distances to the k-th nearest other row, by sorting all of them. */
function naive({ data, count, dimension }: ReturnType<typeof rowsOf>, k: number): number[] {
  const row = (i: number) => data.subarray(i * dimension, (i + 1) * dimension);
  return Array.from({ length: count }, (_, i) => {
    const others = Array.from({ length: count }, (_, j) =>
      j === i ? Infinity : 1 - row(i).reduce((sum, value, d) => sum + value * row(j)[d]!, 0),
    );
    return others.sort((a, b) => a - b)[k - 1]!;
  });
}

describe('outlierScores', () => {
  it.each([1, 4, 10])('are the distances to neighbor %d of a sort of all', async (k) => {
    const rows = rowsOf(60, 3);
    const { distances, nearest } = await outlierScores(engine, rows, { k });
    for (const [i, distance] of naive(rows, k).entries()) {
      expect(distances[i]).toBeCloseTo(distance, 5);
      expect(nearest[i]).not.toBe(i);
    }
  });

  it('are largest for rows that lie alone, and for a pair that lies alone', async () => {
    const rows = rowsOf(60, 3);
    // The last two become copies, whose first neighbor is near and whose tenth is not.
    rows.data.copyWithin(59 * rows.dimension, 58 * rows.dimension, 59 * rows.dimension);
    const ranked = async (k: number) => {
      const { distances } = await outlierScores(engine, rows, { k });
      return [...distances.keys()].sort((a, b) => distances[b]! - distances[a]!);
    };
    expect((await ranked(10)).slice(0, 3).sort()).toEqual([57, 58, 59]);
    expect((await ranked(1)).slice(-2).sort()).toEqual([58, 59]);
  });

  it('take at most all other rows, and none where there is one row', async () => {
    const few = await outlierScores(engine, rowsOf(4, 1));
    expect(few.k).toBe(3);
    const one = await outlierScores(engine, rowsOf(1, 0));
    expect([one.k, [...one.distances], [...one.nearest]]).toEqual([0, [0], [-1]]);
  });

  it('look through a sample for many rows, in which a row is not its own neighbor', async () => {
    const rows = rowsOf(80, 4);
    const { distances, nearest } = await outlierScores(engine, rows, { k: 3, sample: 40 });
    const ranked = [...distances.keys()].sort((a, b) => distances[b]! - distances[a]!);
    expect(ranked.slice(0, 4).sort()).toEqual([76, 77, 78, 79]);
    expect([...nearest].every((other, i) => other !== i)).toBe(true);
    expect(new Set(nearest).size).toBeLessThanOrEqual(40);
  });
});
