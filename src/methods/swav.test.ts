/**
 * SwAV against golden vectors (computed in numpy from the paper's formulas) and against a whole
 * step in PyTorch.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { sinkhorn } from '../cluster/sinkhorn.ts';
import { adam, larc, type Optimizer } from '../nn/index.ts';
import { concat, constant, greater, input, scalar, slice, sum, type TensorData } from '../tensor/index.ts';
import { context, expectClose, openStored, runStep } from './stepFixture.cases.ts';
import { swav, swavLoss } from './swav.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const Sa = [0.9, 0.1, -0.3, 0.8, 0.2, 0, -0.1, 0.7, 0.3, 0.85, 0.05, -0.2];
const Sb = [0.7, 0.2, -0.1, 0.6, 0.3, 0.1, 0, 0.5, 0.4, 0.4, 0.3, 0.2];
const matrix = (values: number[]) => constant(Float32Array.from(values), [values.length / 3, 3]);

async function evaluate(outputs: Record<string, ReturnType<typeof matrix>>, feeds = {}) {
  const executable = await engine.compile({ outputs });
  const results = await executable.run(feeds);
  await executable.dispose();
  return results;
}

function sumOf(values: TensorData): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function expectAll(received: TensorData, expected: readonly number[], tolerance: number) {
  expect(received.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs(received[i]! - value), `element ${i}: ${received[i]} for ${value}`).toBeLessThan(
      tolerance,
    );
  });
}

describe('sinkhorn', () => {
  it('gives the golden codes', async () => {
    const { a, b } = await evaluate({ a: sinkhorn(matrix(Sa)), b: sinkhorn(matrix(Sb)) });
    expectAll(
      a!,
      [
        0.999457, 0.000304, 0.000239, 0.577966, 0.009598, 0.412437, 0, 0.559574, 0.440426, 0.994914, 0.000303,
        0.004784,
      ],
      2e-6,
    );
    expectAll(
      b!,
      [
        0.992373, 0.007465, 0.000162, 0.677249, 0.27814, 0.044612, 0, 0.457634, 0.542366, 0.020001, 0.448481,
        0.531518,
      ],
      2e-6,
    );
  });

  it('gives prototypes the golden totals: equal ones only after many iterations', async () => {
    const totals = (Q: ReturnType<typeof matrix>) => sum(Q, { axes: [0] });
    const { three, many } = await evaluate({
      three: totals(sinkhorn(matrix(Sa))),
      many: totals(sinkhorn(matrix(Sa), { iterations: 100 })),
    });
    expectAll(three!, [2.572336, 0.569779, 0.857885], 2e-6);
    expectAll(many!, [4 / 3, 4 / 3, 4 / 3], 1e-5);
  });

  it('gives the golden codes behind a queue', async () => {
    const T = concat([
      slice(matrix(Sb), { axis: 0, start: 0, end: 2 }),
      slice(matrix(Sa), { axis: 0, start: 2, end: 4 }),
    ]);
    const { q } = await evaluate({ q: slice(sinkhorn(T), { axis: 0, start: 2, end: 4 }) });
    expectAll(q!, [0, 0.78251, 0.21749, 0.999805, 0.00003, 0.000165], 2e-6);
  });

  it('ignores inactive rows altogether', async () => {
    const active = greater(constant(Float32Array.of(0, 1, 1, 1, 1), [5, 1]), scalar(0.5));
    const T = concat([constant(Float32Array.of(0.99, -0.5, 0.7), [1, 3]), matrix(Sa)]);
    const { q, alone } = await evaluate({ q: sinkhorn(T, { active }), alone: sinkhorn(matrix(Sa)) });
    expectAll(q!.slice(3), [...alone!], 1e-6);
    expectAll(q!.slice(0, 3), [0, 0, 0], 1e-12);
  });

  it('keeps its scale over many iterations with few rows of many active', async () => {
    const active = greater(
      constant(Float32Array.of(...new Array(60).fill(0), 1, 1, 1, 1), [64, 1]),
      scalar(0.5),
    );
    const T = concat([constant(new Float32Array(180).fill(0.3), [60, 3]), matrix(Sa)]);
    const options = { iterations: 100 };
    const { q, alone } = await evaluate({
      q: sinkhorn(T, { ...options, active }),
      alone: sinkhorn(matrix(Sa), options),
    });
    expectAll(q!.slice(180), [...alone!], 1e-5);
  });

  it('gives codes to a row whose scores are far below all others', async () => {
    const far = constant(Float32Array.of(-20, -20.1, -20.05), [1, 3]);
    const { q } = await evaluate({ q: sinkhorn(concat([matrix(Sa), far])) });
    expect(sumOf(q!.slice(12))).toBeCloseTo(1, 5);
  });

  it('makes rows sum to 1 and, with many iterations, columns to B / K; stays finite for a small epsilon', async () => {
    const T = input('T', [6, 4]);
    const executable = await engine.compile({
      outputs: {
        q: sinkhorn(T),
        many: sinkhorn(T, { iterations: 200, epsilon: 0.2 }),
        sharp: sinkhorn(T, { epsilon: 0.005 }),
      },
    });
    const cosine = fc.double({ min: -1, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(cosine, { minLength: 24, maxLength: 24 }), async (scores) => {
        const { q, many, sharp } = await executable.run({ T: Float32Array.from(scores) });
        for (let row = 0; row < 6; row++) {
          for (const codes of [q!, sharp!]) {
            const total = sumOf(codes.slice(row * 4, row * 4 + 4));
            expect(Number.isFinite(total)).toBe(true);
          }
          expect(sumOf(q!.slice(row * 4, row * 4 + 4))).toBeCloseTo(1, 5);
        }
        for (let column = 0; column < 4; column++) {
          const total = sumOf(many!.filter((_: number, i: number) => i % 4 === column));
          expect(total).toBeCloseTo(6 / 4, 2);
        }
      }),
      { numRuns: 25 },
    );
  });
});

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
      for (const name of names(`${theirs}.`)) initial[`${ours}.${name}`] = stored(`${theirs}.${name}`);
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

  const recipes: { recipe: string; optimizer: Optimizer; lr: number; slots: Record<string, string> }[] = [
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
      for (const name of names('plain.statistics.')) expectAgrees(after[name]!, `plain.statistics.${name}`);
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
    expectAgrees(Float32Array.from([...after['queue.0']!, ...after['queue.1']!]), 'queued.queueAfter');
  });

  it('keeps frozen prototypes and their momentum, and only normalises them', async () => {
    const { after } = await step({ ...recipes[0]!, queueLength: 0 }, recipes[0]!.slots, 1);
    expect([...after['momentum.prototypes.weight']!]).toEqual([...stored('momentum.prototypes.weight')]);
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
});
