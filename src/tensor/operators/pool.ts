/** Pooling over windows of images [N, C, H, W]. */
import {
  type Attributes,
  applyOne,
  defineOperator,
  refuseShape,
  showShape,
  type Tensor,
} from '../tensor.ts';
import { asPair, type Pair, windowedExtent } from './convolution.ts';
import { mean } from './reduce.ts';

export interface PoolOptions {
  /** Extent of the window. */
  kernel: Pair;
  /** Pixels between neighboring windows; default: the extent of the window. */
  stride?: Pair;
  /** Border on each side; default 0. */
  padding?: Pair;
}

function attributesOf({ kernel, stride = kernel, padding = 0 }: PoolOptions) {
  return { kernel: asPair(kernel), stride: asPair(stride), padding: asPair(padding) };
}

function infer(name: string, x: Tensor, attributes: Attributes) {
  if (x.shape.length !== 4) refuseShape(name, showShape(x.shape), 'images [N, C, H, W]');
  const [kernel, stride, padding] = [
    attributes.kernel,
    attributes.stride,
    attributes.padding,
  ] as number[][];
  const extents = [0, 1].map((i) =>
    windowedExtent(x.shape[2 + i]!, kernel![i]!, stride![i]!, padding![i]!, 1),
  );
  if (extents.some((extent) => extent < 1)) {
    refuseShape(
      name,
      showShape(x.shape),
      `images at least as large as the ${kernel!.join('x')} window`,
    );
  }
  return [{ shape: [x.shape[0]!, x.shape[1]!, ...extents], dtype: 'float32' as const }];
}

defineOperator({
  name: 'maxPool2d',
  infer: ([x], attributes) => infer('maxPool2d', x!, attributes),
});

defineOperator({
  name: 'maxPool2dGradient',
  infer: ([x]) => [{ shape: x!.shape, dtype: 'float32' }],
});

/**
 * Largest element of each window; borders never win. The gradient goes to the first element that
 * attains it.
 */
export function maxPool2d(x: Tensor, options: PoolOptions): Tensor {
  return applyOne('maxPool2d', [x], attributesOf(options));
}

defineOperator({
  name: 'averagePool2d',
  infer: ([x], attributes) => infer('averagePool2d', x!, attributes),
});

/** Mean of each window; zeros of the border count, as in PyTorch's default. */
export function averagePool2d(x: Tensor, options: PoolOptions): Tensor {
  return applyOne('averagePool2d', [x], attributesOf(options));
}

/** Mean over all positions: [N, C, H, W] to [N, C]. */
export function globalAveragePool(x: Tensor): Tensor {
  return mean(x, { axes: [2, 3] }); // [N, C]
}
