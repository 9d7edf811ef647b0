/**
 * The network of Deep Comprehensive Correlation Mining for 32 px: Wu et al., "Deep Comprehensive
 * Correlation Mining for Image Clustering", ICCV 2019, and the authors' `cifar_C4_L2.py`. As that
 * of DAC with fewer convolutions:
 *
 *   64, 64, max pool 2; 128, max pool 2; 256; average
 *
 * Its first map, of which the information loss reads every position, has 64 channels and 14 x 14
 * positions at 32 px. Different from the authors' code: the average is over the whole map, and
 * batch norm has running statistics for evaluation.
 */
import type { Tensor } from '../tensor/index.ts';
import { atWidth, type PlainNetworkOptions, requireSize } from './alexnet.ts';
import { type UnpaddedOptions, unpaddedNetwork } from './dacNetwork.ts';
import type { Variables } from './variables.ts';

/** Smallest image in pixels that leaves a map before the average. */
export const DCCM_SMALLEST = 20;

/** Dimension of the features: 256 at width 64. */
export function dccmFeatures({ width }: Pick<PlainNetworkOptions, 'width'>): number {
  return atWidth(256, width);
}

/** Normalized images [N, C, s, s] to features [N, 256] at width 64. */
export function dccmNetwork(
  variables: Variables,
  x: Tensor,
  options: UnpaddedOptions = {},
): Tensor {
  requireSize('dccm', x, DCCM_SMALLEST);
  return unpaddedNetwork(variables, x, {
    ...options,
    layers: [64, 64, 'pool', 128, 'pool', 256],
  });
}
