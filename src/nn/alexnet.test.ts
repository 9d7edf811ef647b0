/**
 * AlexNet and VGG-16 as DeepCluster has them: shapes of the paper, sizes of images; Sobel filters;
 * dropout.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { constant, input, nodesOf, sizeOf } from '../tensor/index.ts';
import { createDropout, hashedUniform } from './dropout.ts';
import {
  type Architecture,
  checkSizes,
  type EncoderOptions,
  encode,
  featureLength,
} from './encoder.ts';
import { sobel } from './sobel.ts';
import { createVariables, type Mode } from './variables.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

function build(options: EncoderOptions, { size = 224, mode = 'train' as Mode } = {}) {
  const variables = createVariables({ mode });
  const features = encode(variables, input('x', [2, 3, size, size]), options);
  const shapes = Object.fromEntries(
    variables.parameters().map(({ name, tensor }) => [name, [...tensor.shape]]),
  );
  return { variables, features, shapes };
}

describe('alexnet', () => {
  it("has the shapes and names of DeepCluster's checkpoints, behind Sobel filters at 224 px", () => {
    const { features, shapes } = build({ architecture: 'alexnet', frontEnd: 'sobel' });
    const weights = Object.entries(shapes).filter(([, shape]) => shape.length > 1);
    expect(Object.fromEntries(weights)).toEqual({
      'features.0.weight': [96, 2, 11, 11],
      'features.4.weight': [256, 96, 5, 5],
      'features.8.weight': [384, 256, 3, 3],
      'features.11.weight': [384, 384, 3, 3],
      'features.14.weight': [256, 384, 3, 3],
      'classifier.1.weight': [4096, 9216],
      'classifier.4.weight': [4096, 4096],
    });
    // A bias for every layer, and scale and shift for every convolution's batch norm.
    for (const layer of [0, 4, 8, 11, 14]) {
      const channels = shapes[`features.${layer}.weight`]![0]!;
      expect(shapes[`features.${layer}.bias`]).toEqual([channels]);
      expect(shapes[`features.${layer + 1}.weight`]).toEqual([channels]);
    }
    expect(Object.keys(shapes).length).toBe(5 * 4 + 2 * 2);
    expect(features.shape).toEqual([2, 4096]);
  });

  it('ends before the last ReLU', () => {
    const { features } = build({ architecture: 'alexnet', width: 4 });
    expect(features.node.operator).not.toBe('relu');
  });
});

describe('vgg16-bn', () => {
  it('has the 16 layers of configuration D', () => {
    const { features, shapes } = build({ architecture: 'vgg16-bn', frontEnd: 'sobel' });
    const channels = Object.entries(shapes).flatMap(([, shape]) =>
      shape.length === 4 ? [shape[0]] : [],
    );
    expect(channels).toEqual([64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]);
    expect(shapes['features.0.weight']).toEqual([64, 2, 3, 3]);
    expect(shapes['features.40.weight']).toEqual([512, 512, 3, 3]);
    expect(shapes['classifier.0.weight']).toEqual([4096, 25_088]);
    expect(shapes['classifier.3.weight']).toEqual([4096, 4096]);
    expect(features.shape).toEqual([2, 4096]);
    // torchvision's vgg16_bn (138,365,992), without its last layer, and one input channel fewer in
    // the first.
    const total = Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0);
    expect(total).toBe(138_365_992 - 4_097_000 - 64 * 9);
  });
});

describe('networks with fully connected layers', () => {
  const cases: [Architecture, number, number][] = [
    ['alexnet', 63, 16],
    ['vgg16-bn', 32, 32],
  ];
  for (const [architecture, smallest, inputs] of cases) {
    it(`${architecture} takes images from ${smallest} px on, of one size, at any width`, () => {
      const options = { architecture, width: 4 };
      const { features, shapes } = build(options, { size: smallest });
      expect(features.shape).toEqual([2, featureLength(options)]);
      expect(featureLength(options)).toBe(256);
      expect(
        shapes[architecture === 'alexnet' ? 'classifier.1.weight' : 'classifier.0.weight'],
      ).toEqual([256, inputs]);
      expect(() => build(options, { size: smallest - 1 })).toThrow(
        `architecture ${architecture}: received images of ${smallest - 1} x ${smallest - 1} px; expected ${smallest} px or more`,
      );
      expect(() => checkSizes(options, [smallest - 1])).toThrow(`expected ${smallest} px or more`);
      expect(() => checkSizes(options, [smallest, 224])).toThrow('expected one size for all crops');
      expect(() => checkSizes(options, [224, 224])).not.toThrow();
    });
  }

  it('residual networks take any sizes together', () => {
    expect(() => checkSizes({ architecture: 'resnet10' }, [8, 16, 224])).not.toThrow();
  });

  it('drop out in training alone', () => {
    const { drop } = createDropout();
    const comparisons = (mode: Mode) =>
      nodesOf([
        build({ architecture: 'alexnet', width: 4, drop }, { size: 63, mode }).features,
      ]).filter(({ operator }) => operator === 'greaterEqual').length;
    expect(comparisons('train')).toBe(2);
    expect(comparisons('evaluate')).toBe(0);
  });
});

describe('sobel', () => {
  it("gives the slopes of the channels' mean", async () => {
    // Gray values 2 x + 5 y on 4 x 4 pixels, as channels whose mean it is.
    const pixels = new Float32Array(3 * 16);
    for (let c = 0; c < 3; c++)
      for (let y = 0; y < 4; y++)
        for (let x = 0; x < 4; x++)
          pixels[c * 16 + y * 4 + x] = (2 * x + 5 * y) * (c + 0.5) * (2 / 3);
    const edges = sobel(constant(pixels, [1, 3, 4, 4]));
    expect(edges.shape).toEqual([1, 2, 4, 4]);
    const executable = await engine.compile({ outputs: { edges } });
    const received = (await executable.run({})).edges!;
    await executable.dispose();
    // Inside: 8 times the difference of neighbors, left minus right and upper minus lower.
    for (const at of [5, 6, 9, 10]) {
      expect(received[at]).toBeCloseTo(-2 * 8, 4);
      expect(received[16 + at]).toBeCloseTo(-5 * 8, 4);
    }
    // Beyond the border is 0: in the first column the slope is that from 0 to the second column.
    expect(received[4]).toBeCloseTo(-(2 + 2 * 7 + 12), 4);
  });
});

describe('dropout without a mask per value', () => {
  const [rows, columns] = [64, 300];
  const { drop, draws } = createDropout();
  const x = input('x', [rows, columns]);
  const dropped = drop(x, 'a');
  const names = ['rows', 'factors', 'offsets'].map((part) => `dropout.a.${part}`);

  async function masks(steps: readonly number[]) {
    const uniform = hashedUniform(input(names[0]!, [rows]), {
      factors: input(names[1]!, [columns]),
      offsets: input(names[2]!, [columns]),
    });
    const [plain, hashed] = [
      await engine.compile({ outputs: { dropped } }),
      await engine.compile({ outputs: { uniform } }),
    ];
    const results: { kept: number[]; uniform: Float32Array }[] = [];
    for (const step of steps) {
      const feeds = draws(step, 7);
      const out = await plain.run({ x: new Float32Array(rows * columns).fill(1), ...feeds });
      results.push({
        kept: [...(out.dropped as Float32Array)],
        uniform: (await hashed.run(feeds)).uniform as Float32Array,
      });
    }
    await plain.dispose();
    await hashed.dispose();
    return results;
  }

  it('keeps half of the values, doubled, another half in each step', async () => {
    const [first, second] = await masks([0, 1]);
    expect(new Set(first!.kept)).toEqual(new Set([0, 2]));
    const share = (values: number[]) => values.filter((v) => v > 0).length / values.length;
    expect(share(first!.kept)).toBeCloseTo(0.5, 1.5);
    const both = first!.kept.filter((v, i) => v > 0 && second!.kept[i]! > 0).length;
    expect(both / first!.kept.length).toBeCloseTo(0.25, 1.5);
  });

  it('is uniform, and as good as independent between rows and between columns', async () => {
    const steps = Array.from({ length: 40 }, (_, step) => step);
    const all = await masks(steps);
    const bins = new Array(8).fill(0);
    for (const { uniform } of all) for (const u of uniform) bins[Math.floor(u * 8)]++;
    const total = all.length * rows * columns;
    for (const bin of bins) expect(bin / total).toBeCloseTo(1 / 8, 2);
    // Mean and spread of how often two rows, or two columns, agree: 1/2 of the values, as coins do.
    const agree = (a: (i: number) => number, b: (i: number) => number, n: number) =>
      Array.from({ length: n }, (_, i) => Number(a(i) > 0 === b(i) > 0)).reduce(
        (s, v) => s + v,
        0,
      ) / n;
    let [ofRows, ofColumns] = [0, 0];
    for (const { kept } of all) {
      ofRows +=
        agree(
          (f) => kept[f]!,
          (f) => kept[columns + f]!,
          columns,
        ) / all.length;
      ofColumns +=
        agree(
          (n) => kept[n * columns]!,
          (n) => kept[n * columns + 1]!,
          rows,
        ) / all.length;
    }
    expect(ofRows).toBeCloseTo(0.5, 1.3);
    expect(ofColumns).toBeCloseTo(0.5, 1.3);
  });
});
