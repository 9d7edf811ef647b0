/** IIC against golden values that numpy gave, closed forms, and a whole step in PyTorch. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { evaluateOn, expectAll } from '../backends/evaluate.cases.ts';
import { openEngine } from '../backends/index.ts';
import { gradients, input, softmax } from '../tensor/index.ts';
import { iic, iicLoss } from './iic.ts';
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

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const weights = { marginWeight: 1 };

describe('IIC', () => {
  it('gives the golden joint distribution and losses', async () => {
    const { joint, loss } = iicLoss(P, Q, weights);
    const heavier = iicLoss(P, Q, { marginWeight: 1.5 }).loss;
    const found = await evaluateOn(engine, { joint, loss, heavier });
    const rows = [0.399, 0.0435, 0.0475, 0.0435, 0.22795, 0.0423];
    expectAll(found.joint!, [...rows, 0.0475, 0.0423, 0.10645], 1e-6);
    expect(found.loss![0]).toBeCloseTo(-0.29368088, 6);
    expect(found.heavier![0]).toBeCloseTo(-1.32647521, 5);
  });

  it('is 0 for rows that are all alike, and -ln K for balanced one-hot rows', async () => {
    const alike = sameRows([0.7, 0.2, 0.1, 0], 5);
    const sure = oneHotRows(4, 2);
    const found = await evaluateOn(engine, {
      alike: iicLoss(alike, alike, weights).loss,
      sure: iicLoss(sure, sure, weights).loss,
    });
    expect(found.alike![0]).toBeCloseTo(0, 5);
    expect(found.sure![0]).toBeCloseTo(-Math.log(4), 5);
  });

  it('is finite, with finite gradients, where a margin is 0', async () => {
    const logits = input('logits', [3, 3]);
    const x = softmax(logits);
    const { loss } = iicLoss(x, x, weights);
    const [gradient] = gradients(loss, [logits]);
    const found = await evaluateOn(
      engine,
      { loss, gradient: gradient! },
      { logits: Float32Array.of(1, -1, -500, -1, 1, -500, 1, 1, -500) },
    );
    for (const value of [...found.loss!, ...found.gradient!])
      expect(Number.isFinite(value)).toBe(true);
  });

  it('keeps its value for permuted clusters, doubled batches, exchanged views', async () => {
    const loss = await compileLoss(engine, (x, y) => iicLoss(x, y, weights).loss);
    await fc.assert(
      fc.asyncProperty(logitsOfView, logitsOfView, async (x, y) => {
        const plain = await loss.of(x, y);
        expect(await loss.of(nextCluster(x), nextCluster(y))).toBeCloseTo(plain, 4);
        expect(await loss.of([...x, ...x], [...y, ...y])).toBeCloseTo(plain, 4);
        expect(await loss.of(y, x)).toBeCloseTo(plain, 4);
        expect(plain).toBeGreaterThan(-Math.log(4) - 1e-4);
        expect(plain).toBeLessThan(1e-4);
      }),
      { numRuns: 15 },
    );
    await loss.close();
  });

  it('begins with heads that know nothing: small weights, no bias', () => {
    const crops = [input('crops.0', [8, 3, 16, 16]), input('crops.1', [16, 3, 16, 16])];
    const state = iic.build(stored, pairContext(), crops).initialState(1);
    for (const group of ['over_head.0', 'cluster_head.4']) {
      const weight = state[`${group}.weight`]! as Float32Array;
      expect(Math.max(...weight.map(Math.abs))).toBeLessThan(0.05);
      expect(new Set(state[`${group}.bias`])).toEqual(new Set([0]));
    }
    expect([...(state.headLosses as Float32Array)]).toEqual([0, 0, 0, 0, 0]);
  });

  it.each(['together', 'over', 'cluster'] as const)(
    'agrees with a whole step in PyTorch: %s',
    async (turn) => {
      const training = turn === 'together' ? turn : 'turns';
      await expectPairStep(engine, 'iic_step', turn, (crops) =>
        iic.build({ ...stored, training, clusterHeads: 2 }, pairContext(), crops),
      );
    },
  );
});
