import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { evaluateOn } from '../backends/evaluate.cases.ts';
import { openEngine } from '../backends/index.ts';
import { constant, gradients, input, type Tensor } from '../tensor/index.ts';
import { alignmentLoss, propos, scatteringLoss } from './propos.ts';
import { UNLABELED } from './pseudoLabels.ts';
import {
  context,
  expectClose,
  expectStoredStep,
  head,
  moment,
  runStored,
} from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const own = {
  ...head,
  predictorDim: 5,
  predictorRate: 2,
  encoderMomentum: 0.9,
  finalEncoderMomentum: 0.9,
  clusters: 4,
  clusterWarmupEpochs: 2,
  prototypeWeight: 0.7,
  queryNoise: 0.1,
};
const build = (images: Tensor) => propos.build(own, context(), [images]);
/** Moment after the warm-up. */
const later = { ...moment, step: 20 };

describe('ProPos', () => {
  it('agrees with a whole step in PyTorch: noisy queries, centers, a rate of the predictor', async () => {
    await expectStoredStep(engine, 'propos_step', build, { at: later });
  });

  it('gives both parts of the loss, and in the warm-up neither centers nor noise', async () => {
    const { results, stored } = await runStored(engine, 'propos_step', build, { at: later });
    expectClose(results['fact.alignmentLoss']!, stored('alignment'), 'alignment');
    expectClose(results['fact.scatteringLoss']!, stored('scattering'), 'scattering');
    const early = await runStored(engine, 'propos_step', build);
    expect(early.results.loss![0]).toBe(early.results['fact.alignmentLoss']![0]);
    expect(early.results.loss![0]).not.toBeCloseTo(stored('alignment')[0]!, 4);
  });

  it('draws noise by seed, step and view alone', () => {
    const { draws } = build(input('crops.0', [16, 3, 16, 16]));
    const at = (step: number, seed: number) => draws!({ ...moment, step }, seed);
    expect(at(3, 1)).toEqual(at(3, 1));
    expect(at(3, 1)['noise.0']).not.toEqual(at(4, 1)['noise.0']);
    expect(at(3, 1)['noise.0']).not.toEqual(at(3, 2)['noise.0']);
    expect(at(3, 1)['noise.0']).not.toEqual(at(3, 1)['noise.1']);
  });

  it('refuses more clusters than a batch or the folder has images', () => {
    const check = (clusters: number) =>
      propos.check(
        { method: { ...propos.settings.parse({ clusters }), name: 'propos' } } as never,
        context(),
      );
    expect(() => check(8)).not.toThrow();
    expect(() => check(9)).toThrow('received 9 with batches of 8; expected at most 8');
    expect(() => check(31)).toThrow('whole numbers from 2 to 30');
  });
});

describe('alignmentLoss', () => {
  it('is |p/|p| - k/|k||², and no gradient reaches the target', async () => {
    const [p, k] = [input('p', [2, 2]), input('k', [2, 2])];
    const loss = alignmentLoss(p, k);
    const [byK] = gradients(loss, [k]);
    const feeds = { p: Float32Array.of(2, 0, 0, 3), k: Float32Array.of(3, 4, 0, -1) };
    const results = await evaluateOn(engine, { loss, byK: byK! }, feeds);
    expect(results.loss![0]).toBeCloseTo((0.8 + 4) / 2, 5);
    expect([...results.byK!]).toEqual([0, 0, 0, 0]);
  });
});

describe('scatteringLoss', () => {
  const options = { clusters: 3, temperature: 0.5 };
  const [q, k] = [input('q', [6, 2]), input('k', [6, 2])];
  const labels = (...values: number[]) => constant(Int32Array.from(values), [6]);
  const y = labels(0, 2, 0, 2, 2, 0);
  const circle = (angles: number[], length = 1) =>
    Float32Array.from(angles.flatMap((a) => [length * Math.cos(a), length * Math.sin(a)]));
  const angles = fc.array(
    fc.integer({ min: 0, max: 628 }).map((a) => a / 100),
    { minLength: 6, maxLength: 6 },
  );
  const loss = (of: Tensor, temperature = 0.5) =>
    scatteringLoss(q, k, of, { ...options, temperature });
  /** Centers of clusters 0 and 2 in closed form, angles of single points being means of angles. */
  const together = circle([0.3, 2, 0.3, 2, 2, 0.3]);
  const targets = circle([0.5, 1.4, 0.5, 1.4, 1.4, 0.5], 3);

  it('pulls a center to its target and pushes it from others, a missing cluster at -10', async () => {
    const results = await evaluateOn(engine, { loss: loss(y) }, { q: together, k: targets });
    const row = (own: number) =>
      Math.log(Math.exp(own) + Math.exp(2 * Math.cos(1.7)) + Math.exp(-10)) - own;
    const expected = (row(2 * Math.cos(0.2)) + row(2 * Math.cos(0.6))) / 2;
    expect(results.loss![0]).toBeCloseTo(expected, 5);
  });

  it('is ln K where all centers are equal', async () => {
    const same = circle([1, 1, 1, 1, 1, 1]);
    const of = labels(0, 1, 2, 0, 1, 2);
    const results = await evaluateOn(engine, { loss: loss(of) }, { q: same, k: same });
    expect(results.loss![0]).toBeCloseTo(Math.log(3), 5);
  });

  it('is 0 without labels, with gradients that are numbers', async () => {
    const value = loss(labels(...new Array(6).fill(UNLABELED)));
    const [byQ] = gradients(value, [q]);
    const results = await evaluateOn(engine, { value, byQ: byQ! }, { q: together, k: targets });
    expect(results.value![0]).toBeCloseTo(0, 12);
    expect([...results.byQ!]).toEqual(new Array(12).fill(0));
  });

  it('ignores the names of clusters and lengths, is bounded, and has no gradient for targets', async () => {
    const renamed = labels(1, 0, 1, 0, 0, 1);
    const value = loss(y);
    const [byK] = gradients(value, [k]);
    const executable = await engine.compile({
      outputs: { value, renamed: loss(renamed), byK: byK! },
    });
    await fc.assert(
      fc.asyncProperty(angles, angles, async (a, b) => {
        const one = await executable.run({ q: circle(a), k: circle(b) });
        const long = await executable.run({ q: circle(a, 7), k: circle(b, 0.5) });
        expect(one.renamed![0]).toBeCloseTo(one.value![0]!, 4);
        expect(long.value![0]).toBeCloseTo(one.value![0]!, 4);
        expect(one.value![0]).toBeGreaterThanOrEqual(0);
        expect(one.value![0]).toBeLessThan(4 + Math.log(3));
        expect([...one.byK!]).toEqual(new Array(12).fill(0));
      }),
      { numRuns: 30 },
    );
    await executable.dispose();
  });
});
