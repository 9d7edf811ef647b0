/** Reductions over axes, and sums that undo broadcasting. */
import {
  applyOne,
  defineOperator,
  resolveAxis,
  type Shape,
  sameShape,
  sizeOf,
  type Tensor,
} from '../tensor.ts';
import { mul, sub } from './binary.ts';
import { reshape } from './shape.ts';

export interface ReduceOptions {
  /** Axes to reduce; default: all. Negative axes count from the end. */
  axes?: readonly number[];
  /** Keeps reduced axes with extent 1. Default: false. */
  keepDims?: boolean;
}

/** Shape with the reduced axes at extent 1. */
export function reducedShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
}

/** The operator keeps reduced axes with extent 1, so that its result broadcasts against `x`. */
function reduction(name: string): (x: Tensor, options?: ReduceOptions) => Tensor {
  defineOperator({
    name,
    infer: ([x], { axes }) => [
      { shape: reducedShape(x!.shape, axes as number[]), dtype: x!.dtype },
    ],
  });
  return (x, { axes, keepDims = false } = {}) => {
    const resolved = (axes ?? x.shape.map((_, axis) => axis)).map((axis) =>
      resolveAxis(name, axis, x.shape.length),
    );
    const reduced =
      resolved.length === 0 ? x : applyOne(name, [x], { axes: resolved.toSorted((a, b) => a - b) });
    if (keepDims) return reduced;
    return reshape(
      reduced,
      x.shape.filter((_, axis) => !resolved.includes(axis)),
    );
  };
}

/** Sum over axes. */
export const sum = reduction('sum');
/** Arithmetic mean over axes. */
export const mean = reduction('mean');
/** Largest element over axes. */
export const max = reduction('max');
/** Smallest element over axes. */
export const min = reduction('min');

/** Biased or corrected variance over axes: `sum((x - mean)^2) / (n - correction)`. */
export function variance(
  x: Tensor,
  { axes, keepDims = false, correction = 0 }: ReduceOptions & { correction?: number } = {},
): Tensor {
  const centered = sub(x, mean(x, { axes, keepDims: true }));
  const total = sum(mul(centered, centered), { axes, keepDims });
  const n = sizeOf(x.shape) / sizeOf(total.shape);
  return mul(total, 1 / (n - correction));
}

/**
 * Scalar product of each row of `a` with the same row of `b`: `sum_d a[r, d] b[r, d]`.
 *
 * @param a [.., D]
 * @param b [.., D], or a shape that broadcasts with `a`'s.
 * @returns [..], or [.., 1] with `keepDims`.
 */
export function dotRows(a: Tensor, b: Tensor, { keepDims = false } = {}): Tensor {
  return sum(mul(a, b), { axes: [-1], keepDims });
}

/** Sums a gradient down to the shape that was broadcast to its own. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((extent, axis) =>
    axis < lead || (shape[axis - lead] === 1 && extent !== 1) ? [axis] : [],
  );
  return reshape(sum(x, { axes, keepDims: true }), shape);
}
