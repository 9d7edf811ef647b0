/** JULE beside a whole step in PyTorch; its triplets, its phase and its order of images. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { featuresOf } from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { constant, gradients, input } from '../tensor/index.ts';
import { jule, tripletLoss } from './jule.ts';
import { groupedOrder, julePhase } from './julePhase.ts';
import type { PhaseContext } from './program.ts';
import { UNLABELED } from './pseudoLabels.ts';
import { context, expectStoredVariant } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const network = { architecture: 'jule', width: 8 } as const;
const defaults = jule.settings.parse({});
const options = { negatives: 20, margin: 0.2, positiveWeight: 1, variant: 'corrected' } as const;

/** Loss and gradient of rows by the triplets of a batch; earlier columns come first. */
async function lossOf(rows: number[][], labels: number[], given: Partial<typeof options> = {}) {
  const [B, F] = [rows.length, rows[0]!.length];
  const z = input('z', [B, F]);
  const order = Float32Array.from({ length: B * B }, (_, i) => 1 - (i % B) / B);
  const batch = {
    labels: constant(Int32Array.from(labels), [B], 'int32'),
    order: constant(order, [B, B]),
  };
  const { loss, triplets, violated } = tripletLoss(z, batch, { ...options, ...given });
  const [gradient] = gradients(loss, [z]);
  const exe = await engine.compile({ outputs: { loss, triplets, violated, gradient: gradient! } });
  const found = await exe.run({ z: Float32Array.from(rows.flat()) });
  await exe.dispose();
  return {
    loss: Number(found.loss![0]),
    triplets: Number(found.triplets![0]),
    violated: Number(found.violated![0]),
    gradient: [...(found.gradient as Float32Array)],
  };
}

function expectNear(received: readonly number[], expected: readonly number[]) {
  for (const [i, value] of expected.entries()) expect(received[i], `${i}`).toBeCloseTo(value, 5);
}

describe('the triplets of JULE', () => {
  const golden = [
    [1, 0],
    [0.6, 0.8],
    [0.8, 0.6],
  ];

  it('have the golden loss and the right gradients', async () => {
    const { loss, triplets, violated, gradient } = await lossOf(golden, [5, 5, 2]);
    expect(loss).toBeCloseTo(0.6, 6);
    expect([triplets, violated]).toEqual([1, 1]);
    expectNear(gradient, [0.4, -0.4, -0.8, 1.6, 0.4, -1.2]);
  });

  it("repeat the slip of the authors' gradients, along the images themselves", async () => {
    const { loss, gradient } = await lossOf(golden, [5, 5, 2], { variant: 'reference' as never });
    expect(loss).toBeCloseTo(0.6, 6);
    expectNear(gradient, [0.4, -0.4, 2 * 0.6, 2 * 0.8, -2 * 0.8, -2 * 0.6]);
  });

  it('are all pairs of a cluster, each with its first negatives, and 0 without any', async () => {
    const rows = [0, 1, 2, 3, 4].map((angle) => [Math.cos(angle), Math.sin(angle)]);
    const labels = [1, 1, 1, 0, 0];
    expect((await lossOf(rows, labels)).triplets).toBe(3 * 2 + 1 * 3);
    expect((await lossOf(rows, labels, { negatives: 1 as never })).triplets).toBe(4);
    expect(await lossOf(rows, [1, 1, 1, 1, 1])).toMatchObject({ loss: 0, triplets: 0 });
    expect(await lossOf(rows, [0, 1, 2, 3, 4])).toMatchObject({ loss: 0, triplets: 0 });
  });

  it('have a loss from 0 to 4 gamma + margin, whatever the names of clusters', async () => {
    const angle = fc.float({ min: 0, max: 6, noNaN: true });
    const image = fc.tuple(angle, fc.integer({ min: 0, max: 2 }));
    await fc.assert(
      fc.asyncProperty(fc.array(image, { minLength: 4, maxLength: 4 }), async (drawn) => {
        const rows = drawn.map(([a]) => [Math.cos(a), Math.sin(a)]);
        const { loss } = await lossOf(
          rows,
          drawn.map(([, label]) => label),
        );
        expect(loss).toBeGreaterThanOrEqual(0);
        expect(loss).toBeLessThanOrEqual(4.2 + 1e-5);
        const renamed = await lossOf(
          rows,
          drawn.map(([, label]) => 7 - label),
        );
        expect(renamed.loss).toBeCloseTo(loss, 6);
      }),
      { numRuns: 8 },
    );
  });
});

describe('a step of JULE', () => {
  it.each(['corrected', 'reference'] as const)(
    'agrees with PyTorch: its network, triplets, gradients (%s)',
    async (variant) => {
      const own = { negatives: 3, margin: 0.4, positiveWeight: 1.25, clusters: 3, variant };
      await expectStoredVariant(engine, 'jule_step', variant, (images) =>
        jule.build(own, context({ imageSize: 28, encoder: network }), [images]),
      );
    },
  );

  it('lowers its rate as in the paper where asked to', () => {
    const { scalars } = jule.build(
      { rateDecay: 1e-4 },
      context({ encoder: network, optimizerSettings: { learningRate: 0.01, weightDecay: 0 } }),
      [input('crops.0', [8, 3, 28, 28])],
    );
    const at = (step: number) => scalars({ step, stepsPerEpoch: 10, totalSteps: 100 }).decayedRate!;
    expect(at(0)).toBe(0.01);
    expect(at(10_000)).toBeCloseTo(0.01 / 2 ** 0.75, 10);
  });
});

describe('the phase of JULE', () => {
  const N = 60;
  const shape = context({ imageSize: 28, encoder: network });
  const settings = {
    ...{ clusters: 3, neighbors: 5, mergeFraction: 0.9, mergeEpochs: 2 },
    groupSize: 5,
  };
  /** Three groups of directions. */
  function madeUp(seed: number, D: number) {
    const random = randomAt(seed, 'synthetic', 1);
    const data = Float32Array.from({ length: N * D }, (_, at) => {
      const [row, d] = [Math.floor(at / D), at % D];
      return (d === row % 3 ? 3 : 0) + random.normal(0, 0.3);
    });
    return featuresOf(data, D);
  }

  function phaseContext(epoch: number, state: Values): PhaseContext {
    return {
      engine,
      epoch,
      seed: 0,
      images: N,
      readState: async () => state,
      features: async ({ name }) => madeUp(2, name === 'jule-pixels' ? 12 : 20),
      views: () => Promise.reject(new Error('not used')),
      onProgress: () => {},
    };
  }
  const unlabeled = () => new Float32Array(N).fill(UNLABELED);
  const groups = Array.from({ length: N }, (_, i) => i % 3);
  const number = (labels: Float32Array) => new Set(labels).size;

  it('merges pixels first and features later, and keeps means of K clusters', async () => {
    const phase = julePhase({ ...settings, mergeFraction: 0.5 }, shape);
    const start = { labels: unlabeled(), merged: unlabeled() };
    const first = await phase.run(phaseContext(0, start));
    expect([...(first.state.merged as Float32Array)]).toEqual(groups);
    const before = number(first.state.labels as Float32Array);
    expect(before).toBeGreaterThan(3);
    expect(first.facts).toMatchObject({ clusters: before, largestCluster: 1 / 3 });

    const between = await phase.run(phaseContext(1, first.state));
    expect(Object.keys(between.state)).toEqual(['prototypes']);
    expect(between.state.prototypes).toEqual(first.state.prototypes);

    const second = await phase.run(phaseContext(2, first.state));
    const after = number(second.state.labels as Float32Array);
    expect(after).toBe(Math.max(3, before - Math.ceil(before / 2)));
    expect(second.facts.nmiBefore).toBeCloseTo(1, 6);
  });

  it('stops at K clusters', async () => {
    const phase = julePhase(settings, shape);
    const labels = Float32Array.from(groups);
    const { state } = await phase.run(phaseContext(2, { labels, merged: labels }));
    expect([...(state.labels as Float32Array)]).toEqual(groups);
  });

  it('has every image once in an epoch, clusters in groups', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 6 }),
        (labels, groupSize) => {
          const order = groupedOrder(labels, { seed: 1, epoch: 2, groupSize });
          expect([...order].sort((a, b) => a - b)).toEqual([...labels.keys()]);
        },
      ),
    );
    const labels = Array.from({ length: 20 }, (_, i) => i % 4);
    const order = groupedOrder(labels, { seed: 1, epoch: 2, groupSize: 5 });
    for (let g = 0; g < 4; g++) {
      expect(new Set([...order.slice(g * 5, g * 5 + 5)].map((i) => labels[i])).size).toBe(1);
    }
    expect(order).not.toEqual(groupedOrder(labels, { seed: 1, epoch: 3, groupSize: 5 }));
  });
});

describe('bad input', () => {
  it('is more clusters than images', () => {
    const settings = { method: { name: 'jule', ...defaults, clusters: 40 } } as never;
    expect(() => jule.check(settings, context({ encoder: network }))).toThrow(
      'clusters: received "40"; expected whole numbers from 2 to 30',
    );
  });

  it('is an image that the network cannot take', () => {
    expect(() =>
      jule.build({}, context({ encoder: network }), [input('crops.0', [8, 3, 8, 8])]),
    ).toThrow('architecture jule: received images of 8 x 8 px; expected 12 px or more');
  });
});
