/** The networks of DAC and DCCM: shapes of the papers, sizes of images, first values. */
import { describe, expect, it } from 'vitest';
import { randomAt } from '../core/random.ts';
import { input } from '../tensor/index.ts';
import { checkSizes, type EncoderOptions, encode, featureLength } from './encoder.ts';
import { identity, kaimingFanIn } from './initialize.ts';
import { createVariables } from './variables.ts';

function build(options: EncoderOptions, size = 32) {
  const variables = createVariables();
  const maps: (readonly number[])[] = [];
  const onFirstMap = ({ shape }: { shape: readonly number[] }) => void maps.push(shape);
  const features = encode(variables, input('x', [2, 3, size, size]), { ...options, onFirstMap });
  const weights = variables
    .parameters()
    .flatMap(({ tensor: { shape } }) => (shape.length === 4 ? [shape] : []));
  return { features, weights, maps };
}

describe('dac', () => {
  it('has three convolutions per pooling, one of 1 x 1, and 128 features', () => {
    const { features, weights, maps } = build({ architecture: 'dac' });
    expect(weights).toEqual([
      [64, 3, 3, 3],
      [64, 64, 3, 3],
      [64, 64, 3, 3],
      [128, 64, 3, 3],
      [128, 128, 3, 3],
      [128, 128, 3, 3],
      [128, 128, 1, 1],
    ]);
    expect(features.shape).toEqual([2, featureLength({ architecture: 'dac' })]);
    expect(features.shape).toEqual([2, 128]);
    expect(maps).toEqual([[2, 64, 13, 13]]);
  });
});

describe('dccm', () => {
  it('has maps of 14 x 14 after the first pooling at 32 px, and 256 features', () => {
    const { features, weights, maps } = build({ architecture: 'dccm' });
    expect(weights.map(([channels]) => channels)).toEqual([64, 64, 128, 256]);
    expect(features.shape).toEqual([2, featureLength({ architecture: 'dccm' })]);
    expect(maps).toEqual([[2, 64, 14, 14]]);
  });
});

describe('both', () => {
  it.each([
    ['dac', 22],
    ['dccm', 20],
  ] as const)('%s takes images of different sizes from %d px', (architecture, smallest) => {
    expect(() => checkSizes({ architecture }, [smallest, 64])).not.toThrow();
    expect(build({ architecture, width: 4 }, smallest).features.shape[0]).toBe(2);
    expect(() => checkSizes({ architecture }, [smallest - 1])).toThrow(
      `architecture ${architecture}: received images of ${smallest - 1} px; expected ${smallest}`,
    );
    expect(() => build({ architecture, width: 4 }, smallest - 1)).toThrow('expected');
  });

  it('a residual network gives the map of its first stage', () => {
    expect(build({ architecture: 'resnet10', width: 4 }).maps).toEqual([[2, 4, 32, 32]]);
  });
});

describe('first values', () => {
  it('the identity has 1 on the diagonal of any two extents', () => {
    const random = randomAt(0, 'synthetic');
    expect([...identity()([2, 3], random)]).toEqual([1, 0, 0, 0, 1, 0]);
    expect([...identity()([3, 2], random)]).toEqual([1, 0, 0, 1, 0, 0]);
  });

  it('Kaiming normal by fan-in has variance 2 / (I kh kw)', () => {
    const values = kaimingFanIn()([400, 8, 3, 3], randomAt(0, 'synthetic'));
    const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(square / (2 / 72)).toBeCloseTo(1, 1);
  });
});
