/**
 * Network of the variational autoencoder: three convolutions of stride 2 to the parameters of a
 * Gaussian, and their mirror in transposed convolutions.
 *
 * Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014 (arXiv:1312.6114), which
 * has fully connected layers. The convolutions are a choice of this library, because the paper has
 * no network for color photos.
 *
 *   h = conv 3x3 of 32, 64, 128 channels, stride 2, batch norm, ReLU, flattened
 *   mu = W_1 h + b_1,  ln sigma^2 = W_2 h + b_2                                   d = 64 each
 *   logits = linear to the last map, then transposed convolutions of 64, 32 and 3 channels
 *
 * The features are mu. Channels and d are in proportion to `width`, 64 as above. Linear layers fit
 * one size of images.
 */
import { relu, reshape, type Shape, sizeOf, type Tensor } from '../tensor/index.ts';
import { atWidth, type PlainNetworkOptions, requireSize } from './alexnet.ts';
import { batchNorm, convolution, linear, transposedConvolution } from './layers.ts';
import type { Variables } from './variables.ts';

export type VaeOptions = Pick<PlainNetworkOptions, 'width' | 'stemFilters'>;

/** Channels of the convolutions at width 64. */
const CHANNELS = [32, 64, 128] as const;
/** Dimension of the code at width 64. */
const CODE = 64;
/** Smallest image in pixels whose last map has more than one position. */
export const VAE_SMALLEST = 2 ** CHANNELS.length + 1;

/** Extents of the maps of an image of a size: 32, 16, 8 and 4 at 32 px. */
export function halvedExtents(size: number, times: number): number[] {
  return Array.from({ length: times }).reduce<number[]>(
    (extents) => [...extents, Math.ceil(extents.at(-1)! / 2)],
    [size],
  );
}

/** Extent of the last map for images of a size. */
export function vaeGrid(size: number): number {
  return halvedExtents(size, CHANNELS.length).at(-1)!;
}

/** Dimension d of the code. */
export function vaeFeatures({ width }: VaeOptions): number {
  return atWidth(CODE, width);
}

/** Last maps of normalized images [N, 3, s, s], flattened: [N, 2048] at 32 px and width 64. */
export function vaeHidden(
  variables: Variables,
  x: Tensor,
  { width, stemFilters }: VaeOptions = {},
): Tensor {
  requireSize('vae', x, VAE_SMALLEST);
  let y = x;
  for (const [i, channels] of CHANNELS.entries()) {
    const weights = i === 0 ? stemFilters : 'trained';
    const shape = { channels: atWidth(channels, width), kernel: 3, stride: 2, weights } as const;
    y = convolution(variables, `conv${i + 1}`, y, shape); // [N, channels, h / 2, w / 2]
    y = relu(batchNorm(variables, `bn${i + 1}`, y));
  }
  return reshape(y, [x.shape[0]!, sizeOf(y.shape) / x.shape[0]!]); // [N, channels h w]
}

/** Mean mu [N, d] of the code, of the last maps [N, F]. */
export function vaeMean(variables: Variables, hidden: Tensor, options: VaeOptions = {}): Tensor {
  return linear(variables, 'mean', hidden, { features: vaeFeatures(options) }); // [N, d]
}

/** Logarithm ln sigma^2 [N, d] of the code's variance, of the last maps [N, F]. */
export function vaeLogVariance(
  variables: Variables,
  hidden: Tensor,
  options: VaeOptions = {},
): Tensor {
  return linear(variables, 'logVariance', hidden, { features: vaeFeatures(options) }); // [N, d]
}

/** Features of normalized images [N, 3, s, s]: the means mu [N, d]. */
export function vaeEncoder(variables: Variables, x: Tensor, options: VaeOptions = {}): Tensor {
  return vaeMean(variables, vaeHidden(variables, x, options), options); // [N, d]
}

/** Logits [N, 3, s, s] of the pixels of codes [N, d]; their sigmoid lies between 0 and 1. */
export function vaeDecoder(
  variables: Variables,
  z: Tensor,
  { size, width }: VaeOptions & { size: number },
): Tensor {
  const [, ...extents] = halvedExtents(size, CHANNELS.length).toReversed();
  const first: Shape = [atWidth(CHANNELS.at(-1)!, width), vaeGrid(size), vaeGrid(size)];
  const unfolded = linear(variables, 'decoder.linear', z, {
    features: sizeOf(first),
    bias: 'without',
  }); // [N, channels h w]
  let y = relu(batchNorm(variables, 'decoder.bn0', unfolded));
  y = reshape(y, [z.shape[0]!, ...first]); // [N, channels, h, w]
  const channels = [
    ...CHANNELS.slice(0, -1)
      .map((count) => atWidth(count, width))
      .toReversed(),
    3,
  ];
  for (const [i, count] of channels.entries()) {
    const isLast = i === channels.length - 1;
    y = transposedConvolution(variables, `decoder.conv${i + 1}`, y, {
      channels: count,
      kernel: 3,
      stride: 2,
      extent: extents[i]!,
      bias: isLast ? 'with' : 'without',
    }); // [N, count, 2 h, 2 w]
    if (!isLast) y = relu(batchNorm(variables, `decoder.bn${i + 1}`, y));
  }
  return y; // [N, 3, s, s]
}
