/**
 * Gradients of composite graphs against finite differences; each operator alone is tested against
 * PyTorch.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import {
  add,
  argMax,
  averagePool2d,
  batchNorm,
  broadcastTo,
  concat,
  conv2d,
  crossEntropy,
  div,
  dropout,
  exp,
  gather,
  globalAveragePool,
  gradients,
  input,
  l2Normalize,
  matmul,
  mean,
  mul,
  pad,
  reshape,
  scalar,
  scatterAdd,
  silu,
  sizeOf,
  slice,
  softmax,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
  variance,
} from './index.ts';

const engine = await openEngine({ threads: 2 });
afterAll(() => engine.close());

interface Composite {
  inputs: Tensor[];
  loss: Tensor;
  /** Inputs that do not vary. */
  fixed?: Record<string, Int32Array | Float32Array>;
}

/** Smooth graphs in which each gradient passes through several operators and several paths. */
const composites: Record<string, () => Composite> = {
  'prototype scores, cosine softmax and cross-entropy'() {
    const [z, c] = [input('z', [3, 4]), input('c', [5, 4])];
    const scores = matmul(
      l2Normalize(add(z, scalar(2))),
      transpose(l2Normalize(sub(c, scalar(3)))),
    ); // [3, 5]
    return {
      inputs: [z, c],
      loss: crossEntropy(mul(scores, scalar(4)), softmax(matmul(z, transpose(c)))),
    };
  },
  'convolution, batch norm and pooling with a residual path'() {
    const [x, w] = [input('x', [2, 2, 4, 4]), input('w', [2, 2, 3, 3])];
    const [gamma, beta] = [input('gamma', [2]), input('beta', [2])];
    const { y } = batchNorm(conv2d(x, w, { padding: 1 }), gamma, beta, { epsilon: 0.5 });
    const pooled = averagePool2d(silu(add(y, x)), { kernel: 2 });
    return {
      inputs: [x, w, gamma, beta],
      loss: sum(mul(tanh(globalAveragePool(pooled)), input('t', [2, 2]))),
      fixed: { t: Float32Array.of(1, -2, 0.5, 1.5) },
    };
  },
  'indexing, slicing and padding of one tensor along several paths'() {
    const x = input('x', [4, 3]);
    const index = input('index', [5], 'int32');
    const gathered = gather(x, index); // [5, 3]
    const scattered = scatterAdd(x, index, mul(gathered, gathered)); // [4, 3]
    const parts = concat([
      slice(scattered, { axis: 0, start: 0, end: 4, step: 2 }),
      exp(slice(x, { axis: 0, start: 1, end: 3 })),
    ]);
    const padded = pad(parts, { before: [0, 1], after: [1, 0] }); // [5, 4]
    return {
      inputs: [x],
      loss: mean(mul(reshape(padded, [4, 5]), tanh(transpose(padded)))),
      fixed: { index: Int32Array.of(0, 3, 3, 1, 3) },
    };
  },
  'broadcasting and reductions'() {
    const [x, row, column] = [input('x', [3, 4]), input('row', [4]), input('column', [3, 1])];
    const scaled = div(mul(x, row), add(exp(column), scalar(1)));
    const spread = add(variance(scaled, { axes: [0] }), mean(scaled, { axes: [0] })); // [4]
    return { inputs: [x, row, column], loss: sum(tanh(mul(spread, broadcastTo(column, [3, 4])))) };
  },
};

describe('gradients of composites agree with finite differences', () => {
  for (const [name, build] of Object.entries(composites)) {
    it(name, async () => {
      const { inputs, loss, fixed = {} } = build();
      const found = gradients(loss, inputs);
      const nameOf = (tensor: Tensor) => tensor.node.attributes.name as string;
      const executable = await engine.compile({
        outputs: {
          loss,
          ...Object.fromEntries(found.map((gradient, i) => [`d ${nameOf(inputs[i]!)}`, gradient])),
        },
      });
      const total = inputs.reduce((count, { shape }) => count + sizeOf(shape), 0);
      const value = fc.integer({ min: -64, max: 64 }).map((n) => n / 64);
      const values = fc.array(value, { minLength: total, maxLength: total });
      await fc.assert(
        fc.asyncProperty(values, async (numbers) => {
          let start = 0;
          const feeds: Record<string, Float32Array> = {};
          for (const tensor of inputs) {
            feeds[nameOf(tensor)] = Float32Array.from(
              numbers.slice(start, start + sizeOf(tensor.shape)),
            );
            start += sizeOf(tensor.shape);
          }
          const at = async (changed: typeof feeds) => executable.run({ ...changed, ...fixed });
          const analytic = await at(feeds);
          for (const tensor of inputs) {
            const key = nameOf(tensor);
            for (let i = 0; i < sizeOf(tensor.shape); i++) {
              // A step large against float32's rounding, with the error of second order taken out
              // (Richardson).
              const slope = async (h: number) => {
                const shifted = (by: number) => ({
                  ...feeds,
                  [key]: feeds[key]!.with(i, feeds[key]![i]! + by),
                });
                const [up, down] = [await at(shifted(h)), await at(shifted(-h))];
                return (up.loss![0]! - down.loss![0]!) / (2 * h);
              };
              const expected = (4 * (await slope(1 / 32)) - (await slope(1 / 16))) / 3;
              const received = analytic[`d ${key}`]![i]!;
              expect(
                Math.abs(received - expected),
                `${key}[${i}]: ${received} for ${expected}`,
              ).toBeLessThan(2e-3 * Math.max(1, Math.abs(expected)));
            }
          }
        }),
        { numRuns: 4 },
      );
      await executable.dispose();
    });
  }
});

describe('gradients', () => {
  const x = input('x', [2, 3]);

  async function valuesOf(outputs: Record<string, Tensor>) {
    const executable = await engine.compile({ outputs });
    const results = await executable.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6) });
    await executable.dispose();
    return Object.fromEntries(Object.entries(results).map(([name, data]) => [name, [...data]]));
  }

  it('adds the contributions of all paths', async () => {
    const loss = sum(add(mul(x, x), mul(x, scalar(3))));
    const [dx] = gradients(loss, [x]);
    expect((await valuesOf({ dx: dx! })).dx).toEqual([5, 7, 9, 11, 13, 15]);
  });

  it('gives 0 for what the loss does not depend on, and through stopGradient', async () => {
    const loss = sum(mul(stopGradient(x), x));
    const [dx, unused] = gradients(loss, [x, input('unused', [2])]);
    const { dx: values, unused: zeros } = await valuesOf({ dx: dx!, unused: unused! });
    expect(values).toEqual([1, 2, 3, 4, 5, 6]);
    expect(zeros).toEqual([0, 0]);
  });

  it('can be taken by a tensor in the middle, and of gradients themselves', async () => {
    const square = mul(x, x);
    const loss = sum(mul(square, x)); // x^3
    const [middle, dx] = gradients(loss, [square, x]);
    const [second] = gradients(sum(dx!), [x]);
    const values = await valuesOf({ middle: middle!, dx: dx!, second: second! });
    expect(values.middle).toEqual([1, 2, 3, 4, 5, 6]);
    expect(values.dx).toEqual([3, 12, 27, 48, 75, 108]);
    expect(values.second).toEqual([6, 12, 18, 24, 30, 36]);
  });

  it('does not flow into whole numbers', async () => {
    const [dx] = gradients(sum(mul(gather(x, argMax(x, 0)), scalar(2))), [x]);
    // argMax over rows chooses row 1 in each of the three columns.
    expect((await valuesOf({ dx: dx! })).dx).toEqual([0, 0, 0, 6, 6, 6]);
  });

  it('refuses a loss that is not one number', () => {
    expect(() => gradients(x, [x])).toThrow(
      'gradients: received a loss of shape [2, 3]; expected one number. Take its mean or sum first.',
    );
  });
});

describe('scatterAdd', () => {
  it('adds every one of many repeated rows, also with several threads', async () => {
    const [ROWS, WIDTH, TARGETS] = [6000, 8, 7];
    const indices = input('indices', [ROWS], 'int32');
    const updates = input('updates', [ROWS, WIDTH]);
    const executable = await engine.compile({
      outputs: { y: scatterAdd(broadcastTo(scalar(10), [TARGETS, WIDTH]), indices, updates) },
    });
    const chosen = Int32Array.from({ length: ROWS }, (_, m) => (m * m) % TARGETS);
    // Whole numbers whose sums float32 holds exactly.
    const rows = Float32Array.from({ length: ROWS * WIDTH }, (_, i) => (i * 31) % 17);
    const expected = new Float64Array(TARGETS * WIDTH).fill(10);
    rows.forEach((value, i) => {
      expected[chosen[Math.floor(i / WIDTH)]! * WIDTH + (i % WIDTH)]! += value;
    });
    for (let repeat = 0; repeat < 5; repeat++) {
      const { y } = await executable.run({ indices: chosen, updates: rows });
      expect([...y!]).toEqual([...expected]);
    }
    await executable.dispose();
  });
});

describe('dropout', () => {
  it('drops where the draw is below the rate and scales the rest, in the gradient too', async () => {
    const [x, uniform] = [input('x', [5]), input('uniform', [5])];
    const y = dropout(x, uniform, { rate: 0.2 });
    const [dx] = gradients(sum(y), [x]);
    const executable = await engine.compile({ outputs: { y, dx: dx! } });
    const { y: values, dx: slopes } = await executable.run({
      x: Float32Array.of(1, 2, 3, -4, 5),
      uniform: Float32Array.of(0, 0.19, 0.2, 0.5, 0.999),
    });
    [0, 0, 3.75, -5, 6.25].forEach((value, i) => {
      expect(values![i]).toBeCloseTo(value, 6);
      expect(slopes![i]).toBeCloseTo([0, 0, 1.25, 1.25, 1.25][i]!, 6);
    });
    await executable.dispose();
  });

  it('refuses a rate that would drop everything', () => {
    const x = input('x', [2]);
    expect(() => dropout(x, x, { rate: 1 })).toThrow(
      'dropout: received a rate of 1; expected 0 <= rate < 1',
    );
  });
});
