/** Reductions over axes, and what undoes broadcasting. */
import {
  applyOne,
  defineOperator,
  resolveAxis,
  type Shape,
  sameShape,
  sizeOf,
  type Tensor,
} from '../tensor.ts';
import { div, mul } from './binary.ts';
import { equal } from './compare.ts';
import { cast } from './elementwise.ts';
import { broadcastTo, reshape } from './shape.ts';
import { scalar } from './source.ts';

export interface ReduceOptions {
  /** Axes to reduce; default: all. Negative axes count from the end. */
  axes?: readonly number[];
  /** Whether reduced axes stay with extent 1 (`true`) or go (`false`, the default). */
  keepDims?: boolean;
}

/** Shape with the reduced axes at extent 1. */
function keptShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
}

type Rule = (x: Tensor, y: Tensor, dy: Tensor) => Tensor;

/** In the rule, `y` and `dy` have the reduced axes kept, so that they broadcast against `x`. */
function reduction(name: string, rule: Rule): (x: Tensor, options?: ReduceOptions) => Tensor {
  defineOperator({
    name,
    infer: ([x], { axes }) => [{ shape: keptShape(x!.shape, axes as number[]), dtype: x!.dtype }],
    gradient: ({ inputs: [x], outputs: [y], gradients: [dy] }) => [dy && rule(x!, y!, dy)],
  });
  return (x, { axes, keepDims = false } = {}) => {
    const resolved = (axes ?? x.shape.map((_, axis) => axis)).map((axis) =>
      resolveAxis(name, axis, x.shape.length),
    );
    const kept =
      resolved.length === 0 ? x : applyOne(name, [x], { axes: resolved.toSorted((a, b) => a - b) });
    if (keepDims) return kept;
    return reshape(
      kept,
      x.shape.filter((_, axis) => !resolved.includes(axis)),
    );
  };
}

/** Sum over axes. */
export const sum = reduction('sum', (x, _y, dy) => broadcastTo(dy, x.shape));

/** Arithmetic mean over axes. */
export const mean = reduction('mean', (x, y, dy) =>
  broadcastTo(mul(dy, scalar(sizeOf(y.shape) / sizeOf(x.shape))), x.shape),
);

/** Gradient of an extremum: shared evenly between elements that attain it, as in PyTorch's amax. */
const shareExtremum: Rule = (x, y, dy) => {
  const attained = cast(equal(x, y), 'float32');
  const axes = x.shape.flatMap((extent, axis) => (extent === y.shape[axis] ? [] : [axis]));
  return mul(attained, div(dy, sum(attained, { axes, keepDims: true })));
};

/** Largest element over axes. */
export const max = reduction('max', shareExtremum);
/** Smallest element over axes. */
export const min = reduction('min', shareExtremum);

/** Unbiased or biased variance over axes: `sum((x - mean)^2) / (n - correction)`. */
export function variance(
  x: Tensor,
  { axes, keepDims = false, correction = 0 }: ReduceOptions & { correction?: number } = {},
): Tensor {
  const centred = applyOne('sub', [x, mean(x, { axes, keepDims: true })]);
  const total = sum(mul(centred, centred), { axes, keepDims });
  const n = sizeOf(x.shape) / sizeOf(total.shape);
  return mul(total, scalar(1 / (n - correction)));
}

/** Sums a gradient down to the shape that was broadcast to it. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((extent, axis) =>
    axis < lead || (shape[axis - lead] === 1 && extent !== 1) ? [axis] : [],
  );
  return reshape(sum(x, { axes, keepDims: true }), shape);
}
