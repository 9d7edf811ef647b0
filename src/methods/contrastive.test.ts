/** Contrastive losses against numbers computed from the papers' formulas, and their invariants. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { evaluateOn } from '../backends/evaluate.cases.ts';
import { openEngine } from '../backends/index.ts';
import { constant, gradients, input, l2Normalize, type Tensor } from '../tensor/index.ts';
import { firstIsTarget, infoNce, ntXent, pairAgreement } from './contrastive.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const evaluate = (outputs: Record<string, Tensor>) => evaluateOn(engine, outputs);
const rows = (...values: number[][]) =>
  constant(Float32Array.from(values.flat()), [values.length, values[0]!.length]);

// Three pairs on the circle.
const pairs = {
  a: [
    [1, 0],
    [0.6, 0.8],
    [0, 1],
  ],
  b: [
    [0.8, 0.6],
    [0, 1],
    [-0.6, 0.8],
  ],
};
const dot = (u: readonly number[], v: readonly number[]) =>
  u.reduce((sum, x, i) => sum + x * v[i]!, 0);
const logSumExp = (values: number[]) => Math.log(values.reduce((sum, x) => sum + Math.exp(x), 0));

/** NT-Xent by the formula, in double precision. */
function ntXentInDoubles(a: number[][], b: number[][], tau: number): number {
  const z = [...a, ...b];
  const R = a.length;
  return (
    z.reduce((sum, row, i) => {
      const others = z.flatMap((other, k) => (k === i ? [] : [dot(row, other) / tau]));
      return sum + logSumExp(others) - dot(row, z[(i + R) % (2 * R)]!) / tau;
    }, 0) / z.length
  );
}

// Whole numbers, evenly drawn: most doubles of a range lie next to 0.
const angle = fc.integer({ min: 0, max: 628 }).map((x) => x / 100);
const circle = (angles: number[]) => angles.map((t) => [Math.cos(t), Math.sin(t)]);

describe('ntXent', () => {
  it('gives the golden loss, which Contrastive Clustering has for its instance head', async () => {
    const { loss } = await evaluate({
      loss: ntXent(rows(...pairs.a), rows(...pairs.b), { temperature: 0.5 }),
    });
    expect(loss![0]).toBeCloseTo(1.252458572, 6);
  });

  it('follows its formula for any rows, is the same with the views exchanged, and stays between 0 and its bound', async () => {
    const [a, b] = [input('a', [4, 2]), input('b', [4, 2])];
    const options = { temperature: 0.2 };
    const executable = await engine.compile({
      outputs: { loss: ntXent(a, b, options), exchanged: ntXent(b, a, options) },
    });
    const four = fc.array(angle, { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(four, four, async (first, second) => {
        const [A, B] = [circle(first), circle(second)];
        const { loss, exchanged } = await executable.run({
          a: Float32Array.from(A.flat()),
          b: Float32Array.from(B.flat()),
        });
        expect(loss![0]).toBeCloseTo(ntXentInDoubles(A, B, 0.2), 4);
        expect(exchanged![0]).toBeCloseTo(loss![0]!, 5);
        expect(loss![0]).toBeGreaterThanOrEqual(0);
        expect(loss![0]).toBeLessThanOrEqual(Math.log(7) + 2 / 0.2 + 1e-4);
      }),
      { numRuns: 30 },
    );
    await executable.dispose();
  });

  it('is ln(2R - 1) where nothing can be told apart', async () => {
    const same = rows([1, 0], [1, 0], [1, 0]);
    const { loss } = await evaluate({ loss: ntXent(same, same, { temperature: 0.1 }) });
    expect(loss![0]).toBeCloseTo(Math.log(5), 5);
  });

  it('has the gradient of finite differences, and a finite one at a low temperature', async () => {
    const [a, b] = [input('a', [3, 2]), input('b', [3, 2])];
    const of = (temperature: number) => ntXent(l2Normalize(a), l2Normalize(b), { temperature });
    const [dA, dB] = gradients(of(0.5), [a, b]);
    const [sharp] = gradients(of(0.01), [a]);
    const executable = await engine.compile({ outputs: { dA: dA!, dB: dB!, sharp: sharp! } });
    const results = await executable.run({
      a: Float32Array.from(pairs.a.flat()),
      b: Float32Array.from(pairs.b.flat()),
    });
    await executable.dispose();
    const unit = (v: number[]) => v.map((x) => x / Math.hypot(...v));
    const lossOf = (A: number[][], B: number[][]) => ntXentInDoubles(A.map(unit), B.map(unit), 0.5);
    for (const [name, which] of [
      ['dA', 'a'],
      ['dB', 'b'],
    ] as const) {
      for (let i = 0; i < 6; i++) {
        const moved = (h: number) => {
          const changed = { a: pairs.a.map((row) => [...row]), b: pairs.b.map((row) => [...row]) };
          changed[which][Math.floor(i / 2)]![i % 2]! += h;
          return lossOf(changed.a, changed.b);
        };
        const slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        expect(results[name]![i], `${name}[${i}]`).toBeCloseTo(slope, 4);
      }
    }
    expect([...results.sharp!].every((x) => Number.isFinite(x))).toBe(true);
  });
});

describe('infoNce', () => {
  const negatives = [
    [0.8, 0.6],
    [-1, 0],
    [0, -1],
    [0.6, -0.8],
  ];

  it('gives the cross-entropy of the positive beside the shared negatives', async () => {
    const { loss } = await evaluate({
      loss: infoNce(rows(...pairs.a), rows(...pairs.b), rows(...negatives), { temperature: 0.2 }),
    });
    const expected =
      pairs.a.reduce((sum, q, i) => {
        const logits = [pairs.b[i]!, ...negatives].map((row) => dot(q, row) / 0.2);
        return sum + logSumExp(logits) - logits[0]!;
      }, 0) / 3;
    expect(loss![0]).toBeCloseTo(expected, 5);
  });

  it('is ln(1 + L) where all candidates are equally near, and falls to 0 as the key alone is near', async () => {
    const q = rows([1, 0], [1, 0]);
    const far = rows([-1, 0], [-1, 0], [-1, 0]);
    const { chance, found } = await evaluate({
      chance: infoNce(q, q, rows([1, 0], [1, 0], [1, 0]), { temperature: 0.07 }),
      found: infoNce(q, q, far, { temperature: 0.07 }),
    });
    expect(chance![0]).toBeCloseTo(Math.log(4), 5);
    expect(found![0]).toBeCloseTo(0, 5);
  });

  it('takes the first column for the target', async () => {
    const { loss } = await evaluate({ loss: firstIsTarget(rows([2, 0, 1], [0, 3, -1])) });
    const expected = (logSumExp([2, 0, 1]) - 2 + logSumExp([0, 3, -1])) / 2;
    expect(loss![0]).toBeCloseTo(expected, 6);
  });
});

describe('pairAgreement', () => {
  it('is the share of rows whose nearest row of the other view is their own', async () => {
    const { all, two, none } = await evaluate({
      all: pairAgreement(rows([1, 0], [0, 1]), rows([0.8, 0.6], [0.6, 0.8])),
      // The second row's nearest is the third of the others.
      two: pairAgreement(
        rows([1, 0], [0, 1], [-1, 0]),
        rows([0.8, 0.6], [-0.8, -0.6], [-0.6, 0.8]),
      ),
      none: pairAgreement(rows([1, 0], [0, 1]), rows([0, 1], [1, 0])),
    });
    expect([all![0], none![0]]).toEqual([1, 0]);
    expect(two![0]).toBeCloseTo(1 / 3, 6);
  });
});
