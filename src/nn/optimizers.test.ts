/**
 * Optimizers against PyTorch (SGD, Adam) and against golden vectors of the formula (LARC), on the
 * engine.
 */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { input, type Shape } from '../tensor/index.ts';
import { adam, larc, lars, type Optimizer, rmsprop, sgd } from './optimizers.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

interface Run {
  shape: Shape;
  weights: readonly number[];
  gradients: readonly (readonly number[])[];
  learningRates: readonly number[];
}

/** The weights after each update. */
async function updates(optimizer: Optimizer, { shape, weights, gradients, learningRates }: Run) {
  const [value, gradient] = [input('w', shape), input('g', shape)];
  const { next, slots } = optimizer.update(
    { name: 'w', value, gradient, group: 'all' },
    input('lr', []),
  );
  const executable = await engine.compile({
    outputs: {},
    state: [
      { current: value, next },
      ...slots.map((slot) => ({ current: slot.current, next: slot.next })),
    ],
  });
  await executable.writeState({ w: Float32Array.from(weights) });
  const after: Float32Array[] = [];
  for (const [i, g] of gradients.entries()) {
    const scalars = Object.entries({ lr: learningRates[i]!, ...optimizer.scalars(i + 1, 'all') });
    await executable.run({
      g: Float32Array.from(g),
      ...Object.fromEntries(scalars.map(([name, number]) => [name, Float32Array.of(number)])),
    });
    after.push((await executable.readState(['w'])).w as Float32Array);
  }
  await executable.dispose();
  return after;
}

function expectClose(received: Float32Array, expected: readonly number[], tolerance = 1e-6) {
  expect(received.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs(received[i]! - value), `[${i}]: ${received[i]} for ${value}`).toBeLessThan(
      tolerance * Math.max(1, Math.abs(value)),
    );
  });
}

describe('rmsprop', () => {
  // Reference: torch.optim.RMSprop(lr=.05, alpha=.9, eps=1e-8, weight_decay=.01), float64.
  it('agrees with PyTorch on two updates', async () => {
    const [first, second] = await updates(rmsprop({ decay: 0.9, weightDecay: 0.01 }), {
      shape: [2],
      weights: [1, -2],
      gradients: [
        [0.5, -1],
        [0.1, 0.2],
      ],
      learningRates: [0.05, 0.05],
    });
    expectClose(first!, [0.84188613, -1.84188612]);
    expectClose(second!, [0.80731254, -1.87104726]);
  });
});

describe('sgd and adam', () => {
  const stored = JSON.parse(
    readFileSync(new URL('../../test/fixtures/optimizers.json', import.meta.url), 'utf8'),
  ) as Run & { cases: { optimizer: 'sgd' | 'adam'; options: object; after: number[][] }[] };

  for (const { optimizer, options, after } of stored.cases) {
    it(`${optimizer} ${JSON.stringify(options)} makes the three steps of torch.optim`, async () => {
      const ours = await updates({ sgd, adam }[optimizer](options), stored);
      after.forEach((weights, i) => {
        expectClose(ours[i]!, weights, 2e-6);
      });
    });
  }

  it('adam moves by the learning rate at its first step, whatever the size of the gradient', async () => {
    const run = { shape: [4], weights: [0, 0, 0, 0], learningRates: [0.25] };
    const [after] = await updates(adam(), { ...run, gradients: [[1e-4, -3, 500, 0]] });
    expectClose(after!, [-0.25, 0.25, -0.25, 0], 1e-4);
  });
});

describe('momentum in its classic form', () => {
  const run = { shape: [1, 1], weights: [1] };

  it('multiplies the gradient by the rate of its own step', async () => {
    // v = 0.1, then 0.5 · 0.1 + 0.2 = 0.25. Popular: v = 1, then 1.5, times 0.2.
    const given = { ...run, gradients: [[1], [1]], learningRates: [0.1, 0.2] };
    const [, classic] = await updates(sgd({ momentum: 0.5, momentumForm: 'classic' }), given);
    const [, popular] = await updates(sgd({ momentum: 0.5 }), given);
    expectClose(classic!, [1 - 0.1 - 0.25]);
    expectClose(popular!, [1 - 0.1 - 0.3]);
  });

  it('does so in LARS after the trust ratio, as SimCLR does', async () => {
    // Ratio 0.1 · |w| / |g|: 0.1 · 1 / 2 = 0.05 and v = 0.1 · 2 · 0.05 = 0.01, so w = 0.99. Then
    // 0.1 · 0.99 / 4 = 0.02475 and v = 0.5 · 0.01 + 0.2 · 4 · 0.02475 = 0.0248.
    const optimizer = lars({ trust: 0.1, weightDecay: 0, momentum: 0.5, momentumForm: 'classic' });
    const given = { ...run, gradients: [[2], [4]], learningRates: [0.1, 0.2] };
    const [one, two] = await updates(optimizer, given);
    expectClose(one!, [0.99]);
    expectClose(two!, [0.99 - 0.0248]);
    const [, vector] = await updates(optimizer, { ...given, shape: [1] });
    expectClose(vector!, [1 - 0.2 - (0.1 + 0.8)]); // without the ratio
  });

  it('is the popular form while the rate is constant', async () => {
    const given = { ...run, gradients: [[1], [-3], [0.5]], learningRates: [0.2, 0.2, 0.2] };
    for (const make of [sgd, larc, lars]) {
      const popular = await updates(make({ weightDecay: 0.01 }), given);
      const classic = await updates(make({ weightDecay: 0.01, momentumForm: 'classic' }), given);
      for (const [i, weights] of popular.entries()) expectClose(classic[i]!, [...weights]);
    }
  });
});

describe('larc', () => {
  // Computed in double precision from the formula, with an independent second calculation.
  const golden: Run = {
    shape: [3],
    weights: [1, -2, 2],
    gradients: [
      [0.3, 0, 0.4],
      [0.1, 0.2, -0.2],
    ],
    learningRates: [0.6, 0.6],
  };
  const first = [0.99894717, -1.999932075, 1.998573585];
  const second = [0.997399925, -2.000852364, 1.998271307];

  it('makes the two golden steps', async () => {
    const [one, two] = await updates(larc({ weightDecay: 0.01 }), golden);
    expectClose(one!, first, 2e-7);
    expectClose(two!, second, 2e-7);
  });

  it('has the golden ratios at these steps', async () => {
    const [w, g, lr] = [input('w', [3]), input('g', [3]), input('lr', [])];
    const { slots } = larc({ weightDecay: 0.01 }).update(
      { name: 'w', value: w, gradient: g, group: 'all' },
      lr,
    );
    const executable = await engine.compile({ outputs: { adapted: slots[0]!.next } });
    for (const [i, ratio] of [0.005660377252, 0.009087198065].entries()) {
      const [weights, gradient] = [[golden.weights, first][i]!, golden.gradients[i]!];
      const { adapted } = await executable.run({
        w: Float32Array.from(weights),
        g: Float32Array.from(gradient),
        lr: Float32Array.of(0.6),
        'momentum.w': new Float32Array(3),
      });
      const expected = weights.map((value, d) => ratio * (gradient[d]! + 0.01 * value));
      expectClose(adapted as Float32Array, expected, 1e-9);
    }
    await executable.dispose();
  });

  it('leaves a gradient as it is, without decay, where weights or gradient are all zero', async () => {
    const rate = { learningRates: [0.5], shape: [2] };
    const options = { weightDecay: 0.1, momentum: 0 };
    const [fromZero] = await updates(larc(options), {
      ...rate,
      weights: [0, 0],
      gradients: [[0.2, -0.4]],
    });
    expectClose(fromZero!, [-0.1, 0.2]);
    const [still] = await updates(larc(options), {
      ...rate,
      weights: [3, -4],
      gradients: [[0, 0]],
    });
    expectClose(still!, [3, -4]);
  });

  it('in clip mode lowers the rate to the trust ratio, and never raises it', async () => {
    const options = { mode: 'clip', trust: 0.1, weightDecay: 0, momentum: 0 } as const;
    const run = { shape: [2], weights: [3, 4], learningRates: [0.5] };
    // ratio 0.1 * 5 / 10 = 0.05 is below the rate: w - 0.05 g
    const [lowered] = await updates(larc(options), { ...run, gradients: [[6, 8]] });
    expectClose(lowered!, [3 - 0.3, 4 - 0.4]);
    // ratio 0.1 * 5 / 0.1 = 5 is above it: plain descent
    const [kept] = await updates(larc(options), { ...run, gradients: [[0.06, 0.08]] });
    expectClose(kept!, [3 - 0.03, 4 - 0.04]);
  });

  it('lars adapts matrices as larc does and gives vectors plain descent without decay', async () => {
    const options = { weightDecay: 0.01 };
    const [matrix] = await updates(lars(options), { ...golden, shape: [1, 3] });
    expectClose(matrix!, first, 2e-7);
    const [vector] = await updates(lars(options), golden);
    expectClose(vector!, [1 - 0.6 * 0.3, -2, 2 - 0.6 * 0.4]);
  });
});
