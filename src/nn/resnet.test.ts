import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { input, nodesOf, sizeOf } from '../tensor/index.ts';
import {
  type ResidualNetwork,
  residualNetworks,
  resnet,
  resnetFeatures,
  type Stem,
} from './resnet.ts';
import { createVariables } from './variables.ts';

type Shapes = Record<string, number[]>;
const { networks } = JSON.parse(
  readFileSync(new URL('../../test/fixtures/resnets.json', import.meta.url), 'utf8'),
) as { networks: Record<string, { parameters: Shapes; buffers: Shapes }> };

function build(
  architecture: ResidualNetwork,
  { stem = 'imagenet' as Stem, width = 64, size = 64 } = {},
) {
  const variables = createVariables();
  const features = resnet(variables, input('x', [2, 3, size, size]), { architecture, width, stem });
  return { variables, features };
}

const shapesOf = (held: { name: string; tensor: { shape: readonly number[] } }[]) =>
  Object.fromEntries(held.map(({ name, tensor }) => [name, [...tensor.shape]]));

describe('resnet', () => {
  for (const [name, { parameters, buffers }] of Object.entries(networks)) {
    it(`${name} holds what torchvision's holds: names, order and shapes`, () => {
      const { variables } = build(name as ResidualNetwork);
      expect(shapesOf(variables.parameters())).toEqual(parameters);
      expect(shapesOf(variables.buffers())).toEqual(buffers);
      // Layers are asked for in the order of computation; torchvision registers a shortcut after
      // its block's layers.
      expect(variables.parameters().map((entry) => entry.name)).toEqual(Object.keys(parameters));
    });
  }

  it('has the known numbers of parameters', () => {
    const count = (architecture: ResidualNetwork) =>
      build(architecture)
        .variables.parameters()
        .reduce((sum, { tensor }) => sum + sizeOf(tensor.shape), 0);
    expect(count('resnet18')).toBe(11_176_512);
    expect(count('resnet34')).toBe(21_284_672);
    expect(count('resnet50')).toBe(23_508_032);
    expect(count('resnet101')).toBe(42_500_160);
    expect(count('resnet152')).toBe(58_143_808);
  });

  it('starts the last batch norm of each block at 0 on request, as zero_init_residual of torchvision', () => {
    for (const [architecture, last, blocks] of [
      ['resnet18', 'bn2', 8],
      ['resnet50', 'bn3', 16],
    ] as const) {
      const variables = createVariables();
      resnet(variables, input('x', [2, 3, 32, 32]), {
        architecture,
        width: 4,
        residualInit: 'zero',
      });
      const scales = Object.entries(variables.initialValues(0)).filter(([name]) =>
        /(bn[123]|downsample\.1)\.weight$/.test(name),
      );
      const isLast = (name: string) => name.startsWith('layer') && name.endsWith(`${last}.weight`);
      expect(scales.filter(([name]) => isLast(name)).length, architecture).toBe(blocks);
      for (const [name, values] of scales)
        expect([...values], name).toEqual(new Array(values.length).fill(isLast(name) ? 0 : 1));
    }
  });

  it('says the length of its features', () => {
    for (const architecture of Object.keys(residualNetworks) as ResidualNetwork[]) {
      const { features } = build(architecture, { width: 8, stem: 'cifar', size: 16 });
      const expected = residualNetworks[architecture].block === 'bottleneck' ? 256 : 64;
      expect(resnetFeatures({ architecture, width: 8 }), architecture).toBe(expected);
      expect(features.shape, architecture).toEqual([2, expected]);
    }
    expect(resnetFeatures({ stageWidths: [8, 16, 16, 24] })).toBe(24);
  });

  it('shrinks images by its stem: 1, 2, 2 and 4 times before the first stage', () => {
    // Three of the four stages halve what the stem leaves.
    const lastMap = (stem: Stem) => {
      const { features } = build('resnet10', { stem, width: 4, size: 64 });
      return nodesOf([features])
        .findLast(({ operator }) => operator === 'relu')!
        .outputs[0]!.shape.slice(-2);
    };
    expect(lastMap('cifar')).toEqual([8, 8]);
    expect(lastMap('small')).toEqual([4, 4]);
    // A border of 1 pixel widens the pooled maps: 64 to 33, 17, 9 and 5.
    expect(lastMap('pooled')).toEqual([5, 5]);
    expect(lastMap('imagenet')).toEqual([2, 2]);
  });

  it('shares its weights between resolutions', () => {
    const variables = createVariables();
    const options = { architecture: 'resnet10', width: 4 } as const;
    resnet(variables, input('big', [2, 3, 32, 32]), options);
    const before = variables.parameters();
    resnet(variables, input('small', [4, 3, 16, 16]), options);
    expect(variables.parameters()).toEqual(before);
  });
});
