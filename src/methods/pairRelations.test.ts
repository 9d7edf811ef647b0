import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import {
  constant,
  gradients,
  input,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '../tensor/index.ts';
import { matrixOf, P, Q, valuesOf } from './goldenPairs.cases.ts';
import {
  bernoulliCrossEntropy,
  cleanAndAugmented,
  relationLoss,
  requireClustersInBatch,
  sameCluster,
  samePartition,
  similarities,
  thresholdAt,
} from './pairRelations.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

/** Rows of probabilities of K clusters. */
const probabilities = fc
  .integer({ min: 2, max: 5 })
  .chain((K) =>
    fc.array(
      fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: K, maxLength: K }),
      {
        minLength: 2,
        maxLength: 7,
      },
    ),
  )
  .map((rows) =>
    rows.map((row) => {
      const total = row.reduce((sum, value) => sum + value, 0);
      return row.map((value) => value / total);
    }),
  );

/** Loss of y against its own partition. */
const partitionLoss = (rows: readonly (readonly number[])[]): Tensor => {
  const positive = samePartition(matrixOf(rows));
  const negative = constant(
    Float32Array.from({ length: rows.length ** 2 }, () => 1),
    [rows.length, rows.length],
  );
  return relationLoss(similarities(matrixOf(rows)), {
    positive,
    negative: sub(negative, positive),
  });
};

describe('similarities', () => {
  it('are the cosines of the known probabilities', async () => {
    const s = await valuesOf(engine, similarities(matrixOf(P)));
    const above = [s[1], s[2], s[3], s[6], s[7], s[11]];
    const known = [0.05279, 0.164613, 0.999117, 0.294718, 0.088105, 0.195936];
    for (const [i, value] of known.entries()) expect(above[i]).toBeCloseTo(value, 5);
    for (const i of [0, 5, 10, 15]) expect(s[i]).toBeCloseTo(1, 6);
  });

  it('lie in 0 … 1, are symmetric, and do not change when clusters are permuted', async () => {
    await fc.assert(
      fc.asyncProperty(probabilities, async (rows) => {
        const B = rows.length;
        const s = await valuesOf(engine, similarities(matrixOf(rows)));
        const turned = rows.map((row) => [...row.slice(1), row[0]!]);
        const permuted = await valuesOf(engine, similarities(matrixOf(turned)));
        for (let i = 0; i < B; i++)
          for (let j = 0; j < B; j++) {
            const value = s[i * B + j]!;
            expect(value).toBeGreaterThanOrEqual(0);
            expect(value).toBeLessThanOrEqual(1 + 1e-6);
            expect(value).toBeCloseTo(s[j * B + i]!, 6);
            expect(permuted[i * B + j]).toBeCloseTo(value, 5);
          }
      }),
      { numRuns: 20 },
    );
  });
});

describe('samePartition', () => {
  it('is an equivalence: reflexive, symmetric and transitive', async () => {
    await fc.assert(
      fc.asyncProperty(probabilities, async (rows) => {
        const B = rows.length;
        const r = await valuesOf(engine, samePartition(matrixOf(rows)));
        const at = (i: number, j: number) => r[i * B + j]! > 0.5;
        for (let i = 0; i < B; i++) {
          expect(at(i, i)).toBe(true);
          for (let j = 0; j < B; j++) {
            expect(at(i, j)).toBe(at(j, i));
            const steps = rows.some((_, k) => at(i, k) && at(k, j));
            expect(steps).toBe(at(i, j)); // R² > 0 where R is
          }
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('relationLoss', () => {
  it('is 0 where no pair is chosen, and for a constant output whose pairs are all same', async () => {
    const y = matrixOf([
      [0.2, 0.8],
      [0.2, 0.8],
    ]);
    const [all, none] = [constant(Float32Array.of(1, 1, 1, 1), [2, 2]), zeros(2)];
    const s = similarities(y);
    const same = await valuesOf(engine, relationLoss(s, { positive: all, negative: none }));
    const nothing = await valuesOf(engine, relationLoss(s, { positive: none, negative: none }));
    expect(same[0]).toBeCloseTo(0, 6);
    expect(nothing[0]).toBe(0);
  });

  it('stays as it is when every image is doubled, and is never negative', async () => {
    await fc.assert(
      fc.asyncProperty(probabilities, async (rows) => {
        const once = (await valuesOf(engine, partitionLoss(rows)))[0]!;
        const twice = (await valuesOf(engine, partitionLoss([...rows, ...rows])))[0]!;
        expect(once).toBeGreaterThan(-1e-5);
        expect(twice).toBeCloseTo(once, 4);
      }),
      { numRuns: 20 },
    );
  });

  it('is finite for pairs that are wrong without doubt', async () => {
    const s = similarities(
      matrixOf([
        [1, 0],
        [1, 0],
        [0, 1],
      ]),
    );
    const ones = constant(new Float32Array(9).fill(1), [3, 3]);
    const loss = await valuesOf(engine, relationLoss(s, { positive: ones, negative: ones }));
    expect(Number.isFinite(loss[0])).toBe(true);
  });
});

describe('bernoulliCrossEntropy', () => {
  it('is the mean over clusters of both cases', async () => {
    const perImage = await valuesOf(engine, bernoulliCrossEntropy(matrixOf(Q), matrixOf(P)));
    const expected = Q.map(
      (row, i) =>
        -row.reduce((sum, y, k) => {
          const t = P[i]![k]!;
          return sum + t * Math.log(y) + (1 - t) * Math.log(1 - y);
        }, 0) / row.length,
    );
    for (const [i, value] of expected.entries()) expect(perImage[i]).toBeCloseTo(value, 5);
  });

  it('passes no gradient to targets that are stopped', async () => {
    const [y, t] = [input('y', [2, 2]), input('t', [2, 2])];
    const [byTarget] = gradients(sum(bernoulliCrossEntropy(y, stopGradient(t))), [t]);
    const executable = await engine.compile({ outputs: { byTarget: byTarget! } });
    const half = Float32Array.of(0.4, 0.6, 0.3, 0.7);
    const { byTarget: found } = await executable.run({ y: half, t: half });
    await executable.dispose();
    expect([...found!]).toEqual([0, 0, 0, 0]);
  });
});

describe('sameCluster', () => {
  it('is the fraction of equal largest values', async () => {
    const a = matrixOf([
      [0.9, 0.1],
      [0.2, 0.8],
      [0.6, 0.4],
      [0.3, 0.7],
    ]);
    const b = matrixOf([
      [0.6, 0.4],
      [0.7, 0.3],
      [0.8, 0.2],
      [0.1, 0.9],
    ]);
    expect((await valuesOf(engine, sameCluster(a, b)))[0]).toBeCloseTo(0.75, 6);
  });
});

describe('thresholdAt', () => {
  const at = (step: number) =>
    thresholdAt([0.95, 0.5], { step, stepsPerEpoch: 10, totalSteps: 460 });

  it("moves by the paper's step once per epoch, and meets the other threshold after the last", () => {
    expect(at(0)).toBe(0.95);
    expect(at(9)).toBe(0.95);
    expect(at(10)).toBeCloseTo(0.95 - 0.0099, 3);
    expect(at(460)).toBeCloseTo(0.5, 12);
    const lower = thresholdAt([0.455, 0.5], { step: 460, stepsPerEpoch: 10, totalSteps: 460 });
    expect(lower).toBeCloseTo(at(460), 12);
  });
});

describe('the crops', () => {
  it('are the image itself, and one augmented view', () => {
    const crop = {
      ...{ count: 2, size: 16, scale: [0.3, 1] as [number, number] },
      ...{ ratio: [0.75, 1.5] as [number, number], steps: [{ kind: 'flip' as const, p: 0.5 }] },
    };
    expect(cleanAndAugmented(crop)).toEqual([
      { ...crop, count: 1, scale: [1, 1], ratio: [1, 1], steps: [] },
      { ...crop, count: 1 },
    ]);
  });
});

describe('requireClustersInBatch', () => {
  it('refuses more clusters than images per step in one sentence', () => {
    expect(() => requireClustersInBatch({ clusters: 8 }, { batchSize: 8 })).not.toThrow();
    expect(() => requireClustersInBatch({ clusters: 9 }, { batchSize: 8 })).toThrow(
      'clusters: received 9; expected at most 8, the images per step. ' +
        'Set fewer clusters or a larger batchSize.',
    );
  });
});

function zeros(B: number): Tensor {
  return constant(new Float32Array(B * B), [B, B]);
}
