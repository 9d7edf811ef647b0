/** VGG-16 with batch norm against PyTorch: features and every gradient. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import type { Values } from '../compile/index.ts';
import { gradients, input, mul, type Shape, sizeOf, sum } from '../tensor/index.ts';
import { expectGradient, noise, type StoredGradient } from './noise.cases.ts';
import { createVariables } from './variables.ts';
import { vgg16 } from './vgg.ts';

const stored = JSON.parse(
  readFileSync(new URL('../../test/fixtures/vgg.json', import.meta.url), 'utf8'),
) as {
  width: number;
  batch: number;
  size: number;
  /** Of the first parameter; the next one has the next. */
  firstStream: number;
  order: string[];
  features: number[];
  gradients: Record<string, StoredGradient>;
};

/** As in the script that made the file. */
function started(name: string, shape: Shape, stream: number): Float32Array {
  const scale = shape.length > 1 ? Math.sqrt(6 / sizeOf(shape.slice(1))) : 0.1;
  const middle = shape.length > 1 || name.endsWith('bias') ? 0 : 1;
  return Float32Array.from(noise(sizeOf(shape), stream), (value) => middle + scale * value);
}

it("has the features and parameter gradients of torchvision with DeepCluster's classifier", async () => {
  const { width, batch, size, firstStream, order } = stored;
  const variables = createVariables();
  const images = input('images', [batch, 3, size, size]);
  const mask = input('mask', [batch, 64 * width]);
  const features = vgg16(variables, images, { width, drop: (x) => mul(x, mask) });
  const weights = input('weights', features.shape);
  const parameters = variables.parameters();
  expect(parameters.map(({ name }) => name).toSorted()).toEqual(order.toSorted());
  const slopes = gradients(
    sum(mul(features, weights)),
    parameters.map(({ tensor }) => tensor),
  );

  const feeds: Values = {
    images: Float32Array.from(noise(sizeOf(images.shape), 1000)),
    weights: Float32Array.from(noise(sizeOf(features.shape), 1001)),
    mask: Float32Array.from(noise(sizeOf(mask.shape), 1002), (value) => (value > 0 ? 2 : 0)),
  };
  for (const { name, tensor } of parameters)
    feeds[name] = started(name, tensor.shape, firstStream + order.indexOf(name));
  const engine = await openEngine({ threads: 1 });
  const executable = await engine.compile({
    outputs: {
      features,
      ...Object.fromEntries(parameters.map(({ name }, i) => [`d ${name}`, slopes[i]!])),
    },
  });
  const found = await executable.run(feeds);
  await engine.close();

  expect(features.shape).toEqual([batch, 64 * width]);
  const scale = Math.max(...stored.features.map(Math.abs));
  stored.features.forEach((value, i) => {
    expect(Math.abs(found.features![i]! - value), `feature ${i}`).toBeLessThan(1e-4 * scale);
  });
  // Biases before a batch norm have gradient 0, beside others of a hundred and more.
  for (const [label, gradient] of Object.entries(stored.gradients))
    expectGradient(found[`d ${label}`] as Float32Array, gradient, {
      label,
      tolerance: 1e-4,
      floor: 1e-3,
    });
});
