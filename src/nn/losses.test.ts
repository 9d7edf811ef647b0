import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { gradients, input } from '../tensor/index.ts';
import { binaryCrossEntropyWithLogits, meanSquaredError } from './losses.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const N = 5;
const [x, t] = [input('x', [N]), input('t', [N])];
const losses = { mse: meanSquaredError(x, t), bce: binaryCrossEntropyWithLogits(x, t) };
const executable = await engine.compile({
  outputs: {
    ...losses,
    dMse: gradients(losses.mse, [x])[0]!,
    dBce: gradients(losses.bce, [x])[0]!,
    tMse: gradients(losses.mse, [t])[0]!,
  },
});
afterAll(() => executable.dispose());

const run = async (values: readonly number[], targets: readonly number[]) => {
  const found = await executable.run({
    x: Float32Array.from(values),
    t: Float32Array.from(targets),
  });
  return Object.fromEntries(Object.entries(found).map(([name, data]) => [name, [...data]]));
};
const expectNear = (found: readonly number[], expected: readonly number[], digits = 6) =>
  expected.forEach((value, i) => {
    expect(found[i], `value ${i}`).toBeCloseTo(value, digits);
  });

describe('meanSquaredError', () => {
  // By hand: squares 1, 0, 4, 0.25 and 9.
  it('gives the golden loss and gradient 2 (x - t) / n, with the opposite one for targets', async () => {
    const { mse, dMse, tMse } = await run([1, 2, 3, 0.5, -1], [0, 2, 5, 1, 2]);
    expectNear(mse!, [14.25 / 5]);
    expectNear(dMse!, [0.4, 0, -0.8, -0.2, -1.2]);
    expectNear(tMse!, [-0.4, 0, 0.8, 0.2, 1.2]);
  });
});

describe('binaryCrossEntropyWithLogits', () => {
  // By numpy 1.24 in float64: mean of -t ln s - (1 - t) ln(1 - s).
  it('gives the golden loss and gradient (s - t) / n', async () => {
    const { bce, dBce } = await run([-2, -0.5, 0, 1, 3], [0, 1, 0.25, 0.7, 1]);
    expectNear(bce!, [0.491200243]);
    expectNear(dBce!, [0.02384058, -0.12449187, 0.05, 0.00621172, -0.00948517]);
  });

  it('is finite where probabilities are 0 or 1 in float32', async () => {
    const { bce, dBce } = await run([200, -200, 200, -200, 0], [1, 0, 0, 1, 0.5]);
    expectNear(bce!, [(400 + Math.LN2) / 5], 4);
    expectNear(dBce!, [0, 0, 0.2, -0.2, 0]);
  });

  it('is at least the entropy of the targets, and ln 2 at logits 0', async () => {
    const rows = (low: number, high: number) =>
      fc.array(fc.double({ min: low, max: high, noNaN: true }), { minLength: N, maxLength: N });
    await fc.assert(
      fc.asyncProperty(rows(-20, 20), rows(0, 1), async (logits, targets) => {
        const { bce } = await run(logits, targets);
        const part = (p: number) => (p > 0 ? -p * Math.log(p) : 0);
        const entropy = targets.reduce((sum, p) => sum + part(p) + part(1 - p), 0) / N;
        expect(bce![0]).toBeGreaterThan(entropy - 1e-5);
        expectNear((await run(Array<number>(N).fill(0), targets)).bce!, [Math.LN2], 5);
      }),
      { numRuns: 20 },
    );
  });
});
