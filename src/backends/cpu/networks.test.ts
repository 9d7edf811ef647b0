/** Networks wide enough for NCHWc, with every kernel that keeps maps in it, equal PyTorch's. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import type { Plan, Values } from '../../compile/index.ts';
import { planKey } from '../../compile/index.ts';
import { createVariables, type ResidualNetwork, resnet, type Stem } from '../../nn/index.ts';
import { expectGradient, noise, type StoredGradient } from '../../nn/noise.cases.ts';
import { gradients, input, mul, nodesOf, simplify, sizeOf, sum } from '../../tensor/index.ts';
import { openEngine } from '../index.ts';
import { cpuLowering } from './lowering.ts';

interface Stored {
  stem: Stem;
  width: number;
  batch: number;
  size: number;
  /** The parameters, in the order of their streams. */
  order: string[];
  features: number[];
  gradients: Record<string, StoredGradient>;
}

const file = new URL('../../../test/fixtures/blocked_networks.json', import.meta.url);
const { networks } = JSON.parse(readFileSync(file, 'utf8')) as { networks: Record<string, Stored> };

const engine = await openEngine({ threads: 2 });
afterAll(() => engine.close());

/** As in the script that made the file. */
function started(
  name: string,
  shape: readonly number[],
  { stream, last }: { stream: number; last: string },
): Float32Array {
  const values = noise(sizeOf(shape), stream);
  if (shape.length === 4) {
    const scale = Math.sqrt(6 / sizeOf(shape.slice(1)));
    return Float32Array.from(values, (value) => value * scale);
  }
  const middle = name.endsWith('bias') ? 0 : name.endsWith(last) ? 0.15 : 1;
  return Float32Array.from(values, (value) => middle + 0.1 * value);
}

function build(architecture: ResidualNetwork, { stem, width, batch, size, order }: Stored) {
  const variables = createVariables();
  const images = input('images', [batch, 3, size, size]);
  const features = resnet(variables, images, { architecture, stem, width });
  const weights = input('weights', features.shape);
  const parameters = variables.parameters();
  const by = gradients(
    sum(mul(features, weights)),
    parameters.map(({ tensor }) => tensor),
  );
  const slopes = Object.fromEntries(parameters.map(({ name }, i) => [`slope of ${name}`, by[i]!]));
  const feeds: Values = {
    images: Float32Array.from(noise(sizeOf(images.shape), 1000)),
    weights: Float32Array.from(noise(sizeOf(features.shape), 1001)),
  };
  const last = architecture === 'resnet50' ? 'bn3.weight' : 'bn2.weight';
  for (const { name, tensor } of parameters)
    feeds[name] = started(name, tensor.shape, { stream: order.indexOf(name), last });
  return { outputs: { features, ...slopes }, feeds };
}

/** All kernels that keep maps in NCHWc, or none. */
function planOf(outputs: ReturnType<typeof build>['outputs'], isBlocked: boolean): Plan {
  const names = ['wholeMaps', 'blocked', 'positions', 'exchangedBlocks', 'phases'];
  const entries = nodesOf(Object.values(simplify(outputs))).flatMap((node) => {
    const valid = cpuLowering({ block: 16 }).kernels(node);
    const name = isBlocked
      ? names.find((wanted) => valid.includes(wanted))
      : valid.find((found) => !names.includes(found));
    return name === undefined ? [] : [[planKey(node), name]];
  });
  return Object.fromEntries(entries);
}

describe('features and gradients equal those of PyTorch', () => {
  for (const [name, stored] of Object.entries(networks)) {
    it.each([
      ['blocked', true],
      ['plain', false],
    ])(`${name}, %s`, async (_layout, isBlocked) => {
      const { outputs, feeds } = build(name as ResidualNetwork, stored);
      const executable = await engine.compile({ outputs }, { plan: planOf(outputs, isBlocked) });
      const found = await executable.run(feeds);
      await executable.dispose();
      // Single precision puts a value near 0 on the other side of a ReLU now and then, the oftener
      // the deeper the network.
      const tolerance = name === 'resnet50' ? 2e-2 : 2e-3;
      const scale = Math.max(...stored.features.map(Math.abs));
      stored.features.forEach((value, i) => {
        expect(Math.abs(found.features![i]! - value), `feature ${i}`).toBeLessThan(1e-4 * scale);
      });
      for (const [label, gradient] of Object.entries(stored.gradients))
        expectGradient(found[`slope of ${label}`] as Float32Array, gradient, { label, tolerance });
    });
  }
});
