/**
 * SwAV against golden vectors (computed in numpy from the paper's formulas) and against a whole
 * step in PyTorch.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { evaluateOn, expectAll } from '../backends/evaluate.cases.ts';
import { openEngine } from '../backends/index.ts';
import type { Values } from '../compile/index.ts';
import { adam, larc, type Optimizer } from '../nn/index.ts';
import { concat, constant, input, type Tensor, type TensorData } from '../tensor/index.ts';
import { context, expectClose, openStored, runStep } from './stepFixture.cases.ts';
import { swav, swavLoss } from './swav.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const Sa = [0.9, 0.1, -0.3, 0.8, 0.2, 0, -0.1, 0.7, 0.3, 0.85, 0.05, -0.2];
const Sb = [0.7, 0.2, -0.1, 0.6, 0.3, 0.1, 0, 0.5, 0.4, 0.4, 0.3, 0.2];
const matrix = (values: number[]) => constant(Float32Array.from(values), [values.length / 3, 3]);

const evaluate = (outputs: Record<string, Tensor>, feeds: Values = {}) =>
  evaluateOn(engine, outputs, feeds);

describe('swavLoss', () => {
  it('gives the golden two-crop loss', async () => {
    // With C the identity, the scores are the embeddings themselves.
    const identity = constant(Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), [3, 3]);
    const { loss } = swavLoss(concat([matrix(Sa), matrix(Sb)]), identity, {
      crops: 2,
      temperature: 0.1,
      epsilon: 0.05,
      sinkhornIterations: 3,
    });
    const results = await evaluate({ loss });
    expect(results.loss![0]).toBeCloseTo(2.097520342, 5);
  });
});

describe('a whole step against PyTorch', () => {
  const { stored, under: names } = openStored('swav_step');

  interface StepSettings {
    optimizer: Optimizer;
    lr: number;
    queueLength: number;
  }

  async function step(
    { optimizer, lr, queueLength }: StepSettings,
    slots: Record<string, string>,
    frozen: 0 | 1 = 0,
  ) {
    const images = [input('crops.0', [16, 3, 16, 16]), input('crops.1', [16, 3, 8, 8])];
    const method = swav.build(
      { prototypes: 12, embeddingDim: 8, hiddenDim: 32, queueLength, queueStartEpoch: 0 },
      context({
        encoder: { architecture: 'resnet10', stem: 'cifar', stageWidths: [8, 16, 16, 16] },
        optimizer,
        learningRate: () => lr,
      }),
      images,
    );
    const initial: Record<string, Float32Array> = {};
    for (const name of names('weights.')) initial[name] = stored(`weights.${name}`);
    for (const name of names('statistics.')) initial[name] = stored(`statistics.${name}`);
    for (const [ours, theirs] of Object.entries(slots)) {
      for (const name of names(`${theirs}.`))
        initial[`${ours}.${name}`] = stored(`${theirs}.${name}`);
    }
    const queue = stored('queue');
    if (queueLength > 0) {
      initial['queue.0'] = queue.slice(0, queue.length / 2);
      initial['queue.1'] = queue.slice(queue.length / 2);
    }
    // The third step of Adam; the queue is full by then.
    return runStep(engine, method, {
      state: initial,
      feeds: {
        'active.prototypes': Float32Array.of(1 - frozen),
        'crops.0': stored('crops.big'),
        'crops.1': stored('crops.small'),
      },
    });
  }

  function expectAgrees(received: TensorData, name: string) {
    // The gradient of a bias before batch norm is 0 in exact arithmetic: compared in absolute
    // terms.
    const floor = name.endsWith('gradients.projection_head.0.bias') ? 1e-6 : 0;
    expectClose(received, stored(name), name, { floor });
  }

  const recipes: {
    recipe: string;
    optimizer: Optimizer;
    lr: number;
    slots: Record<string, string>;
  }[] = [
    {
      recipe: 'larc',
      optimizer: larc({ momentum: 0.9, weightDecay: 1e-6, trust: 0.001 }),
      lr: 0.6,
      slots: { momentum: 'momentum' },
    },
    {
      recipe: 'adam',
      optimizer: adam({ weightDecay: 1e-6 }),
      lr: 1e-3,
      slots: { 'adam.m': 'adam.m', 'adam.v': 'adam.v' },
    },
  ];
  for (const { recipe, optimizer, lr, slots } of recipes) {
    it(`agrees in loss, gradients, weights and statistics (${recipe})`, async () => {
      const { results, after } = await step({ optimizer, lr, queueLength: 0 }, slots);
      expectAgrees(results.loss!, 'plain.loss');
      for (const name of names('plain.gradients.'))
        expectAgrees(results[`d ${name}`]!, `plain.gradients.${name}`);
      for (const name of names(`plain.${recipe}.weights.`)) {
        // Adam turns the rounding of a gradient that is 0 into a step of full size, in PyTorch's
        // float32 as well.
        if (recipe === 'adam' && name === 'projection_head.0.bias') continue;
        expectAgrees(after[name]!, `plain.${recipe}.weights.${name}`);
      }
      for (const name of names('plain.statistics.'))
        expectAgrees(after[name]!, `plain.statistics.${name}`);
      if (recipe === 'larc') {
        for (const name of names('plain.larc.momentum.'))
          expectAgrees(after[`momentum.${name}`]!, `plain.larc.momentum.${name}`);
      }
    });
  }

  it('agrees with a full queue, and leaves the queue that PyTorch leaves', async () => {
    const { results, after } = await step({ ...recipes[0]!, queueLength: 16 }, recipes[0]!.slots);
    expectAgrees(results.loss!, 'queued.loss');
    for (const name of names('queued.gradients.'))
      expectAgrees(results[`d ${name}`]!, `queued.gradients.${name}`);
    for (const name of names('queued.larc.weights.'))
      expectAgrees(after[name]!, `queued.larc.weights.${name}`);
    expectAgrees(
      Float32Array.from([...after['queue.0']!, ...after['queue.1']!]),
      'queued.queueAfter',
    );
  });

  it('keeps frozen prototypes and their momentum, and only normalizes them', async () => {
    const { after } = await step({ ...recipes[0]!, queueLength: 0 }, recipes[0]!.slots, 1);
    expect([...after['momentum.prototypes.weight']!]).toEqual([
      ...stored('momentum.prototypes.weight'),
    ]);
    const before = stored('weights.prototypes.weight');
    for (let k = 0; k < 12; k++) {
      const row = before.slice(k * 8, k * 8 + 8);
      const length = Math.hypot(...row);
      expectAll(
        after['prototypes.weight']!.slice(k * 8, k * 8 + 8),
        [...row].map((value) => value / length),
        1e-6,
      );
    }
  });
});

describe('the queue', () => {
  it('is used only after it has been filled from its start epoch on', () => {
    const images = [input('crops.0', [16, 3, 16, 16])];
    const { scalars } = swav.build(
      {
        prototypes: 4,
        embeddingDim: 4,
        hiddenDim: 0,
        queueLength: 24,
        queueStartEpoch: 2,
        freezePrototypesSteps: 5,
      },
      context({ encoder: { architecture: 'resnet10', width: 4 }, optimizer: adam() }),
      images,
    );
    const at = (step: number) => scalars({ step, stepsPerEpoch: 10, totalSteps: 100 });
    expect([19, 20, 22, 23].map((step) => [at(step).queueFilling, at(step).queueActive])).toEqual([
      [0, 0],
      [1, 0],
      [1, 0],
      [1, 1],
    ]);
    expect([4, 5].map((step) => at(step)['active.prototypes'])).toEqual([0, 1]);
  });

  const built = (own: { queueLength?: number; freezePrototypesSteps?: number }) =>
    swav.build(
      { prototypes: 4, embeddingDim: 4, hiddenDim: 0, ...own },
      context({ encoder: { architecture: 'resnet10', width: 4 }, optimizer: adam() }),
      [input('crops.0', [16, 3, 16, 16])],
    );

  it('has whole batches alone, as in the authors’ code', () => {
    // Batches of 8: the authors subtract `queue_length % batch_size`.
    const lengths = [7, 8, 15, 16, 23].map((queueLength) =>
      (built({ queueLength }).program.state ?? [])
        .filter(({ current }) => String(current.node.attributes.name).startsWith('queue.'))
        .map(({ current }) => current.shape),
    );
    const queues = (length: number) => [
      [length, 4],
      [length, 4],
    ];
    expect(lengths).toEqual([[], queues(8), queues(8), queues(16), queues(16)]);
  });

  it("leaves Adam's count of the prototypes' updates at 0 until they are released", () => {
    // Corrections of Kingma and Ba, algorithm 1, for the t-th update: 1 / (1 - beta^t).
    const { scalars } = built({ freezePrototypesSteps: 5 });
    const corrections = (step: number, group: string) => {
      const at = scalars({ step, stepsPerEpoch: 10, totalSteps: 100 });
      return [at[`adam.stepSize.${group}`]!, at[`adam.deviation.${group}`]!];
    };
    const expected = (t: number) => [1 / (1 - 0.9 ** t), 1 / Math.sqrt(1 - 0.999 ** t)];
    for (const [step, updates] of [
      [5, 1],
      [6, 2],
      [42, 38],
    ] as const) {
      corrections(step, 'prototypes').forEach((value, i) => {
        expect(value).toBeCloseTo(expected(updates)[i]!, 9);
      });
      corrections(step, 'network').forEach((value, i) => {
        expect(value).toBeCloseTo(expected(step + 1)[i]!, 9);
      });
    }
  });
});
