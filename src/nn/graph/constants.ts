/**
 * Constants of an imported graph, and how elements are chosen from them.
 *
 * Exported graphs compute shapes from shapes: of static shapes all of this is known before a graph
 * is built. Constants are small, so clarity counts more than speed here.
 */
import { LikenessError } from '../../core/errors.ts';
import type { OnnxKind } from '../../formats/index.ts';
import { broadcastShapes, type Shape, showShape, sizeOf } from '../../tensor/index.ts';

/** Numbers that are known before the graph runs. */
export interface Constant {
  readonly is: 'constant';
  readonly kind: OnnxKind;
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
  /** Name, where it is a weight of the file with one number. */
  readonly name?: string;
}

/** Most elements of a constant that is computed. */
const MAX_COMPUTED = 2 ** 22;

/** A constant of a shape. @throws LikenessError `graph.constant` for too many elements */
export function constantOf(kind: OnnxKind, shape: Shape, element: (i: number) => number): Constant {
  const count = requireSize(shape);
  return {
    is: 'constant',
    kind,
    shape,
    data: Float64Array.from({ length: count }, (_, i) => element(i)),
  };
}

/** Whole numbers as a constant of rank 1. */
export function integersOf(values: readonly number[]): Constant {
  return {
    is: 'constant',
    kind: 'integer',
    shape: [values.length],
    data: Float64Array.from(values),
  };
}

function requireSize(shape: Shape): number {
  const count = sizeOf(shape);
  const isUsable = shape.every((extent) => Number.isInteger(extent) && extent >= 0);
  if (isUsable && count <= MAX_COMPUTED) return count;
  throw new LikenessError(
    'graph.constant',
    `a constant of shape ${showShape(shape.slice(0, 8))}; expected whole extents and at most ` +
      `${MAX_COMPUTED} elements`,
  );
}

/** Numbers from one to the next index of each axis, in row-major order. */
export function stridesOf(shape: Shape): number[] {
  const strides = Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  }
  return strides;
}

/** `y[i0, i1, ..] = x[lists[0][i0], lists[1][i1], ..]` */
export function take(x: Constant, lists: readonly (readonly number[])[]): Constant {
  const shape = lists.map(({ length }) => length);
  const [from, to] = [stridesOf(x.shape), stridesOf(shape)];
  return constantOf(x.kind, shape, (i) => {
    let at = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      at += from[axis]! * lists[axis]![Math.floor(i / to[axis]!) % shape[axis]!]!;
    }
    return x.data[at]!;
  });
}

/** Indices 0 to `extent - 1`. */
export function range(extent: number): number[] {
  return Array.from({ length: extent }, (_, i) => i);
}

/** Indices of every axis, with those of one axis replaced. */
export function allBut(shape: Shape, axis: number, list: readonly number[]): (readonly number[])[] {
  return shape.map((extent, i) => (i === axis ? list : range(extent)));
}

/** Repeats elements up to a shape that the constant broadcasts to. */
export function expanded(x: Constant, shape: Shape): Constant {
  const open = {
    ...x,
    shape: [...Array<number>(shape.length - x.shape.length).fill(1), ...x.shape],
  };
  return take(
    open,
    shape.map((extent, axis) =>
      open.shape[axis] === 1 ? Array<number>(extent).fill(0) : range(extent),
    ),
  );
}

/** Axes in another order. */
export function transposed(x: Constant, order: readonly number[]): Constant {
  const shape = order.map((axis) => x.shape[axis]!);
  const [from, to] = [stridesOf(x.shape), stridesOf(shape)];
  return constantOf(x.kind, shape, (i) => {
    let at = 0;
    order.forEach((axis, j) => {
      at += from[axis]! * (Math.floor(i / to[j]!) % shape[j]!);
    });
    return x.data[at]!;
  });
}

/** Constants one after another along an axis. */
export function concatenated(parts: readonly Constant[], axis: number): Constant {
  const [first] = parts as [Constant];
  const lengths = parts.map(({ shape }) => shape[axis]!);
  const shape = first.shape.with(
    axis,
    lengths.reduce((a, b) => a + b, 0),
  );
  const inner = sizeOf(shape.slice(axis + 1));
  return constantOf(first.kind, shape, (i) => {
    const outer = Math.floor(i / (inner * shape[axis]!));
    let at = Math.floor(i / inner) % shape[axis]!;
    let part = 0;
    while (at >= lengths[part]!) at -= lengths[part++]!;
    return parts[part]!.data[(outer * lengths[part]! + at) * inner + (i % inner)]!;
  });
}

/** A function of the elements of constants that broadcast. */
export function mapped(
  kind: OnnxKind,
  inputs: readonly Constant[],
  element: (...values: number[]) => number,
): Constant {
  const shape = inputs.reduce<Shape>((all, x) => broadcastShapes('constant', all, x.shape), []);
  requireSize(shape);
  const whole = inputs.map((x) => expanded(x, shape));
  return constantOf(kind, shape, (i) => element(...whole.map(({ data }) => data[i]!)));
}
