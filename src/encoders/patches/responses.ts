/**
 * The graph from images to features: responses of the filters, averaged in grids, and projected.
 *
 * A filter d on whitened patches responds with `r = d · W (u - m)`, where u is the patch at a
 * position, normalized in contrast. As the mean of a patch drops out of `a = dW - mean(dW)`,
 *
 *     r = (a * p) / sqrt(var p + c) - dW · m        (*: convolution)
 *
 * and whitening costs nothing. Then `max(0, r - threshold)`, means over the cells of a spatial
 * pyramid, and their square root, which lets rare and frequent filters count alike.
 */
import {
  add,
  averagePool2d,
  concat,
  constant,
  conv2d,
  div,
  matmul,
  mean,
  mul,
  relu,
  reshape,
  sqrt,
  sub,
  sum,
  type Tensor,
} from '../../tensor/index.ts';
import { LUMINANCE } from './whitenedPatches.ts';

/** Filters of one part: color or gray. */
export interface FilterBank {
  /** [K, C, side, side], a; each sums to 0. */
  filters: Tensor;
  /** [K], `dW · m` */
  bias: Tensor;
}

export interface ResponseOptions {
  side: number;
  stride: number;
  contrast: number;
  threshold: number;
  pyramid: readonly number[];
}

/** Middle of the range of a byte. */
const MIDDLE = 128;

/** Rooted mean responses [B, F] of images [B, 3, S, S], values 0 to 255. */
export function pooledResponses(
  images: Tensor,
  banks: { color: FilterBank; gray: FilterBank },
  options: ResponseOptions,
): Tensor {
  // Around 0, which costs nothing (filters sum to 0) and keeps the variances exact in float32.
  const x = sub(images, MIDDLE);
  const weights = constant(Float32Array.from(LUMINANCE), [3, 1, 1]);
  const gray = sum(mul(x, weights), { axes: [1], keepDims: true }); // [B, 1, S, S]
  const color = responses(x, banks.color, options); // [B, K, o, o]
  const luminance = responses(gray, banks.gray, options); // [B, K', o, o]
  return concat(
    [color, luminance].map((r) => pyramidOf(r, options.pyramid)),
    1,
  ); // [B, F]
}

/** Thresholded responses [B, K, o, o] at each position. */
function responses(
  x: Tensor,
  { filters, bias }: FilterBank,
  { side, stride, contrast, threshold }: ResponseOptions,
): Tensor {
  const window = { kernel: side, stride };
  const average = (values: Tensor) =>
    averagePool2d(mean(values, { axes: [1], keepDims: true }), window); // [B, 1, o, o]
  const means = average(x);
  const variances = relu(sub(average(mul(x, x)), mul(means, means)));
  const deviation = sqrt(add(variances, contrast)); // [B, 1, o, o]
  const products = div(conv2d(x, filters, { stride }), deviation); // [B, K, o, o]
  const level = add(reshape(bias, [1, bias.shape[0]!, 1, 1]), threshold);
  return relu(sub(products, level));
}

/** Square roots of the means over the cells of grids: [B, K, o, o] to [B, K Σ g²]. */
function pyramidOf(x: Tensor, grids: readonly number[]): Tensor {
  const [B, K, o] = x.shape as [number, number, number];
  const levels = grids.map((grid) => {
    const cells = Math.min(grid, o);
    const stride = Math.floor(o / cells);
    const kernel = o - (cells - 1) * stride;
    return reshape(averagePool2d(x, { kernel, stride }), [B, K * cells * cells]);
  });
  return sqrt(concat(levels, 1)); // [B, K Σ g²]
}

/** Features [B, D] of pooled responses [B, F]: `(f - mean) V`, all scales in `projection` [F, D]. */
export function projected(pooled: Tensor, projection: Tensor, offset: Tensor): Tensor {
  return add(matmul(pooled, projection), offset); // [B, D]
}
