/**
 * Sinkhorn against golden vectors (computed in numpy from the paper's formulas), against the same
 * iteration in double precision, and its properties.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openCpu } from '../backends/cpu/index.ts';
import { createEngine } from '../backends/engine.ts';
import { evaluateOn, expectAll } from '../backends/evaluate.cases.ts';
import { expectEqualToWhole } from '../backends/ranks.cases.ts';
import type { Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import {
  concat,
  constant,
  crossEntropy,
  crossReplicaConcat,
  greater,
  input,
  l2Normalize,
  matmul,
  mul,
  scalar,
  slice,
  sum,
  type Tensor,
  type TensorData,
  transpose,
} from '../tensor/index.ts';
import { sinkhorn } from './sinkhorn.ts';

const backend = await openCpu({ threads: 1 });
afterAll(() => backend.close());
const engine = createEngine(backend);

const Sa = [0.9, 0.1, -0.3, 0.8, 0.2, 0, -0.1, 0.7, 0.3, 0.85, 0.05, -0.2];
const Sb = [0.7, 0.2, -0.1, 0.6, 0.3, 0.1, 0, 0.5, 0.4, 0.4, 0.3, 0.2];
const matrix = (values: number[]) => constant(Float32Array.from(values), [values.length / 3, 3]);

const evaluate = (outputs: Record<string, Tensor>, feeds: Values = {}) =>
  evaluateOn(engine, outputs, feeds);

function sumOf(values: TensorData): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

describe('sinkhorn', () => {
  it('gives the golden codes', async () => {
    const { a, b } = await evaluate({ a: sinkhorn(matrix(Sa)), b: sinkhorn(matrix(Sb)) });
    expectAll(
      a!,
      [
        0.999457, 0.000304, 0.000239, 0.577966, 0.009598, 0.412437, 0, 0.559574, 0.440426, 0.994914,
        0.000303, 0.004784,
      ],
      2e-6,
    );
    expectAll(
      b!,
      [
        0.992373, 0.007465, 0.000162, 0.677249, 0.27814, 0.044612, 0, 0.457634, 0.542366, 0.020001,
        0.448481, 0.531518,
      ],
      2e-6,
    );
  });

  it('gives prototypes the golden totals: equal ones only after many iterations', async () => {
    const totals = (Q: ReturnType<typeof matrix>) => sum(Q, { axes: [0] });
    const { three, many } = await evaluate({
      three: totals(sinkhorn(matrix(Sa))),
      many: totals(sinkhorn(matrix(Sa), { iterations: 100 })),
    });
    expectAll(three!, [2.572336, 0.569779, 0.857885], 2e-6);
    expectAll(many!, [4 / 3, 4 / 3, 4 / 3], 1e-5);
  });

  it('gives the golden codes behind a queue', async () => {
    const T = concat([
      slice(matrix(Sb), { axis: 0, start: 0, end: 2 }),
      slice(matrix(Sa), { axis: 0, start: 2, end: 4 }),
    ]);
    const { q } = await evaluate({ q: slice(sinkhorn(T), { axis: 0, start: 2, end: 4 }) });
    expectAll(q!, [0, 0.78251, 0.21749, 0.999805, 0.00003, 0.000165], 2e-6);
  });

  it('ignores inactive rows altogether', async () => {
    const active = greater(constant(Float32Array.of(0, 1, 1, 1, 1), [5, 1]), scalar(0.5));
    const T = concat([constant(Float32Array.of(0.99, -0.5, 0.7), [1, 3]), matrix(Sa)]);
    const { q, alone } = await evaluate({
      q: sinkhorn(T, { active }),
      alone: sinkhorn(matrix(Sa)),
    });
    expectAll(q!.slice(3), [...alone!], 1e-6);
    expectAll(q!.slice(0, 3), [0, 0, 0], 1e-12);
  });

  it('keeps its scale over many iterations with few rows of many active', async () => {
    const active = greater(
      constant(Float32Array.of(...new Array(60).fill(0), 1, 1, 1, 1), [64, 1]),
      scalar(0.5),
    );
    const T = concat([constant(new Float32Array(180).fill(0.3), [60, 3]), matrix(Sa)]);
    const options = { iterations: 100 };
    const { q, alone } = await evaluate({
      q: sinkhorn(T, { ...options, active }),
      alone: sinkhorn(matrix(Sa), options),
    });
    expectAll(q!.slice(180), [...alone!], 1e-5);
  });

  it('gives codes to a row whose scores are far below all others', async () => {
    const far = constant(Float32Array.of(-20, -20.1, -20.05), [1, 3]);
    const { q } = await evaluate({ q: sinkhorn(concat([matrix(Sa), far])) });
    expect(sumOf(q!.slice(12))).toBeCloseTo(1, 5);
  });

  it('makes rows sum to 1 and, with many iterations, columns to B / K, also for the smallest epsilon', async () => {
    const T = input('T', [6, 4]);
    const executable = await engine.compile({
      outputs: {
        q: sinkhorn(T),
        many: sinkhorn(T, { iterations: 200, epsilon: 0.2 }),
        sharp: sinkhorn(T, { epsilon: 0.001 }),
      },
    });
    const cosine = fc.double({ min: -1, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(cosine, { minLength: 24, maxLength: 24 }), async (scores) => {
        const { q, many, sharp } = await executable.run({ T: Float32Array.from(scores) });
        for (let row = 0; row < 6; row++) {
          for (const codes of [q!, sharp!])
            expect(sumOf(codes.slice(row * 4, row * 4 + 4))).toBeCloseTo(1, 5);
        }
        for (let column = 0; column < 4; column++) {
          const total = sumOf(many!.filter((_: number, i: number) => i % 4 === column));
          expect(total).toBeCloseTo(6 / 4, 2);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('sinkhorn in double precision', () => {
  const [B, K] = [24, 10];
  const random = randomAt(0, 'synthetic');
  // Cosines from -1 to 1. Those of the last prototype are low, so that exp(T / 0.02) vanishes beside
  // every row's largest, and the last row is far from all prototypes.
  const scores = new Float32Array(B * K).map((_, i) => {
    const value = random.uniform(-0.3, 0.9);
    return i % K === K - 1 || i >= (B - 1) * K ? (value - 1.7) / 2 : value;
  });

  /** The iteration on logarithms, as defined, without any change of scale. */
  function expectedCodes(T: Float32Array, epsilon: number, iterations: number): number[] {
    const rows = T.length / K;
    const [r, v] = [new Float64Array(rows), new Float64Array(K)];
    const logSum = (values: number[]) => {
      const largest = Math.max(...values);
      return largest + Math.log(values.reduce((total, x) => total + Math.exp(x - largest), 0));
    };
    for (let n = 0; n < iterations; n++) {
      for (let k = 0; k < K; k++)
        v[k] = -Math.log(K) - logSum([...r].map((ri, i) => T[i * K + k]! / epsilon + ri));
      for (let i = 0; i < rows; i++)
        r[i] = -Math.log(rows) - logSum([...v].map((vk, k) => T[i * K + k]! / epsilon + vk));
    }
    return [...T].map((t, i) => rows * Math.exp(t / epsilon + r[Math.floor(i / K)]! + v[i % K]!));
  }

  /** Scores are at most 2 apart, so their differences are exact to 1e-7, and codes to 3e-6. */
  const TOLERANCE = 1e-5;

  for (const epsilon of [0.05, 0.03, 0.02, 0.01, 0.005, 0.001]) {
    it(`gives the same codes at epsilon ${epsilon}`, async () => {
      for (const iterations of [1, 3, 4, 100]) {
        const { q } = await evaluate({
          q: sinkhorn(constant(scores, [B, K]), { epsilon, iterations }),
        });
        expectAll(q!, expectedCodes(scores, epsilon, iterations), TOLERANCE);
      }
    });
  }

  it('gives the same codes where all samples but one are near a single prototype', async () => {
    // The factors r and v of 100 iterations reach e^300, far out of float32's range.
    const crowded = new Float32Array(B * K).map((_, i) => {
      const [row, column] = [Math.floor(i / K), i % K];
      return column === 0 || row === 0
        ? 0.9 - 0.001 * row
        : -0.5 + 0.001 * ((row * 7 + column * 3) % 11);
    });
    for (const epsilon of [0.005, 0.001]) {
      const { q } = await evaluate({
        q: sinkhorn(constant(crowded, [B, K]), { epsilon, iterations: 100 }),
      });
      expectAll(q!, expectedCodes(crowded, epsilon, 100), TOLERANCE);
    }
  });

  it('gives the same codes behind inactive rows at the smallest epsilon', async () => {
    const inactive = new Float32Array(4 * K).fill(0.99);
    const T = concat([constant(inactive, [4, K]), constant(scores, [B, K])]);
    const flags = Float32Array.from({ length: B + 4 }, (_, i) => (i < 4 ? 0 : 1));
    const active = greater(constant(flags, [B + 4, 1]), 0.5);
    for (const iterations of [3, 100]) {
      const { q } = await evaluate({ q: sinkhorn(T, { epsilon: 0.001, iterations, active }) });
      expect(q!.slice(0, 4 * K).every((code: number) => code === 0)).toBe(true);
      expectAll(q!.slice(4 * K), expectedCodes(scores, 0.001, iterations), TOLERANCE);
    }
  });

  it('gives codes of 0 where no row is active', async () => {
    const active = greater(constant(new Float32Array(B), [B, 1]), 0.5);
    const { q } = await evaluate({
      q: sinkhorn(constant(scores, [B, K]), { active, iterations: 4 }),
    });
    expect([...q!].every((code) => code === 0)).toBe(true);
  });
});

describe.each([2, 3])('%i replicas with parts of a batch', (replicas) => {
  it.each(['all rows', 'some rows'])(
    'have the codes of one Sinkhorn of %s, and its loss',
    async (part) => {
      await expectEqualToWhole(
        backend,
        (x, w, R) => {
          const scores = matmul(l2Normalize(x), transpose(l2Normalize(w))); // [n, K]
          // Replicas have different numbers of active rows.
          const active = greater(slice(x, { axis: 1, start: 2, end: 3 }), -0.3); // [n, 1]
          const Q = sinkhorn(scores, {
            epsilon: 0.03,
            iterations: 5,
            ...(part === 'some rows' && { active }),
          });
          return {
            loss: crossEntropy(mul(scores, 10), Q),
            also: { codes: crossReplicaConcat(Q, R) },
          };
        },
        { N: 12, D: 4, w: [5, 4], replicas },
      );
    },
  );
});
