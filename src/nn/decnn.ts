/**
 * Deconvolutional network: two layers of sparse maps, each of which explains the maps below it by
 * convolutions with learned filters.
 *
 * Source: Zeiler, Krishnan, Taylor, Fergus, "Deconvolutional Networks", CVPR 2010: equations 2 to
 * 4 and section 4.1 (sizes). No code of the authors was found.
 *
 *   cost(z) = (lambda / 2) ||A z - y||^2 + |z|_1,   A z = sum over maps k of z_k * f_k
 *
 * y are contrast-normalized images in layer 1, and the maps z of layer 1 in layer 2. A filter f_k
 * has a part for every channel of y and unit length as a whole. Maps are inferred by FISTA (Beck,
 * Teboulle, SIAM J. Imaging Sciences 2009) in fixed steps of 1 / L, unrolled:
 *
 *   z_n = soft(v_n - (lambda / L) A^T (A v_n - y), 1 / L),   soft(x, t) = sign(x) max(|x| - t, 0)
 *   v_(n+1) = z_n + ((t_n - 1) / t_(n+1)) (z_n - z_(n-1)),   t_(n+1) = (1 + sqrt(1 + 4 t_n^2)) / 2
 *
 * L is an upper bound of lambda ||A||^2. It is computed from the filters: ||A||^2 = ||A^T A|| is at
 * most the largest sum of absolute correlations of a filter with all filters, and so is ||A A^T||
 * with channels in place of filters. The lower one of both counts.
 *
 * Features are |z| of layer 2, max-pooled to 4 x 4. Numbers of maps are in proportion to `width`,
 * 15 and 45 at 64. Every map of layer 2 reads all of layer 1, where the paper connects some.
 */
import {
  abs,
  add,
  averagePool2d,
  constant,
  conv2d,
  convTranspose2d,
  div,
  max,
  maximum,
  mean,
  minimum,
  mul,
  sign,
  sqrt,
  stopGradient,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import { atWidth, type PlainNetworkOptions } from './alexnet.ts';
import { pooledMaps } from './dcgan.ts';
import { normal } from './initialize.ts';
import type { Variables } from './variables.ts';

export type DecnnOptions = Pick<PlainNetworkOptions, 'width' | 'stemFilters'>;

/** Maps of each layer at width 64. */
const MAPS = [15, 45] as const;
/** Side of the filters. */
const KERNEL = 7;
/**
 * Lambda, the weight of the reconstruction. The paper has 1, at which every value of layer 2 is 0
 * in the first step on images that are normalized as here, so that its filters would not learn.
 */
const RECONSTRUCTION_WEIGHT = 3;
/** Steps of FISTA. */
const INFERENCE_STEPS = 10;
/** Side of the pooled maps. */
const POOLED = 4;
/** Side of the window of contrast normalization. */
const WINDOW = 9;
/** Keeps the contrast of an even image finite. */
const MIN_CONTRAST = 1e-3;

/** Smallest image in pixels, the side of the filters. */
export const DECNN_SMALLEST = KERNEL;

/** Dimension of the features: 720 at width 64. */
export function decnnFeatures({ width }: DecnnOptions): number {
  return POOLED ** 2 * atWidth(MAPS.at(-1)!, width);
}

/** Layer of sparse maps. */
export interface SparseLayer {
  /** Filters of unit length, [K, C, k, k]. */
  filters: Tensor;
  /** Maps or images that are explained, [N, C, h, w]. */
  y: Tensor;
  /** Maps that explain them, without gradient, [N, K, h + k - 1, w + k - 1]. */
  z: Tensor;
}

/** Layers of normalized images [N, 3, s, s], with their maps inferred. */
export function decnnLayers(
  variables: Variables,
  x: Tensor,
  { width, stemFilters = 'trained' }: DecnnOptions = {},
): SparseLayer[] {
  const layers: SparseLayer[] = [];
  for (const [i, maps] of MAPS.entries()) {
    const y = layers.at(-1)?.z ?? contrastNormalize(x); // [N, C, h, w]
    const shape = [atWidth(maps, width), y.shape[1]!, KERNEL, KERNEL];
    const value = i === 0 && stemFilters === 'frozen' ? variables.buffer : variables.parameter;
    const length = Math.sqrt(y.shape[1]! * KERNEL ** 2);
    const weight = value(`layer${i + 1}.weight`, shape, normal(1 / length));
    const filters = unitFilters(weight); // [K, C, k, k]
    layers.push({ filters, y, z: stopGradient(inferMaps(y, filters)) });
  }
  return layers;
}

/** Features [N, 720] at width 64 of normalized images [N, 3, s, s]. */
export function decnnEncoder(variables: Variables, x: Tensor, options: DecnnOptions = {}): Tensor {
  return decnnPooled(decnnLayers(variables, x, options)); // [N, D]
}

/** Features of inferred layers: |z| of the last one, max-pooled to 4 x 4, [N, 16 K]. */
export function decnnPooled(layers: readonly SparseLayer[]): Tensor {
  return pooledMaps([abs(layers.at(-1)!.z)]); // [N, 16 K]
}

/**
 * Images [N, C, h, w] minus the mean of a window of 9 x 9 over all channels, divided by the
 * deviation there, or by the mean deviation of the image where that is larger.
 */
export function contrastNormalize(x: Tensor): Tensor {
  const [, , h, w] = x.shape as [number, number, number, number];
  const window = { kernel: WINDOW, stride: 1, padding: (WINDOW - 1) / 2 };
  const ones = constant(new Float32Array(h * w).fill(1), [1, 1, h, w]);
  const inside = averagePool2d(ones, window); // [1, 1, h, w]
  const local = (values: Tensor) =>
    div(mean(averagePool2d(values, window), { axes: [1], keepDims: true }), inside); // [N, 1, h, w]
  const centered = sub(x, local(x)); // [N, C, h, w]
  const deviation = sqrt(add(local(mul(centered, centered)), MIN_CONTRAST ** 2)); // [N, 1, h, w]
  const floor = mean(deviation, { axes: [2, 3], keepDims: true }); // [N, 1, 1, 1]
  return div(centered, maximum(deviation, floor)); // [N, C, h, w]
}

/** Filters w [K, C, k, k] scaled to unit length, each over its channels and positions. */
export function unitFilters(w: Tensor): Tensor {
  const squares = sum(mul(w, w), { axes: [1, 2, 3], keepDims: true }); // [K, 1, 1, 1]
  return div(w, sqrt(squares)); // [K, C, k, k]
}

/** `sign(x) max(|x| - t, 0)`, element by element. */
export function softThreshold(x: Tensor, t: Tensor | number): Tensor {
  return mul(sign(x), maximum(sub(abs(x), t), 0));
}

/** Zeros around maps, so that filters reach over the edge by all but one position. */
const border = ({ shape }: Tensor): [number, number] => [shape[2]! - 1, shape[3]! - 1];

/** `A z`: images [N, C, h, w] of maps [N, K, h + k - 1, w + k - 1]. */
export function reconstruct(z: Tensor, filters: Tensor): Tensor {
  return convTranspose2d(z, filters, { padding: border(filters) }); // [N, C, h, w]
}

/** `Aᵀ y`: maps [N, K, h + k - 1, w + k - 1] of images [N, C, h, w]. */
function correlate(y: Tensor, filters: Tensor): Tensor {
  return conv2d(y, filters, { padding: border(filters) }); // [N, K, h + k - 1, w + k - 1]
}

/** Upper bound of `||A||²`, []. */
export function operatorBound(filters: Tensor): Tensor {
  const largestSum = (rows: Tensor) => {
    const correlations = conv2d(rows, rows, { padding: border(rows) }); // [R, R, 2 k - 1, 2 k - 1]
    return max(sum(abs(correlations), { axes: [1, 2, 3] })); // []
  };
  return minimum(largestSum(filters), largestSum(transpose(filters, [1, 0, 2, 3])));
}

/**
 * Maps [N, K, h + k - 1, w + k - 1] that explain y [N, C, h, w], by steps of FISTA from 0. Without
 * momentum the steps are those of ISTA, in each of which the cost falls.
 */
export function inferMaps(
  y: Tensor,
  filters: Tensor,
  {
    weight = RECONSTRUCTION_WEIGHT,
    steps = INFERENCE_STEPS,
    momentum = 'nesterov',
  }: { weight?: number; steps?: number; momentum?: 'nesterov' | 'none' } = {},
): Tensor {
  const threshold = div(1 / weight, operatorBound(filters)); // 1 / L, []
  const rate = mul(weight, threshold); // lambda / L, []
  let z = softThreshold(mul(rate, correlate(y, filters)), threshold); // from v = 0
  let before: Tensor | undefined;
  let t = 1;
  for (let n = 1; n < steps; n++) {
    const next = (1 + Math.sqrt(1 + 4 * t * t)) / 2;
    const ahead = momentum === 'none' ? 0 : (t - 1) / next;
    t = next;
    const v = before && ahead > 0 ? add(z, mul(ahead, sub(z, before))) : z;
    const slope = correlate(sub(reconstruct(v, filters), y), filters); // Aᵀ (A v - y)
    before = z;
    z = softThreshold(sub(v, mul(rate, slope)), threshold); // [N, K, h + k - 1, w + k - 1]
  }
  return z;
}

/** Parts of the cost of a layer, as sums within an image and means over the batch. */
export function sparseCost(
  { filters, y, z }: SparseLayer,
  { weight = RECONSTRUCTION_WEIGHT }: { weight?: number } = {},
): { cost: Tensor; reconstruction: Tensor; sparsity: Tensor } {
  const N = y.shape[0]!;
  const residual = sub(reconstruct(z, filters), y); // [N, C, h, w]
  const reconstruction = mul(weight / (2 * N), sum(mul(residual, residual))); // []
  const sparsity = mul(1 / N, sum(abs(z))); // []
  return { cost: add(reconstruction, sparsity), reconstruction, sparsity };
}
