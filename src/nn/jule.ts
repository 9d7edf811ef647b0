/**
 * The network of JULE: Yang, Parikh, Batra, "Joint Unsupervised Learning of Deep Representations
 * and Image Clusters", CVPR 2016, section 4.1.
 *
 * Convolutions of 50 kernels of 5 x 5 without padding, each with batch norm and ReLU, in turns with
 * max pooling by 2, until the map is at most 10 x 10; then a linear layer to 160 features, of norm
 * 1. At 32 px the map is 10 x 10 after two convolutions and one pooling.
 */
import { l2Normalize, maxPool2d, relu, reshape, sizeOf, type Tensor } from '../tensor/index.ts';
import { atWidth, type PlainNetworkOptions, requireSize } from './alexnet.ts';
import { filled, normal } from './initialize.ts';
import { batchNorm, convolution, linear } from './layers.ts';
import type { Variables } from './variables.ts';

/** Smallest image in pixels: the map is 8 x 8 after one convolution. */
export const JULE_SMALLEST = 12;
/** Extent of the largest last map. */
const MAX_MAP = 10;
const KERNEL = 5;
/** Channels and features at width 64. */
const CHANNELS = 50;
const FEATURES = 160;

/** Layers before the linear one, for images of a size. */
function layersOf(size: number): ('convolution' | 'pooling')[] {
  const layers: ('convolution' | 'pooling')[] = [];
  for (let extent = size; extent > MAX_MAP || layers.length === 0; ) {
    const isConvolution = layers.length % 2 === 0;
    layers.push(isConvolution ? 'convolution' : 'pooling');
    extent = isConvolution ? extent - KERNEL + 1 : Math.floor(extent / 2);
  }
  return layers;
}

/** Extent of the last map for images of a size: 10 at 32 px. */
export function juleGrid(size: number): number {
  return layersOf(size).reduce(
    (extent, layer) => (layer === 'convolution' ? extent - KERNEL + 1 : Math.floor(extent / 2)),
    size,
  );
}

/** Dimension of the features. */
export function juleFeatures({ width }: Pick<PlainNetworkOptions, 'width'>): number {
  return atWidth(FEATURES, width);
}

/** Normalized images [N, C, s, s] to features [N, 160] of norm 1 at width 64. */
export function jule(
  variables: Variables,
  x: Tensor,
  { width, stemFilters }: PlainNetworkOptions = {},
): Tensor {
  requireSize('jule', x, JULE_SMALLEST);
  let y = x;
  let block = 0;
  for (const layer of layersOf(x.shape[2]!)) {
    if (layer === 'pooling') {
      y = maxPool2d(y, { kernel: 2, stride: 2 }); // halves h and w
      continue;
    }
    y = convolution(variables, `features.${block}.conv`, y, {
      channels: atWidth(CHANNELS, width),
      kernel: KERNEL,
      padding: 0,
      weights: block === 0 ? stemFilters : 'trained',
      initialize: normal(0.01),
    }); // [N, 50, h - 4, w - 4]
    y = relu(batchNorm(variables, `features.${block}.norm`, y));
    block++;
  }
  const flat = reshape(y, [x.shape[0]!, sizeOf(y.shape) / x.shape[0]!]); // [N, 5000] at 32 px
  const features = linear(variables, 'embedding', flat, {
    features: juleFeatures({ width }),
    initialize: { weight: normal(0.01), bias: filled(0) },
  }); // [N, 160]
  return l2Normalize(features); // [N, 160]
}
