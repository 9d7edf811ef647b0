/** SCAN against golden vectors of its formulas, its properties, and a whole step in PyTorch. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { evaluateOn } from '../backends/evaluate.cases.ts';
import { openEngine } from '../backends/index.ts';
import { gradients, input } from '../tensor/index.ts';
import { featureContext, first, own, P, Q, table } from './heads.cases.ts';
import { scan, scanLoss, selfLabelingLoss } from './scan.ts';
import { expectStoredStep } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

describe('SCAN', () => {
  it('agrees with a whole step of the first stage in PyTorch', async () => {
    await expectStoredStep(
      engine,
      'scan_step',
      (x) => scan.build({ ...own, entropyWeight: 5 }, featureContext(), [x], 'consistency'),
      { at: first },
    );
  });

  it('agrees with a whole step of self-labeling in PyTorch: labels, weights, dropout', async () => {
    await expectStoredStep(
      engine,
      'scan_self_labeling_step',
      (x) => scan.build({ ...own, confidence: 0.8 }, featureContext(), [x], 'self-labeling'),
      { at: first },
    );
  });

  it('begins self-labeling after whole epochs of at least that many steps', () => {
    const { steps } = scan.program(
      { method: { name: 'scan', consistencySteps: 7 } } as never,
      featureContext(), // 30 images in batches of 8: 3 steps
    );
    expect(steps.map(({ firstEpoch }) => firstEpoch)).toEqual([0, 3]);
  });
});

describe('scanLoss', () => {
  it('gives the golden terms', async () => {
    const { loss, consistency, entropy } = scanLoss(table(P), table(Q), { entropyWeight: 5 });
    const results = await evaluateOn(engine, { loss, consistency, entropy });
    expect(results.consistency![0]).toBeCloseTo(0.33654194, 5);
    expect(results.entropy![0]).toBeCloseTo(1.03108045, 5);
    expect(results.loss![0]).toBeCloseTo(-4.81886029, 5);
  });

  it('is least for sure and balanced pairs', async () => {
    const [p, q] = [input('p', [3, 3]), input('q', [3, 3])];
    const { loss, entropy } = scanLoss(p, q, { entropyWeight: 5 });
    const executable = await engine.compile({ outputs: { loss, entropy } });
    const sure = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
    const { loss: least } = await executable.run({ p: sure, q: sure });
    expect(least![0]).toBeCloseTo(-5 * Math.log(3), 4);
    const weights = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 3, maxLength: 3 });
    const row = weights.map((w) => w.map((x) => x / w.reduce((a, b) => a + b)));
    const rows = fc.array(row, { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(rows, rows, async (a, b) => {
        const feeds = { p: Float32Array.from(a.flat()), q: Float32Array.from(b.flat()) };
        const results = await executable.run(feeds);
        expect(Number(results.loss![0])).toBeGreaterThanOrEqual(-5 * Math.log(3) - 1e-4);
        expect(Number(results.entropy![0])).toBeLessThanOrEqual(Math.log(3) + 1e-4);
      }),
      { numRuns: 25 },
    );
    await executable.dispose();
  });
});

describe('selfLabelingLoss', () => {
  it('gives each cluster the same weight, and is 0 without confident images', async () => {
    const logits = input('logits', [4, 3]);
    const { loss, confident } = selfLabelingLoss(table(P), logits, { confidence: 0.85 });
    const none = selfLabelingLoss(table(P), logits, { confidence: 0.99 });
    const [gradient] = gradients(none.loss, [logits]);
    const feeds = { logits: Float32Array.from(Q.flat().map(Math.log)) };
    const outputs = { loss, confident, none: none.loss, gradient: gradient! };
    const results = await evaluateOn(engine, outputs, feeds);
    // Images 0, 1 and 3 are confident, two of them in cluster 0.
    const expected = -(Math.log(0.9) + Math.log(0.8)) / 4 - Math.log(0.9) / 2;
    expect(results.loss![0]).toBeCloseTo(expected, 5);
    expect(results.confident![0]).toBeCloseTo(0.75, 6);
    expect(Math.abs(Number(results.none![0]))).toBe(0);
    expect([...results.gradient!].every((value) => Math.abs(Number(value)) === 0)).toBe(true);
  });
});
