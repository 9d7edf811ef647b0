/**
 * VGG-16 with batch norm: Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale
 * Image Recognition", ICLR 2015, configuration D, as DeepCluster uses it (one dropout, between the
 * fully connected layers). Parameters are named as in DeepCluster's checkpoints.
 *
 * The features are the 4,096 values of the second fully connected layer, before its ReLU. As with
 * AlexNet, a network takes images of one size (7 x 7 maps at 224 px, 25,088 values).
 */
import { maxPool2d, relu, reshape, sizeOf, type Tensor } from '../tensor/index.ts';
import {
  atWidth,
  droppedIn,
  fullyConnected,
  type PlainNetworkOptions,
  requireSize,
} from './alexnet.ts';
import { batchNorm, convolution } from './layers.ts';
import type { Variables } from './variables.ts';

/** Channels of the 3 x 3 convolutions of each block; a pooling by 2 ends it. */
const BLOCKS = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
] as const;

/** Smallest image in pixels that leaves a map after five halvings. */
export const VGG_SMALLEST = 2 ** BLOCKS.length;

/** Extent of the last map for images of a size: 7 at 224 px, 1 at 32 px. */
export function vggGrid(size: number): number {
  return BLOCKS.reduce((extent) => Math.floor(extent / 2), size);
}

/** Normalized images [N, C, s, s] to features [N, 4096] at width 64. */
export function vgg16(
  variables: Variables,
  x: Tensor,
  { width, drop, stemFilters }: PlainNetworkOptions = {},
): Tensor {
  requireSize('vgg16-bn', x, VGG_SMALLEST);
  let y = x;
  let layer = 0;
  for (const block of BLOCKS) {
    for (const channels of block) {
      const weights = layer === 0 ? stemFilters : 'trained';
      const shape = {
        channels: atWidth(channels, width),
        kernel: 3,
        weights,
        bias: 'with',
      } as const;
      y = convolution(variables, `features.${layer}`, y, shape); // [N, channels, h, w]
      y = relu(batchNorm(variables, `features.${layer + 1}`, y));
      layer += 3; // convolution, batch norm, ReLU
    }
    y = maxPool2d(y, { kernel: 2 }); // halves h and w
    layer++;
  }
  const f = reshape(y, [x.shape[0]!, sizeOf(y.shape) / x.shape[0]!]); // [N, 25088] at 224 px
  const hidden = relu(fullyConnected(variables, 'classifier.0', f, { width })); // [N, 4096]
  const dropped = droppedIn(variables, drop)(hidden, 'classifier.2');
  return fullyConnected(variables, 'classifier.3', dropped, { width }); // [N, 4096]
}
