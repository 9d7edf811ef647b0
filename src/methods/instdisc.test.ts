import { afterAll, describe, expect, it } from 'vitest';
import { evaluateOn } from '../backends/evaluate.cases.ts';
import { openEngine } from '../backends/index.ts';
import { constant, input, type Tensor } from '../tensor/index.ts';
import { bankAfter, drawNegatives, instdisc } from './instdisc.ts';
import { noiseContrast, proximal } from './noiseContrast.ts';
import { context, expectClose, expectStoredStep, head, runStored } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const build = (negatives: number, images = input('crops.0', [8, 3, 16, 16])) =>
  instdisc.build(
    { ...head, hiddenDim: 0, temperature: 0.2, negatives, bankMomentum: 0.9 },
    context(),
    [images],
  );

describe('InstDisc', () => {
  it('agrees with a whole step in PyTorch: own rows left out of the draws, bank written at the positions', async () => {
    await expectStoredStep(engine, 'instdisc_step', (images) => build(12, images));
  });

  it('is the softmax over the whole bank where nearly all of it would be drawn', async () => {
    const { results, stored, after } = await runStored(engine, 'instdisc_step', (images) =>
      build(29, images),
    );
    expectClose(results.loss!, stored('wholeLoss'), 'loss');
    expectClose(after.bank!, stored('after.bank'), 'bank');
  });

  it('draws negatives only where the bank exceeds them, and counts the candidates for the loss of chance', () => {
    const sampled = build(12);
    expect(sampled.draws).toBeDefined();
    expect(sampled.randomBaselineLoss).toBeCloseTo(Math.log(13), 12);
    const whole = build(29);
    expect(whole.draws).toBeUndefined();
    expect(whole.randomBaselineLoss).toBeCloseTo(Math.log(30), 12);
  });

  it('starts with a bank on the sphere, which is no part of the encoder', () => {
    const { initialState, encoderState } = build(12);
    const { bank } = initialState(5);
    for (let n = 0; n < 30; n++)
      expect(Math.hypot(...bank!.slice(n * 6, n * 6 + 6))).toBeCloseTo(1, 5);
    expect(encoderState).not.toContain('bank');
  });
});

describe('noise-contrastive estimation', () => {
  const nce = { ...head, hiddenDim: 0, temperature: 0.2, negatives: 12, bankMomentum: 0.9 };
  const steps = (images: Tensor) =>
    instdisc.build({ ...nce, loss: 'nce', proximalWeight: 0.4 }, context(), [images]);

  it('agrees with a whole step of noise-contrastive estimation in PyTorch, Z of the first batch', async () => {
    await expectStoredStep(engine, 'instdisc_nce_step', steps);
  });

  it('keeps the constant that an earlier batch has estimated', async () => {
    const { results, after, stored } = await runStored(engine, 'instdisc_nce_step', steps, {
      derived: () => ({ normalizer: Float32Array.of(75) }),
    });
    expectClose(results.loss!, stored('laterLoss'), 'loss');
    expect(after.normalizer).toEqual(Float32Array.of(75));
  });

  it('is ln(1 + M) + M ln(1 + 1/M) where all cosines are equal', async () => {
    const same = constant(Float32Array.of(1, 0, 1, 0, 1, 0), [3, 2]);
    const normalizer = constant(Float32Array.of(0), [1]);
    const { loss } = noiseContrast(
      same,
      { own: same, noise: same, normalizer },
      { temperature: 0.1, images: 50 },
    );
    const results = await evaluateOn(engine, { loss, none: proximal(same, same) });
    expect(results.loss![0]).toBeCloseTo(Math.log(4) + 3 * Math.log(4 / 3), 4);
    expect(results.none![0]).toBe(0);
    const { randomBaselineLoss } = steps(input('crops.0', [8, 3, 16, 16]));
    expect(randomBaselineLoss).toBeCloseTo(Math.log(13) + 12 * Math.log(13 / 12), 12);
  });
});

describe('the memory bank', () => {
  it('moves the rows of the batch towards their embeddings, on the sphere, and no others', async () => {
    const bank = constant(Float32Array.of(1, 0, 0, 1, -1, 0, 0, -1), [4, 2]);
    const own = constant(Float32Array.of(-1, 0, 1, 0), [2, 2]);
    const f = constant(Float32Array.of(0, 1, 0.6, 0.8), [2, 2]);
    const indices = constant(Int32Array.of(2, 0), [2]);
    const executable = await engine.compile({
      outputs: { after: bankAfter(bank, { own, indices, f, momentum: 0.75 }) },
    });
    const { after } = await executable.run({});
    await executable.dispose();
    const [a, b] = [Math.hypot(0.75, 0.25), Math.hypot(0.9, 0.2)];
    const expected = [0.9 / b, 0.2 / b, 0, 1, -0.75 / a, 0.25 / a, 0, -1];
    for (const [i, value] of expected.entries()) expect(after![i]).toBeCloseTo(value, 6);
  });
});

describe('the draws of negatives', () => {
  it('depend on seed and step alone, and cover the bank evenly', () => {
    const draw = (step: number, seed: number) =>
      drawNegatives({ step, seed }, { count: 4000, images: 20 });
    expect(draw(3, 1)).toEqual(draw(3, 1));
    expect(draw(3, 1)).not.toEqual(draw(4, 1));
    expect(draw(3, 1)).not.toEqual(draw(3, 2));
    const counts = new Array(20).fill(0);
    for (const n of draw(3, 1)) counts[n]++;
    expect(counts.length).toBe(20);
    // 200 each, standard deviation 14.
    for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(70);
  });
});
