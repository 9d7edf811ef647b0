/**
 * AlexNet as DeepCluster uses it: Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep
 * Convolutional Neural Networks", NeurIPS 2012, with batch norm in place of local response
 * normalization, in one column (Caron et al., ECCV 2018, section 3.3). Parameters are named as in
 * the authors' checkpoints.
 *
 * The features are the 4,096 values of the second fully connected layer, before its ReLU, which
 * DeepCluster clusters. Fully connected layers need maps of one extent (6 x 6 at 224 px, 9,216
 * values), so a network takes images of one size.
 */
import { LikenessError } from '../core/errors.ts';
import { maxPool2d, relu, reshape, sizeOf, type Tensor } from '../tensor/index.ts';
import type { Drop } from './dropout.ts';
import { filled, normal } from './initialize.ts';
import { batchNorm, convolution, linear, type Weights } from './layers.ts';
import type { Variables } from './variables.ts';

export interface PlainNetworkOptions {
  /** 64: the paper's numbers of channels and of hidden values; all are in proportion to it. */
  width?: number;
  /** Dropout before the fully connected layers, in training alone. Default: none. */
  drop?: Drop;
  /** Filters of the first convolution. Default: trained. */
  stemFilters?: Weights;
}

/** Number of channels or of hidden values at a width, of the number at width 64. */
export function atWidth(channels: number, width = 64): number {
  return Math.max(1, Math.round((channels * width) / 64));
}

/** Hidden values of the fully connected layers at width 64. */
const HIDDEN = 4096;

/** Dimension of the features of AlexNet and VGG. */
export function plainFeatures({ width }: Pick<PlainNetworkOptions, 'width'>): number {
  return atWidth(HIDDEN, width);
}

/**
 * A fully connected layer of AlexNet and VGG: from N(0, 0.01²), bias 0, as in the authors' code.
 */
export function fullyConnected(
  variables: Variables,
  name: string,
  x: Tensor,
  { width }: Pick<PlainNetworkOptions, 'width'>,
): Tensor {
  const initialize = { weight: normal(0.01), bias: filled(0) };
  return linear(variables, name, x, { features: plainFeatures({ width }), initialize }); // [N, hidden]
}

/** Smallest image in pixels that leaves a map after the last pooling. */
export const ALEXNET_SMALLEST = 63;

/** Extent of AlexNet's last map for images of a size: 6 at 224 px, 1 at 63 px. */
export function alexnetGrid(size: number): number {
  const pooled = (extent: number) => Math.floor((extent - 3) / 2) + 1;
  const first = Math.floor((size + 2 * 2 - 11) / 4) + 1;
  return pooled(pooled(pooled(first)));
}

interface Stage {
  /** Number of the layer in the authors' list of layers. */
  layer: number;
  channels: number;
  kernel: number;
  stride?: number;
  padding: number;
  pool?: boolean;
}

const STAGES: readonly Stage[] = [
  { layer: 0, channels: 96, kernel: 11, stride: 4, padding: 2, pool: true },
  { layer: 4, channels: 256, kernel: 5, padding: 2, pool: true },
  { layer: 8, channels: 384, kernel: 3, padding: 1 },
  { layer: 11, channels: 384, kernel: 3, padding: 1 },
  { layer: 14, channels: 256, kernel: 3, padding: 1, pool: true },
];

/** Normalized images [N, C, s, s] to features [N, 4096] at width 64. */
export function alexnet(
  variables: Variables,
  x: Tensor,
  { width, drop, stemFilters }: PlainNetworkOptions = {},
): Tensor {
  requireSize('alexnet', x, ALEXNET_SMALLEST);
  let y = x;
  for (const { layer, channels, kernel, stride, padding, pool } of STAGES) {
    const weights = layer === 0 ? stemFilters : 'trained';
    const extent = { channels: atWidth(channels, width), kernel, stride, padding };
    const shape = { ...extent, weights, bias: 'with' } as const;
    y = convolution(variables, `features.${layer}`, y, shape); // [N, channels, h, w]
    y = relu(batchNorm(variables, `features.${layer + 1}`, y));
    if (pool) y = maxPool2d(y, { kernel: 3, stride: 2 }); // halves h and w
  }
  const dropped = droppedIn(variables, drop);
  let f = reshape(y, [x.shape[0]!, sizeOf(y.shape) / x.shape[0]!]); // [N, 9216] at 224 px
  f = relu(fullyConnected(variables, 'classifier.1', dropped(f, 'classifier.0'), { width })); // [N, 4096]
  return fullyConnected(variables, 'classifier.4', dropped(f, 'classifier.3'), { width }); // [N, 4096]
}

/** Dropout in training, nothing in evaluation. */
export function droppedIn(variables: Variables, drop: Drop | undefined): Drop {
  return drop && variables.mode === 'train' ? drop : (x) => x;
}

/** Refuses images below a network's smallest size. */
export function requireSize(network: string, x: Tensor, smallest: number): void {
  const [, , height, width] = x.shape as [number, number, number, number];
  if (Math.min(height, width) >= smallest) return;
  throw new LikenessError(
    'encoder.size',
    `architecture ${network}: received images of ${width} x ${height} px; ` +
      `expected ${smallest} px or more. Set larger crops and imageSize, ` +
      'or a residual network such as architecture=resnet10.',
  );
}
