/**
 * Networks of DCGAN: a discriminator of convolutions and a generator of transposed ones.
 *
 * Source: Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional
 * Generative Adversarial Networks", ICLR 2016 (arXiv:1511.06434), section 5.1 (features of the
 * discriminator), and the authors' code, Newmu/dcgan_code `imagenet/load_pretrained.py`, for the
 * layers at 32 px.
 *
 *   D: 3x3 convolutions 3-128, 128-128 /2, 128-256, 256-256 /2, 256-512, 512-512 /2,
 *      batch norm in all but the first, leaky ReLU of .2; linear to one logit
 *   G: linear of 256 values to 512 x 4 x 4; transposed 3x3 convolutions 512-512 x2, 512-256,
 *      256-256 x2, 256-128, 128-128 x2, batch norm and ReLU after each; 128-3, tanh
 *
 * No layer has a bias but for batch norms. Features are the six maps of D, each max-pooled to 4 x 4
 * and joined: 28,672 values. All are in proportion to `width`, 64 as above. Images of s px begin as
 * maps of s / 8 in the generator, rounded up.
 */
import {
  concat,
  leakyRelu,
  maxPool2d,
  relu,
  reshape,
  type Shape,
  sizeOf,
  type Tensor,
  tanh,
} from '../tensor/index.ts';
import { atWidth, type PlainNetworkOptions, requireSize } from './alexnet.ts';
import { normal } from './initialize.ts';
import { batchNorm, convolution, linear, transposedConvolution } from './layers.ts';
import { halvedExtents } from './vae.ts';
import type { Variables } from './variables.ts';

export type DcganOptions = Pick<PlainNetworkOptions, 'width' | 'stemFilters'>;

/** Channels and stride of the discriminator's convolutions at width 64. */
const LAYERS = [
  { channels: 128, stride: 1 },
  { channels: 128, stride: 2 },
  { channels: 256, stride: 1 },
  { channels: 256, stride: 2 },
  { channels: 512, stride: 1 },
  { channels: 512, stride: 2 },
] as const;
const HALVINGS = 3;
const SLOPE = 0.2;
/** Side of the pooled maps. */
const POOLED = 4;
/** Dimension of the generator's input at width 64. */
const INPUT = 256;
/** First weights, as in the authors' code. */
const first = { weight: normal(0.02), bias: normal(0) };
/** Prefix of the names of the generator's values. */
export const GENERATOR = 'generator.';

/** Smallest image in pixels whose last map has 4 x 4 positions. */
export const DCGAN_SMALLEST = 2 ** HALVINGS * (POOLED - 1) + 1;

/** Dimension of the features: 28,672 at width 64. */
export function dcganFeatures({ width }: DcganOptions): number {
  return LAYERS.reduce((sum, { channels }) => sum + POOLED ** 2 * atWidth(channels, width), 0);
}

/** Dimension of the generator's input: 256 at width 64. */
export function generatorInputs({ width }: DcganOptions): number {
  return atWidth(INPUT, width);
}

/** The six maps of the discriminator after their activations, of images [N, 3, s, s]. */
export function discriminatorMaps(
  variables: Variables,
  x: Tensor,
  { width, stemFilters }: DcganOptions = {},
): Tensor[] {
  requireSize('dcgan', x, DCGAN_SMALLEST);
  const maps: Tensor[] = [];
  for (const [i, { channels, stride }] of LAYERS.entries()) {
    const weights = i === 0 ? stemFilters : 'trained';
    const shape = { channels: atWidth(channels, width), kernel: 3, stride, weights } as const;
    const y = convolution(variables, `conv${i + 1}`, maps.at(-1) ?? x, {
      ...shape,
      initialize: first.weight,
    }); // [N, channels, h, w]
    maps.push(leakyRelu(i === 0 ? y : batchNorm(variables, `bn${i + 1}`, y), { slope: SLOPE }));
  }
  return maps;
}

/** Maps [N, c, h, h] max-pooled to 4 x 4 each and joined: [N, 16 sum of c]. */
export function pooledMaps(maps: readonly Tensor[]): Tensor {
  const pooled = maps.map((map) => {
    const [N, channels, extent] = map.shape as [number, number, number];
    const stride = Math.floor(extent / POOLED);
    const kernel = extent - stride * (POOLED - 1); // windows overlap where 4 does not divide h
    const y = maxPool2d(map, { kernel, stride }); // [N, c, 4, 4]
    return reshape(y, [N, channels * POOLED ** 2]); // [N, 16 c]
  });
  return concat(pooled, 1); // [N, 16 sum of c]
}

/** Features [N, 28672] at width 64 of normalized images [N, 3, s, s]. */
export function dcganEncoder(variables: Variables, x: Tensor, options: DcganOptions = {}): Tensor {
  return pooledMaps(discriminatorMaps(variables, x, options)); // [N, D]
}

/** Logits [N, 1] of being real, of the discriminator's last map. */
export function discriminatorLogits(variables: Variables, map: Tensor): Tensor {
  const N = map.shape[0]!;
  const flat = reshape(map, [N, sizeOf(map.shape) / N]); // [N, 8192] at 32 px
  const shape = { features: 1, bias: 'without', initialize: first } as const;
  return linear(variables, 'discriminator.linear', flat, shape); // [N, 1]
}

/** Images [N, 3, s, s] in -1 … 1, of values z [N, 256] at width 64 in -1 … 1. */
export function dcganGenerator(
  variables: Variables,
  z: Tensor,
  { size, width }: DcganOptions & { size: number },
): Tensor {
  const extents = halvedExtents(size, HALVINGS).toReversed();
  const top = atWidth(LAYERS.at(-1)!.channels, width);
  const shape: Shape = [top, extents[0]!, extents[0]!];
  const normed = (name: string, x: Tensor) => relu(batchNorm(variables, `${GENERATOR}${name}`, x));
  let y = linear(variables, `${GENERATOR}linear`, z, {
    features: sizeOf(shape),
    bias: 'without',
    initialize: first,
  }); // [N, channels h w]
  y = reshape(normed('bn0', y), [z.shape[0]!, ...shape]); // [N, channels, h, w]
  // The mirror of the discriminator: a layer gives the channels that its counterpart reads.
  for (const [i, { stride }] of LAYERS.toReversed().entries()) {
    const isLast = i === LAYERS.length - 1;
    const channels = isLast ? 3 : atWidth(LAYERS[LAYERS.length - 2 - i]!.channels, width);
    y = transposedConvolution(variables, `${GENERATOR}conv${i + 1}`, y, {
      channels,
      kernel: 3,
      stride,
      extent: extents[Math.floor(i / 2) + 1]!,
      initialize: first.weight,
    }); // [N, channels, h, w] or [N, channels, 2 h, 2 w]
    if (!isLast) y = normed(`bn${i + 1}`, y);
  }
  return tanh(y); // [N, 3, s, s]
}
