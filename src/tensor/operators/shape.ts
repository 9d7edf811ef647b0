/** Operators that move elements and compute nothing. */
import {
  applyOne,
  broadcastShapes,
  defineOperator,
  refuseShape,
  resolveAxis,
  type Shape,
  sameShape,
  showShape,
  sizeOf,
  type Tensor,
} from '../tensor.ts';

defineOperator({
  name: 'reshape',
  infer: ([x], { shape }) => {
    if (sizeOf(shape as Shape) !== sizeOf(x!.shape)) {
      refuseShape(
        'reshape',
        `${showShape(x!.shape)} to ${showShape(shape as Shape)}`,
        'as many elements after as before',
      );
    }
    return [{ shape: shape as Shape, dtype: x!.dtype }];
  },
});

/** The same elements, in row-major order, in another shape; one extent may be -1 (the rest). */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.filter((extent) => extent !== -1).reduce((a, b) => a * b, 1);
  const rest = sizeOf(x.shape) / known;
  if (shape.includes(-1) && !Number.isInteger(rest)) {
    refuseShape(
      'reshape',
      `${showShape(x.shape)} to ${showShape(shape)}`,
      `a multiple of ${known} elements`,
    );
  }
  const resolved = shape.map((extent) => (extent === -1 ? rest : extent));
  return sameShape(resolved, x.shape) ? x : applyOne('reshape', [x], { shape: resolved });
}

defineOperator({
  name: 'transpose',
  infer: ([x], { permutation }) => {
    const order = permutation as number[];
    if (
      [...order].sort((a, b) => a - b).some((axis, i) => axis !== i) ||
      order.length !== x!.shape.length
    ) {
      refuseShape(
        'transpose',
        `permutation ${showShape(order)} for ${showShape(x!.shape)}`,
        `each axis from 0 to ${x!.shape.length - 1} once`,
      );
    }
    return [{ shape: order.map((axis) => x!.shape[axis]!), dtype: x!.dtype }];
  },
});

/**
 * Axes in another order: axis `i` of the result is axis `permutation[i]` of `x`; default: the last
 * two swapped.
 */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  const rank = x.shape.length;
  const order = permutation ?? [...Array(Math.max(rank - 2, 0)).keys(), rank - 1, rank - 2];
  return order.every((axis, i) => axis === i) && order.length === rank
    ? x
    : applyOne('transpose', [x], { permutation: order });
}

defineOperator({
  name: 'broadcastTo',
  infer: ([x], { shape }) => {
    const result = broadcastShapes('broadcastTo', x!.shape, shape as Shape);
    if (!sameShape(result, shape as Shape)) {
      refuseShape(
        'broadcastTo',
        `${showShape(x!.shape)} to ${showShape(shape as Shape)}`,
        'a shape that it broadcasts to',
      );
    }
    return [{ shape: shape as Shape, dtype: x!.dtype }];
  },
});

/** Repeats along axes of extent 1 (and new leading axes) up to a shape. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : applyOne('broadcastTo', [x], { shape });
}

defineOperator({
  name: 'concat',
  infer: (inputs, { axis }) => {
    const first = inputs[0]!;
    for (const other of inputs) {
      if (
        other.dtype !== first.dtype ||
        other.shape.length !== first.shape.length ||
        other.shape.some((extent, i) => i !== axis && extent !== first.shape[i])
      ) {
        refuseShape(
          'concat',
          inputs.map((tensor) => showShape(tensor.shape)).join(' and '),
          `equal types and equal extents on every axis but ${axis}`,
        );
      }
    }
    const total = inputs.reduce((extent, tensor) => extent + tensor.shape[axis as number]!, 0);
    return [
      { shape: first.shape.map((extent, i) => (i === axis ? total : extent)), dtype: first.dtype },
    ];
  },
});

/** Tensors one after another along an axis. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  if (tensors.length === 0) refuseShape('concat', 'no tensors', 'at least one');
  if (tensors.length === 1) return tensors[0]!;
  return applyOne('concat', tensors, {
    axis: resolveAxis('concat', axis, tensors[0]!.shape.length),
  });
}

defineOperator({
  name: 'slice',
  infer: ([x], { starts, ends, steps }) => {
    const [from, to, by] = [starts, ends, steps] as [number[], number[], number[]];
    const shape = x!.shape.map((extent, i) => {
      if (!(from[i]! >= 0 && to[i]! <= extent && from[i]! < to[i]! && by[i]! > 0)) {
        refuseShape(
          'slice',
          `${from[i]} to ${to[i]} by ${by[i]} on axis ${i} of ${showShape(x!.shape)}`,
          `0 <= start < end <= ${extent} and a positive step`,
        );
      }
      return Math.ceil((to[i]! - from[i]!) / by[i]!);
    });
    return [{ shape, dtype: x!.dtype }];
  },
});

export type SliceOptions =
  | { axis: number; start: number; end?: number; step?: number }
  | { starts: readonly number[]; ends: readonly number[]; steps?: readonly number[] };

/** A part: from `start` (included) to `end` (excluded) by `step`, along one axis or along all. */
export function slice(x: Tensor, options: SliceOptions): Tensor {
  let starts = x.shape.map(() => 0);
  let ends = [...x.shape];
  let steps = x.shape.map(() => 1);
  if ('axis' in options) {
    const axis = resolveAxis('slice', options.axis, x.shape.length);
    starts[axis] = options.start;
    ends[axis] = options.end ?? x.shape[axis]!;
    steps[axis] = options.step ?? 1;
  } else {
    starts = [...options.starts];
    ends = [...options.ends];
    steps = options.steps ? [...options.steps] : steps;
  }
  return applyOne('slice', [x], { starts, ends, steps });
}

/** Equal consecutive parts along an axis, whose extent is a multiple of their number. */
export function split(x: Tensor, parts: number, axis = 0): Tensor[] {
  const at = resolveAxis('split', axis, x.shape.length);
  const extent = x.shape[at]! / parts;
  if (!Number.isInteger(parts) || parts < 1 || !Number.isInteger(extent)) {
    refuseShape(
      'split',
      `${parts} parts of axis ${axis} of ${showShape(x.shape)}`,
      `a whole number that divides ${x.shape[at]}`,
    );
  }
  if (parts === 1) return [x];
  return Array.from({ length: parts }, (_, part) =>
    slice(x, { axis: at, start: part * extent, end: (part + 1) * extent }),
  );
}

/** Rows from `start` (included) to `end` (excluded): [N, ..] to [end - start, ..]. */
export function rows(x: Tensor, start: number, end: number): Tensor {
  return slice(x, { axis: 0, start, end });
}

defineOperator({
  name: 'pad',
  infer: ([x], { before, after }) => {
    const [b, a] = [before, after] as [number[], number[]];
    if (
      b.length !== x!.shape.length ||
      a.length !== x!.shape.length ||
      [...b, ...a].some((n) => n < 0)
    ) {
      refuseShape(
        'pad',
        `${showShape(b)} before and ${showShape(a)} after ${showShape(x!.shape)}`,
        'one non-negative count per axis',
      );
    }
    return [{ shape: x!.shape.map((extent, i) => extent + b[i]! + a[i]!), dtype: x!.dtype }];
  },
});

/** Surrounds a tensor with a constant. */
export function pad(
  x: Tensor,
  {
    before,
    after,
    value = 0,
  }: { before: readonly number[]; after: readonly number[]; value?: number },
): Tensor {
  if ([...before, ...after].every((count) => count === 0) && before.length === x.shape.length)
    return x;
  return applyOne('pad', [x], { before, after, value });
}
