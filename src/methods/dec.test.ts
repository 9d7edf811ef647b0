/** DEC against golden values of its formulas, its properties, and a whole step in PyTorch. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { evaluateOn, expectAll } from '../backends/evaluate.cases.ts';
import { openEngine } from '../backends/index.ts';
import { featuresOf } from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { gradients, input, mul, softmax, type Tensor } from '../tensor/index.ts';
import { changedFraction, clusteringLoss, dec, studentLogits, targetDistribution } from './dec.ts';
import type { PhaseContext } from './program.ts';
import { context, expectStoredStep, openStored, runStored } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const encoder = { architecture: 'mlp', layerWidths: [12, 6, 3] } as const;
const small = context({ encoder, imageSize: 4, crops: [{ count: 1, size: 4 }] });
const own = { clusters: 3, layerEpochs: 2, stackEpochs: 4, targetInterval: 6 };
const build = (images: Tensor) =>
  dec.build({ ...own, clusteringLearningRate: 0.1 }, small, [images], 'clustering');

describe('DEC', () => {
  it('agrees with a whole step of clustering in PyTorch', async () => {
    await expectStoredStep(engine, 'dec_step', build);
  });

  it('changes nothing after the end of clustering', async () => {
    const { stored } = openStored('dec_step');
    const { after, under } = await runStored(engine, 'dec_step', build, {
      derived: () => ({ 'clustering.active': Float32Array.of(0) }),
    });
    for (const name of under('gradients.'))
      expect(after[name], name).toEqual(stored(`before.${name}`));
  });

  it('trains layers, the stack, then clusters', () => {
    const program = dec.program({ method: { name: 'dec', ...own } } as never, small);
    expect(program.steps.map(({ firstEpoch }) => firstEpoch)).toEqual([0, 2, 4, 6, 10]);
    expect(program.steps[0]!.draws).toBeUndefined(); // pixels are not corrupted
    expect(
      Object.keys(program.steps[1]!.draws!({ step: 0, stepsPerEpoch: 1, totalSteps: 1 }, 0)),
    ).toContain('dropout.layer-2.rows');
    expect(program.encoderState).toContain('centers');
  });

  it('pretrains for half of a run that is no longer than its pretraining', () => {
    const firsts = (epochs: number) =>
      dec
        .program({ method: { name: 'dec', ...own } } as never, { ...small, epochs })
        .steps.map(({ firstEpoch }) => firstEpoch);
    expect(firsts(11)).toEqual([0, 2, 4, 6, 10]);
    expect(firsts(10)).toEqual([0, 1, 2, 3, 5]);
    expect(firsts(2)).toEqual([0, 1]);
  });

  it('refuses more clusters than images, and filters in front of the network', () => {
    const check = (given: object, changed: object = {}) =>
      dec.check({ method: { name: 'dec', ...given } } as never, { ...small, ...changed });
    expect(() => check({ clusters: 31 })).toThrow(
      'clusters: received "31"; expected whole numbers',
    );
    expect(() => check({}, { encoder: { ...encoder, frontEnd: 'sobel' } })).toThrow('frontEnd');
  });
});

describe('targets between epochs', () => {
  const N = 30;
  const { phase } = dec.program({ method: { name: 'dec', ...own } } as never, small);
  const assignments = (shift: number) =>
    featuresOf(
      Float32Array.from({ length: N * 3 }, (_, i) =>
        i % 3 === (Math.floor(i / 3) + shift) % 3 ? 0.8 : 0.1,
      ),
      3,
    );
  const run = (epoch: number, state: Values, shift = 0) =>
    phase!.run({
      engine,
      epoch,
      readState: async () => state,
      features: async () => assignments(shift),
    } as unknown as PhaseContext);
  const unseen = { labels: new Float32Array(N).fill(-1), 'clustering.active': Float32Array.of(1) };

  it('are made every T steps, rounded up to epochs: 6 steps are two epochs of 3', async () => {
    expect([5, 10, 11].map((epoch) => phase!.isDue(epoch))).toEqual([false, true, true]);
    expect((await run(11, unseen)).state).toEqual({});
    expect((await run(12, unseen)).state).not.toEqual({});
  });

  it('do not end clustering at first, and end it where no image changes its cluster', async () => {
    const first = await run(10, unseen);
    expect(first.facts).toEqual({ active: 1 });
    const again = await run(10, { ...unseen, ...first.state } as Values);
    expect(again.facts.active).toBe(1);
    const moved = await run(12, first.state as Values, 1);
    expect(moved.facts).toMatchObject({ active: 1, changed: 1 });
    const ended = await run(14, moved.state as Values, 1);
    expect(ended.facts).toMatchObject({ active: 0, changed: 0, nmiBefore: 1 });
    expect(ended.state['clustering.active']).toEqual(Float32Array.of(0));
    expect(await run(16, ended.state as Values)).toEqual({ state: {}, facts: {} });
  });

  it('count images that change their cluster', () => {
    expect(changedFraction([0, 1, 2, 2], [0, 1, 1, 2])).toBe(0.25);
  });
});

describe('losses', () => {
  // Four codes and two centers; values by numpy in float64, slopes by central differences.
  const z = input('z', [4, 2]);
  const centers = input('centers', [2, 2]);
  const feeds = {
    z: Float32Array.of(0, 0, 1, 0, 0, 2, 3, 3),
    centers: Float32Array.of(0, 0.5, 2, 2),
  };
  const logits = studentLogits(z, centers);
  const q = softmax(logits);
  const p = targetDistribution(q);
  const loss = clusteringLoss(p, logits);
  const column = (values: ArrayLike<number>) => Array.from(values).filter((_, i) => i % 2 === 0);

  it('have the golden assignments, targets and loss', async () => {
    const found = await evaluateOn(engine, { q, p, loss }, feeds);
    expectAll(Float32Array.from(column(found.q!)), [0.878049, 0.727273, 0.606061, 0.155844], 1e-6);
    expectAll(Float32Array.from(column(found.p!)), [0.972794, 0.830647, 0.620136, 0.022968], 1e-6);
    expect(found.loss![0]).toBeCloseTo(0.04695795, 6);
  });

  it('have the golden gradients, with the target held fixed', async () => {
    const [dz, dCenters] = gradients(mul(4, loss), [z, centers]) as [Tensor, Tensor];
    const found = await evaluateOn(engine, { dz, dCenters }, feeds);
    const ofCodes = [
      0.042109, -0.033687, 0.126346, 0.022972, 0.011261, 0.012993, 0.039522, 0.047699,
    ];
    expectAll(found.dz!, ofCodes, 2e-6);
    expectAll(found.dCenters!, [-0.042826, 0.149632, -0.176411, -0.199609], 2e-6);
  });

  it('are 0 where assignments are their targets', async () => {
    const [same] = [clusteringLoss(q, logits)];
    expect((await evaluateOn(engine, { same }, feeds)).same![0]).toBeCloseTo(0, 6);
  });

  const [N, D, K] = [6, 2, 3];
  const values = (count: number) =>
    fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: count, maxLength: count });

  it('stay as they are where clusters are permuted, and where each image is there twice', async () => {
    const codes = { once: input('once', [N, D]), twice: input('twice', [2 * N, D]) };
    const mu = { own: input('own', [K, D]), other: input('other', [K, D]) };
    const of = (code: Tensor, center: Tensor) => {
      const found = studentLogits(code, center);
      const target = targetDistribution(softmax(found));
      return { target, loss: clusteringLoss(target, found) };
    };
    const [plain, doubled] = [of(codes.once, mu.own), of(codes.twice, mu.own)];
    const executable = await engine.compile({
      outputs: {
        target: plain.target,
        loss: plain.loss,
        doubledTarget: doubled.target,
        doubledLoss: doubled.loss,
        permuted: of(codes.once, mu.other).loss,
      },
    });
    await fc.assert(
      fc.asyncProperty(values(N * D), values(K * D), async (code, center) => {
        const found = await executable.run({
          once: Float32Array.from(code),
          twice: Float32Array.from([...code, ...code]),
          own: Float32Array.from(center),
          other: Float32Array.from([...center.slice(D), ...center.slice(0, D)]),
        });
        expect(found.permuted![0]).toBeCloseTo(found.loss![0]!, 5);
        expect(found.doubledLoss![0]).toBeCloseTo(found.loss![0]!, 5);
        expectAll(found.doubledTarget!.slice(0, N * K), [...found.target!], 1e-5);
        expect(found.loss![0]).toBeGreaterThan(-1e-6);
        for (let n = 0; n < N; n++) {
          const row = [...found.target!.slice(n * K, (n + 1) * K)];
          expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
        }
      }),
      { numRuns: 25 },
    );
    await executable.dispose();
  });
});
