/** PICA against golden values that numpy gave, closed forms, and a whole step in PyTorch. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { evaluateOn, expectAll } from '../backends/evaluate.cases.ts';
import { openEngine } from '../backends/index.ts';
import { gradients, input, softmax } from '../tensor/index.ts';
import {
  compileLoss,
  expectPairStep,
  logitsOfView,
  nextCluster,
  oneHotRows,
  P,
  pairContext,
  Q,
  sameRows,
  stored,
} from './pairHeads.cases.ts';
import { pica, picaLoss } from './pica.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const weights = { balanceWeight: 2 };

describe('PICA', () => {
  it('gives the golden similarities and loss', async () => {
    const { similarities, uncertainty, imbalance, loss } = picaLoss(P, Q, weights);
    const found = await evaluateOn(engine, { similarities, uncertainty, imbalance, loss });
    const rows = [0.995281, 0.151665, 0.235417, 0.135744, 0.998234, 0.291427];
    expectAll(found.similarities!, [...rows, 0.222801, 0.250268, 0.992094], 2e-6);
    expect(found.uncertainty![0]).toBeCloseTo(0.65103339, 6);
    expect(found.imbalance![0]).toBeCloseTo(0.06753184, 6);
    expect(found.loss![0]).toBeCloseTo(0.78609708, 6);
  });

  it('is ln K for uniform rows, and ln(1 + (K - 1) / e) for one-hot ones', async () => {
    const uniform = sameRows([0.25, 0.25, 0.25, 0.25], 5);
    const sure = oneHotRows(4, 2);
    const found = await evaluateOn(engine, {
      uniform: picaLoss(uniform, uniform, weights).loss,
      sure: picaLoss(sure, sure, weights).loss,
    });
    expect(found.uniform![0]).toBeCloseTo(Math.log(4), 5);
    expect(found.sure![0]).toBeCloseTo(Math.log(1 + 3 / Math.E), 5);
  });

  it('is finite, with finite gradients, where a cluster has no share at all', async () => {
    const logits = input('logits', [3, 3]);
    const x = softmax(logits);
    const { loss } = picaLoss(x, x, weights);
    const [gradient] = gradients(loss, [logits]);
    const found = await evaluateOn(
      engine,
      { loss, gradient: gradient! },
      { logits: Float32Array.of(1, -1, -500, -1, 1, -500, 1, 1, -500) },
    );
    for (const value of [...found.loss!, ...found.gradient!])
      expect(Number.isFinite(value)).toBe(true);
  });

  it('keeps its value for permuted clusters and doubled batches alone', async () => {
    const loss = await compileLoss(engine, (x, y) => picaLoss(x, y, weights).loss);
    await fc.assert(
      fc.asyncProperty(logitsOfView, logitsOfView, async (x, y) => {
        const plain = await loss.of(x, y);
        expect(await loss.of(nextCluster(x), nextCluster(y))).toBeCloseTo(plain, 4);
        expect(await loss.of([...x, ...x], [...y, ...y])).toBeCloseTo(plain, 4);
        // Balance 2 ln K at most, and parallel columns with one further apart at most ln K + 1.
        expect(plain).toBeGreaterThan(Math.log(1 + 3 / Math.E) - 1e-4);
        expect(plain).toBeLessThan(3 * Math.log(4) + 1);
      }),
      { numRuns: 15 },
    );
    await loss.close();
    const views = await evaluateOn(engine, {
      given: picaLoss(P, Q, weights).loss,
      exchanged: picaLoss(Q, P, weights).loss,
    });
    expect(Math.abs(views.given![0]! - views.exchanged![0]!)).toBeGreaterThan(1e-3);
  });

  it.each(['together', 'over', 'cluster'] as const)(
    'agrees with a whole step in PyTorch: %s',
    async (turn) => {
      const training = turn === 'together' ? turn : 'turns';
      await expectPairStep(engine, 'pica_step', turn, (crops) =>
        pica.build({ ...stored, training }, pairContext(), crops),
      );
    },
  );

  it('knows the loss of a guess where both groups of heads learn together', () => {
    const crops = [input('crops.0', [8, 3, 16, 16]), input('crops.1', [16, 3, 16, 16])];
    const step = (training: 'together' | 'turns') =>
      pica.build({ ...stored, training }, pairContext(), crops);
    expect(step('together').randomBaselineLoss).toBeCloseTo(Math.log(5) + Math.log(9), 12);
    expect(step('turns')).toMatchObject({ isLossJudged: false });
    expect(step('turns').randomBaselineLoss).toBeUndefined();
  });
});
