import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { input } from '../tensor/index.ts';
import { batchNorm, linear } from './layers.ts';
import { mlp } from './mlp.ts';
import { createVariables, type Mode } from './variables.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

/**
 * A batch norm over `shapes.length` inputs one after another, compiled with its statistics as
 * state.
 */
async function normalization(mode: Mode, shapes: number[][]) {
  const variables = createVariables({ mode });
  const outputs = Object.fromEntries(
    shapes.map((shape, i) => [`y${i}`, batchNorm(variables, 'bn', input(`x${i}`, shape))]),
  );
  const state = [
    ...variables.parameters().map(({ tensor }) => ({ current: tensor })),
    ...variables
      .buffers()
      .map(({ tensor, next }) => ({ current: tensor, next: next === tensor ? undefined : next })),
  ];
  const executable = await engine.compile({ outputs, state });
  await executable.writeState(variables.initialValues(0));
  return executable;
}

describe('batchNorm', () => {
  // Channel 0 holds 1, 2, 3, 6 (mean 3, biased variance 3.5, unbiased 14/3), channel 1 four tens.
  const x = Float32Array.of(1, 10, 2, 10, 3, 10, 6, 10);

  it('in training uses the batch, and blends mean and unbiased variance into the running ones', async () => {
    const executable = await normalization('train', [[4, 2]]);
    const { y0 } = await executable.run({ x0: x });
    const expected = [-2, -1, 0, 3].map((d) => d / Math.sqrt(3.5 + 1e-5));
    expected.forEach((value, row) => {
      expect(y0![row * 2]).toBeCloseTo(value, 5);
      expect(y0![row * 2 + 1]).toBeCloseTo(0, 5);
    });
    let statistics = await executable.readState();
    expect([...statistics['bn.running_mean']!]).toEqual([0.3, 1].map(Math.fround));
    expect(statistics['bn.running_var']![0]).toBeCloseTo(0.9 + 0.1 * (14 / 3), 6);
    expect(statistics['bn.running_var']![1]).toBeCloseTo(0.9, 6);
    await executable.run({ x0: x });
    statistics = await executable.readState();
    expect(statistics['bn.running_mean']![0]).toBeCloseTo(0.9 * 0.3 + 0.1 * 3, 6);
    await executable.dispose();
  });

  it('updates the statistics once per resolution, one after the other', async () => {
    const executable = await normalization('train', [
      [4, 2],
      [2, 2],
    ]);
    await executable.run({ x0: x, x1: Float32Array.of(5, 0, 7, 0) });
    const statistics = await executable.readState();
    expect(statistics['bn.running_mean']![0]).toBeCloseTo(0.9 * 0.3 + 0.1 * 6, 6);
    expect(statistics['bn.running_var']![0]).toBeCloseTo(0.9 * (0.9 + 0.1 * (14 / 3)) + 0.1 * 2, 6);
    await executable.dispose();
  });

  it('in evaluation uses the running statistics and leaves them alone', async () => {
    const executable = await normalization('evaluate', [[4, 2]]);
    const running = {
      'bn.running_mean': Float32Array.of(1, 8),
      'bn.running_var': Float32Array.of(4, 0.25),
    };
    const affine = { 'bn.weight': Float32Array.of(2, 1), 'bn.bias': Float32Array.of(0, -1) };
    await executable.writeState({ ...running, ...affine });
    const { y0 } = await executable.run({ x0: x });
    [1, 2, 3, 6].forEach((value, row) => {
      expect(y0![row * 2]).toBeCloseTo((2 * (value - 1)) / 2, 4);
      expect(y0![row * 2 + 1]).toBeCloseTo((10 - 8) / 0.5 - 1, 3);
    });
    expect(await executable.readState(Object.keys(running))).toEqual(running);
    await executable.dispose();
  });

  it('survives a single value per channel, which has no unbiased variance', async () => {
    const executable = await normalization('train', [[1, 2]]);
    await executable.run({ x0: Float32Array.of(5, 7) });
    const statistics = await executable.readState();
    expect(statistics['bn.running_var']![0]).toBeCloseTo(0.9, 6);
    await executable.dispose();
  });
});

describe('linear and mlp', () => {
  it('computes x Wᵀ + b', async () => {
    const variables = createVariables();
    const y = linear(variables, 'fc', input('x', [2, 3]), { features: 2 });
    const executable = await engine.compile({
      outputs: { y },
      state: variables.parameters().map(({ tensor }) => ({ current: tensor })),
    });
    await executable.writeState({
      'fc.weight': Float32Array.of(1, 2, 3, -1, 0, 1),
      'fc.bias': Float32Array.of(10, 20),
    });
    const { y: values } = await executable.run({ x: Float32Array.of(1, 1, 1, 0, 1, 2) });
    expect([...values!]).toEqual([16, 20, 18, 22]);
    await executable.dispose();
  });

  it('numbers the layers of an mlp as a PyTorch Sequential does', () => {
    const names = (widths: number[], norm: 'batch' | 'none') => {
      const variables = createVariables();
      mlp(variables, 'head', input('x', [4, 6]), { widths, norm });
      return variables.parameters().map(({ name, tensor }) => `${name} ${tensor.shape.join('x')}`);
    };
    expect(names([8, 5], 'batch')).toEqual([
      'head.0.weight 8x6',
      'head.0.bias 8',
      'head.1.weight 8',
      'head.1.bias 8',
      'head.3.weight 5x8',
      'head.3.bias 5',
    ]);
    expect(names([5], 'batch')).toEqual(['head.0.weight 5x6', 'head.0.bias 5']);
    expect(names([8, 5], 'none').filter((name) => name.includes('weight'))).toEqual([
      'head.0.weight 8x6',
      'head.2.weight 5x8',
    ]);
  });
});
