/** Graphs of torchvision's architectures: features and gradients against PyTorch's. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../backends/index.ts';
import { readOnnx } from '../../formats/index.ts';
import { constant, gradients, input, mul, sizeOf, sum } from '../../tensor/index.ts';
import { createVariables, type Mode } from '../variables.ts';
import { importGraph } from './importGraph.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

interface Stored {
  size: number;
  batch: number;
  evaluate: Results;
  train: Results;
}
interface Results {
  features: number[];
  gradients: Record<string, { norm: number; step: number; samples: number[] }>;
}

const folder = new URL('../../../test/fixtures/graphs/', import.meta.url);
const names = ['resnet', 'mobilenetv3', 'efficientnet', 'convnext', 'regnet', 'vit', 'swin'];

const graphs = new Map(
  names.map((name) => {
    const stored = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Stored;
    return [name, { stored, model: readOnnx(readFileSync(new URL(`${name}.onnx`, folder))) }];
  }),
);

/** Features, and gradients of `sum_i cos(1.1 i) features_i` by every parameter. */
async function resultsOf(name: string, mode: Mode) {
  const { model, stored } = graphs.get(name)!;
  const variables = createVariables({ mode });
  const shape = [stored.batch, 3, stored.size, stored.size];
  const x = input('x', shape);
  const y = importGraph(model, { variables, feeds: { x }, output: 'y' });
  const cotangent = Float32Array.from({ length: sizeOf(y.shape) }, (_, i) => Math.cos(1.1 * i));
  const loss = sum(mul(y, constant(cotangent, y.shape)));
  const parameters = variables.parameters();
  const found = gradients(
    loss,
    parameters.map(({ tensor }) => tensor),
  );
  const executable = await engine.compile({
    outputs: { y, ...Object.fromEntries(found.map((g, i) => [`d${i}`, g])) },
    state: [...parameters, ...variables.buffers()].map(({ tensor }) => ({ current: tensor })),
  });
  await executable.writeState(variables.initialValues(0));
  const pixels = Float32Array.from(
    { length: sizeOf(shape) },
    (_, i) => Math.sin(1.3 * i) + Math.cos(0.37 * i) / 2,
  );
  const results = await executable.run({ x: pixels });
  await executable.dispose();
  return {
    features: results.y as Float32Array,
    gradients: new Map(
      parameters.map((parameter, i) => [parameter.name, results[`d${i}`] as Float32Array]),
    ),
  };
}

describe.each(names)('%s', (name) => {
  it.each(['evaluate', 'train'] as const)(
    'has PyTorch\'s features and gradients in mode "%s"',
    async (mode) => {
      const expected = graphs.get(name)!.stored[mode];
      const found = await resultsOf(name, mode);
      expect(found.features).toHaveLength(expected.features.length);
      expected.features.forEach((value, i) => {
        expect(Math.abs(found.features[i]! - value), `feature ${i}`).toBeLessThan(1e-4);
      });
      expect([...found.gradients.keys()].sort()).toEqual(Object.keys(expected.gradients).sort());
      for (const [parameter, { norm, step, samples }] of Object.entries(expected.gradients)) {
        const gradient = found.gradients.get(parameter)!;
        // Gradients that are 0 in exact numbers, such as by keys' biases, have no relative size.
        const tolerance = 1e-3 * Math.max(norm, 1e-3);
        expect(Math.abs(Math.hypot(...gradient) - norm), parameter).toBeLessThan(tolerance);
        samples.forEach((value, i) => {
          expect(Math.abs(gradient[i * step]! - value), `${parameter} ${i}`).toBeLessThan(
            tolerance,
          );
        });
      }
    },
  );
});
