/**
 * The network of Deep Adaptive Clustering: Chang, Wang, Meng, Xiang, Pan, "Deep Adaptive Image
 * Clustering", ICCV 2017, section 4 and the authors' `cifar10_2.py`. Convolutions of 3 x 3 without
 * padding, from He normal filters, each with batch norm and ReLU:
 *
 *   64, 64, 64, max pool 2; 128, 128, 128, max pool 2; 1 x 1 to 128; average
 *
 * Different from the authors' code: the last convolution has 128 channels, not one per cluster, so
 * that the encoder does not depend on the number of clusters. The method's head begins as the
 * identity on the first of them, which is their network. The average is over the whole map, so
 * images of all sizes from 22 px are taken; batch norm has running statistics for evaluation.
 */
import { globalAveragePool, maxPool2d, relu, type Tensor } from '../tensor/index.ts';
import { atWidth, type PlainNetworkOptions, requireSize } from './alexnet.ts';
import { kaimingFanIn } from './initialize.ts';
import { batchNorm, convolution } from './layers.ts';
import type { Variables } from './variables.ts';

export interface UnpaddedOptions extends PlainNetworkOptions {
  /** Receives the map [N, C, h, w] after the first pooling. */
  onFirstMap?: (map: Tensor) => void;
}

/** Smallest image in pixels that leaves a map before the average. */
export const DAC_SMALLEST = 22;

/** Dimension of the features: 128 at width 64. */
export function dacFeatures({ width }: Pick<PlainNetworkOptions, 'width'>): number {
  return atWidth(128, width);
}

/** Normalized images [N, C, s, s] to features [N, 128] at width 64. */
export function dacNetwork(variables: Variables, x: Tensor, options: UnpaddedOptions = {}): Tensor {
  requireSize('dac', x, DAC_SMALLEST);
  return unpaddedNetwork(variables, x, {
    ...options,
    layers: [64, 64, 64, 'pool', 128, 128, 128, 'pool', { pointwise: 128 }],
  });
}

/** A 3 x 3 convolution by its channels at width 64, one of 1 x 1, or a max pool by 2. */
export type UnpaddedLayer = number | 'pool' | { readonly pointwise: number };

/** Convolutions without padding, and the average over the last map: [N, C]. */
export function unpaddedNetwork(
  variables: Variables,
  x: Tensor,
  {
    layers,
    width,
    stemFilters,
    onFirstMap,
  }: UnpaddedOptions & { layers: readonly UnpaddedLayer[] },
): Tensor {
  let y = x;
  layers.forEach((layer, i) => {
    if (layer === 'pool') {
      y = maxPool2d(y, { kernel: 2 }); // halves h and w
      if (layers.indexOf('pool') === i) onFirstMap?.(y);
      return;
    }
    const [channels, kernel] = typeof layer === 'number' ? [layer, 3] : [layer.pointwise, 1];
    y = convolution(variables, `features.${i}.conv`, y, {
      channels: atWidth(channels, width),
      kernel,
      padding: 0,
      weights: i === 0 ? stemFilters : 'trained',
      initialize: kaimingFanIn(),
    }); // [N, channels, h - 2, w - 2] of 3 x 3
    y = relu(batchNorm(variables, `features.${i}.bn`, y));
  });
  return globalAveragePool(y); // [N, C]
}
