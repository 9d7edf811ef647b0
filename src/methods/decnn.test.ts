import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { randomAt } from '../core/random.ts';
import {
  contrastNormalize,
  inferMaps,
  operatorBound,
  reconstruct,
  softThreshold,
  sparseCost,
  unitFilters,
} from '../nn/decnn.ts';
import { featureLength } from '../nn/index.ts';
import { constant, input, mul, sizeOf, sum, type Tensor } from '../tensor/index.ts';
import { decnn } from './decnn.ts';
import { inferenceProgram, methodProgram, settingsFor } from './index.ts';
import { context, expectStoredStep } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

async function evaluated(outputs: Record<string, Tensor>) {
  const executable = await engine.compile({ outputs });
  const results = await executable.run({});
  await executable.dispose();
  return results;
}
const tensor = (values: readonly number[], shape: readonly number[]) =>
  constant(Float32Array.from(values), shape);
function normalsOf(count: number, seed = 1): Float32Array {
  const random = randomAt(seed, 'synthetic');
  return new Float32Array(count).map(() => random.normal());
}
const normals = (shape: readonly number[], seed = 1) =>
  constant(normalsOf(sizeOf(shape), seed), shape);

describe('DeCNN', () => {
  it('agrees with a whole step in PyTorch: contrast, FISTA, both layers, filters of unit length', async () => {
    const given = context({
      batchSize: 3,
      crops: [{ count: 1, size: 10 }],
      encoder: { architecture: 'decnn', width: 8 },
      learningRate: () => 0.1,
    });
    await expectStoredStep(engine, 'decnn_step', (images) => decnn.build({}, given, [images]));
  });

  it('shrinks values by the threshold, and to 0 below it', async () => {
    const { shrunk } = await evaluated({
      shrunk: softThreshold(tensor([-3, -1, -0.5, 0, 0.5, 1, 2.5], [7]), 1),
    });
    expect([...shrunk!].map((x) => x + 0)).toEqual([-2, 0, 0, 0, 0, 0, 1.5]);
  });

  it('recovers a known spike in one dimension', async () => {
    const filters = unitFilters(tensor([0.1, 1, 0.2], [1, 1, 1, 3]));
    const spike = tensor([0, 0, 0, 0, 3, 0, 0, 0, 0, 0], [1, 1, 1, 10]);
    const y = reconstruct(spike, filters); // [1, 1, 1, 8]
    const { z } = await evaluated({ z: inferMaps(y, filters, { weight: 100, steps: 40 }) });
    for (const [at, value] of z!.entries()) {
      // The absolute values in the cost take 1 / weight from what is not 0.
      expect(Math.abs(value - (at === 4 ? 2.99 : 0)), `position ${at}`).toBeLessThan(0.01);
    }
  });

  it('has a cost that falls in every step without momentum, and farther with it', async () => {
    const [filters, y] = [unitFilters(normals([4, 2, 3, 3])), normals([2, 2, 6, 6], 2)];
    const costAfter = (steps: number, momentum: 'none' | 'nesterov') =>
      sparseCost({ filters, y, z: inferMaps(y, filters, { steps, momentum }) }).cost;
    const costs = await evaluated({
      ...Object.fromEntries([1, 2, 3, 5, 8, 12].map((n) => [`ista${n}`, costAfter(n, 'none')])),
      fista: costAfter(12, 'nesterov'),
      start: sparseCost({ filters, y, z: constant(new Float32Array(2 * 4 * 64), [2, 4, 8, 8]) })
        .cost,
    });
    const falling = ['start', ...[1, 2, 3, 5, 8, 12].map((n) => `ista${n}`), 'fista'];
    for (const [i, name] of falling.slice(1).entries()) {
      expect(costs[name]![0], name).toBeLessThan(costs[falling[i]!]![0]!);
    }
  });

  it('has a bound that no maps exceed', async () => {
    const z = input('z', [1, 3, 7, 7]);
    const filters = unitFilters(input('w', [3, 2, 3, 3]));
    const y = reconstruct(z, filters); // [1, 2, 5, 5]
    const executable = await engine.compile({
      outputs: { bound: operatorBound(filters), image: sum(mul(y, y)), maps: sum(mul(z, z)) },
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 10_000 }), async (seed) => {
        const random = randomAt(seed, 'synthetic');
        const values = (n: number) => new Float32Array(n).map(() => random.normal());
        const { bound, image, maps } = await executable.run({ z: values(147), w: values(54) });
        expect(image![0]! / maps![0]!).toBeLessThanOrEqual(bound![0]! * (1 + 1e-5));
      }),
      { numRuns: 20 },
    );
    await executable.dispose();
  });

  it('leaves nothing of an even image, and does not see brightness and contrast', async () => {
    const shape = [2, 3, 12, 12];
    const x = normals(shape);
    const scaled = constant(
      normalsOf(sizeOf(shape)).map((value) => 3 * value + 5),
      shape,
    );
    const even = constant(new Float32Array(3 * 144).fill(7), [1, 3, 12, 12]);
    const results = await evaluated({
      even: contrastNormalize(even),
      x: contrastNormalize(x),
      scaled: contrastNormalize(scaled),
    });
    expect(Math.max(...results.even!.map(Math.abs))).toBeLessThan(1e-3);
    for (const [i, value] of results.x!.entries()) expect(results.scaled![i]).toBeCloseTo(value, 4);
  });

  it('has features of 16 values per map, of images of any size', () => {
    expect(featureLength({ architecture: 'decnn', width: 64 })).toBe(720);
    for (const size of [7, 28, 33]) {
      const { features } = inferenceProgram({
        encoder: { architecture: 'decnn', width: 8 },
        normalize: { mean: [0, 0, 0], std: [1, 1, 1] },
        batchSize: 2,
        size,
      });
      expect(features.shape).toEqual([2, 96]);
    }
  });

  it('refuses another network, and images below its filters', () => {
    const program = (more: object) => () =>
      methodProgram(settingsFor('small-32', { method: { name: 'decnn' }, ...more }), {
        images: 99,
      });
    expect(program({ encoder: { architecture: 'resnet10' } })).toThrow(
      'architecture: received "resnet10" with method decnn; expected "decnn"',
    );
    const tiny = { data: { imageSize: 6 }, views: { crops: [{ count: 1, size: 6 }] } };
    expect(program(tiny)).toThrow('architecture decnn: received images of 6 px; expected 7 px');
  });
});
