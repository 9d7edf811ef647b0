/**
 * Maps that stay blocked from layer to layer: the same results as in plain layout, with few changes
 * of layout.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { Plan, Values } from '../../compile/index.ts';
import { planKey } from '../../compile/index.ts';
import { createVariables, resnet } from '../../nn/index.ts';
import {
  add,
  batchNorm,
  batchNormInference,
  constant,
  conv2d,
  globalAveragePool,
  gradients,
  input,
  mul,
  nodesOf,
  relu,
  simplify,
  sizeOf,
  sub,
  sum,
  type Tensor,
} from '../../tensor/index.ts';
import { draw } from '../draw.cases.ts';
import { openEngine } from '../index.ts';
import { cpuLowering } from './lowering.ts';

const engine = await openEngine({ threads: 2 });
afterAll(() => engine.close());

const block = 16;
type Outputs = Record<string, Tensor>;

/** A plan that takes one kernel wherever it is valid. */
function planOf(outputs: Outputs, wanted: (valid: readonly string[]) => string | undefined): Plan {
  const entries = nodesOf(Object.values(simplify(outputs))).flatMap((node) => {
    const name = wanted(cpuLowering({ block }).kernels(node));
    return name === undefined ? [] : [[planKey(node), name]];
  });
  return Object.fromEntries(entries);
}
const blockedWhereValid = (valid: readonly string[]) =>
  ['wholeMaps', 'blocked', 'positions', 'exchangedBlocks', 'phases'].find((name) =>
    valid.includes(name),
  );
const neverBlocked = (valid: readonly string[]) =>
  valid.find((name) => !/block|phases|positions|wholeMaps/i.test(name));

function scalarOf({ shape }: Tensor, value: number): Tensor {
  return constant(new Float32Array(sizeOf(shape)).fill(value), shape);
}

async function runs(outputs: Outputs, feeds: Values): Promise<[blocked: Values, plain: Values]> {
  const results: Values[] = [];
  for (const wanted of [blockedWhereValid, neverBlocked]) {
    const executable = await engine.compile({ outputs }, { plan: planOf(outputs, wanted) });
    results.push(await executable.run(feeds));
    await executable.dispose();
  }
  return results as [Values, Values];
}

function expectEqual(found: Values, expected: Values, tolerance = 1e-4): void {
  for (const [name, values] of Object.entries(expected)) {
    let [scale, most] = [0, 0];
    values.forEach((value: number, i: number) => {
      scale = Math.max(scale, Math.abs(value));
      most = Math.max(most, Math.abs(found[name]![i]! - value));
    });
    expect(most, name).toBeLessThanOrEqual(tolerance * scale);
  }
}

/** Counts an operator in the lowered graph, or among the nodes that depend on a named input. */
function counts(outputs: Outputs, { of }: { of?: string } = {}) {
  const graph = cpuLowering({ block }).lower(simplify(outputs), {
    plan: planOf(outputs, blockedWhereValid),
  });
  const found = new Set([of]);
  const nodes = graph.nodes.filter(({ inputs, outputs }) => {
    const isFound = of === undefined || inputs.some((name) => found.has(name));
    if (isFound) for (const name of outputs) found.add(name);
    return isFound;
  });
  return (type: string) => nodes.filter((node) => node.type === type).length;
}

/** A residual network, its features and the gradients of their weighted sum. */
function network(mode: 'train' | 'evaluate', stem: 'cifar' | 'imagenet' = 'cifar') {
  const variables = createVariables({ mode });
  const images = input('images', [16, 3, 16, 16]);
  const features = resnet(variables, images, { architecture: 'resnet10', width: 16, stem });
  const weights = input('weights', features.shape);
  const parameters = variables.parameters();
  const held = [...parameters, ...variables.buffers()];
  const by = gradients(
    sum(mul(features, weights)),
    parameters.map(({ tensor }) => tensor),
  );
  const slopes = Object.fromEntries(parameters.map(({ name }, i) => [`slope of ${name}`, by[i]!]));
  const initial = variables.initialValues(3) as Values;
  const feeds: Values = Object.fromEntries(held.map(({ name }) => [name, initial[name]!]));
  feeds.images = draw(images, 0);
  feeds.weights = draw(weights, 1);
  return { features, slopes, feeds };
}

describe('maps in blocked layout', () => {
  it.each(['cifar', 'imagenet'] as const)(
    'give the features and gradients of a network, %s stem',
    async (stem) => {
      const { features, slopes, feeds } = network('train', stem);
      const [blocked, plain] = await runs({ features, ...slopes }, feeds);
      expectEqual(blocked, plain, 2e-4);
    },
  );

  it('give the features of a network with running statistics', async () => {
    const { features, feeds } = network('evaluate');
    const { weights: _, ...needed } = feeds;
    const [blocked, plain] = await runs({ features }, needed);
    expectEqual(blocked, plain);
  });

  it('need no other layout from images to features, nor passes for activations', () => {
    for (const stem of ['cifar', 'imagenet'] as const) {
      const { features } = network('evaluate', stem);
      expect(counts({ features }, { of: 'images' })('ReorderOutput'), stem).toBe(0);
    }
    const count = counts({ features: network('evaluate').features }, { of: 'images' });
    expect([count('Relu'), count('BatchNormalization')]).toEqual([0, 0]);
    // The stem, two for each of four blocks, three shortcuts; norms and residuals are parts of
    // them.
    expect(count('Conv')).toBe(12);
  });

  it('go on through values that are read more than once', async () => {
    const [x, w, gamma, beta] = [
      input('x', [2, 16, 6, 6]),
      input('w', [16, 16, 3, 3]),
      input('gamma', [16]),
      input('beta', [16]),
    ];
    const y = conv2d(x, w, { padding: 1 });
    const { y: normal } = batchNorm(y, gamma, beta);
    const twice = add(normal, normal);
    const bare = conv2d(add(x, x), w, { padding: 1 });
    const given = { gamma, beta, mean: scalarOf(gamma, 0.3), variance: scalarOf(gamma, 2) };
    const outputs = {
      folded: relu(batchNormInference(bare, given)),
      kept: batchNormInference(y, given),
      y,
      normal,
      both: add(relu(normal), normal),
      rest: sub(mul(twice, y), relu(twice)),
      pooled: globalAveragePool(relu(twice)),
    };
    const feeds = { x: draw(x, 0), w: draw(w, 1), gamma: draw(gamma, 2), beta: draw(beta, 3) };
    const [blocked, plain] = await runs(outputs, feeds);
    expectEqual(blocked, plain);
  });

  it('have norms that read the maps for two means each and write no product', () => {
    const { features, slopes } = network('train');
    const count = counts({ features, ...slopes });
    // Of x, and of dy, for each of the 12 norms; the two that a sum ends share their dy in 3
    // blocks; and the features.
    expect(count('GlobalAveragePool')).toBe(2 * 12 - 3 + 1);
  });

  it('have accurate statistics where the mean is far larger than the deviation', async () => {
    const x = input('x', [8, 16, 8, 8]);
    // A filter that hands on its channel, so that the maps are blocked.
    const w = input('w', [16, 16, 1, 1]);
    const ones = constant(new Float32Array(16).fill(1), [16]);
    const { mean, variance } = batchNorm(conv2d(x, w), ones, ones);
    // Of many constants some have a mean square that is rounded to less than the square of the
    // mean.
    const isConstant = (channel: number) => channel >= 4;
    const feeds = {
      x: draw(x, 0, { mean: 20 }).map((value, i) => {
        const channel = Math.floor(i / 64) % 16;
        return isConstant(channel) ? 20 + 0.37 * channel : value;
      }),
      w: Float32Array.from({ length: 256 }, (_, i) => (i % 17 === 0 ? 1 : 0)),
    };
    const [blocked, plain] = await runs({ mean, variance }, feeds);
    expectEqual(blocked, plain, 2e-3);
    expect(Math.min(...blocked.variance!)).toBeGreaterThanOrEqual(0);
    blocked.variance!.forEach((value, channel) => {
      if (isConstant(channel)) expect(value).toBeLessThan(3e-3);
    });
  });
});
