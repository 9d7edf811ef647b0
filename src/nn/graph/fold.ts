/**
 * Operators on constants, by name: arithmetic on shapes, masks and indices, computed before the
 * graph is built. Source of the formulas: the operators of the ONNX standard.
 */
import { resolveAxis, type Shape, sizeOf } from '../../tensor/index.ts';
import {
  allBut,
  type Constant,
  concatenated,
  constantOf,
  expanded,
  integersOf,
  mapped,
  range,
  stridesOf,
  take,
  transposed,
} from './constants.ts';
import { geometryOfSlice, kindOfType, partsOfSplit, reshapedTo } from './geometry.ts';
import type { GraphNode } from './node.ts';

type Fold = (x: readonly Constant[], node: GraphNode) => Constant | readonly Constant[];

/** The nearest float32 of a float; others as they are. */
const rounded = (x: Constant): Constant =>
  x.kind === 'float' ? { ...x, data: Float32Array.from(x.data) } : x;

const unary =
  (element: (value: number) => number): Fold =>
  ([x]) =>
    rounded(mapped(x!.kind, [x!], element));

const binary =
  (element: (a: number, b: number) => number): Fold =>
  (inputs) =>
    rounded(inputs.slice(1).reduce((a, b) => mapped(a.kind, [a, b], element), inputs[0]!));

const comparison =
  (element: (a: number, b: number) => boolean): Fold =>
  ([a, b]) =>
    mapped('boolean', [a!, b!], (x, y) => (element(x, y) ? 1 : 0));

const divide: Fold = ([a, b]) =>
  rounded(
    mapped(
      a!.kind,
      [a!, b!],
      a!.kind === 'integer' ? (x, y) => Math.trunc(x / y) : (x, y) => x / y,
    ),
  );

/** Remainder with the sign of the divisor, or of the dividend with `fmod`. */
const modulo: Fold = ([a, b], node) =>
  rounded(
    mapped(
      a!.kind,
      [a!, b!],
      node.integer('fmod', 0) === 1 ? (x, y) => x % y : (x, y) => x - y * Math.floor(x / y),
    ),
  );

/** A reduction over axes by adding elements up in some way. */
const reduction =
  (
    add: (total: number, value: number) => number,
    finish = (total: number, _count: number) => total,
  ): Fold =>
  ([x], node) => {
    const { shape, axes } = reducedAxes(x!.shape, node);
    const kept = x!.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
    const [from, to] = [stridesOf(x!.shape), stridesOf(kept)];
    const totals = Array<number | undefined>(sizeOf(kept));
    for (let i = 0; i < sizeOf(x!.shape); i++) {
      let at = 0;
      x!.shape.forEach((extent, axis) => {
        if (kept[axis] !== 1) at += to[axis]! * (Math.floor(i / from[axis]!) % extent);
      });
      const total = totals[at];
      totals[at] = total === undefined ? x!.data[i]! : add(total, x!.data[i]!);
    }
    const count = sizeOf(x!.shape) / sizeOf(kept);
    return rounded(constantOf(x!.kind, shape, (i) => finish(totals[i] ?? 0, count)));
  };

/** Axes of a reduction, and the shape that it leaves. */
export function reducedAxes(shape: Shape, node: GraphNode): { axes: number[]; shape: number[] } {
  const given = node.numbers(1, 'axes') ?? [];
  const isNothing = given.length === 0 && node.integer('noop_with_empty_axes', 0) === 1;
  const axes = isNothing
    ? []
    : given.length === 0
      ? range(shape.length)
      : given.map((axis) => resolveAxis(node.type, axis, shape.length));
  const keeps = node.integer('keepdims', 1) === 1;
  return {
    axes,
    shape: shape.flatMap((extent, axis) => (axes.includes(axis) ? (keeps ? [1] : []) : [extent])),
  };
}

const gather: Fold = ([x, indices], node) => {
  const axis = resolveAxis(node.type, node.integer('axis', 0), x!.shape.length);
  const extent = x!.shape[axis]!;
  const list = Array.from(indices!.data, (i) => (i < 0 ? i + extent : i));
  if (list.some((i) => i >= extent || i < 0)) node.refuse(`an index is not below ${extent}`);
  const shape = [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)];
  return { ...take(x!, allBut(x!.shape, axis, list)), shape };
};

const slice: Fold = ([x], node) => {
  const lists = geometryOfSlice(node, x!.shape).map(({ start, step, count }) =>
    Array.from({ length: count }, (_, i) => start + i * step),
  );
  return take(x!, lists);
};

const scatter: Fold = ([x, indices, updates], node) => {
  const depth = indices!.shape.at(-1) ?? 0;
  const strides = stridesOf(x!.shape);
  const inner = sizeOf(x!.shape.slice(depth));
  const data = Float64Array.from(x!.data);
  for (let row = 0; row < sizeOf(indices!.shape) / Math.max(depth, 1); row++) {
    let at = 0;
    for (let axis = 0; axis < depth; axis++) {
      const i = indices!.data[row * depth + axis]!;
      at += strides[axis]! * (i < 0 ? i + x!.shape[axis]! : i);
    }
    if (!(at >= 0 && at + inner <= data.length)) node.refuse('an index is out of range');
    for (let i = 0; i < inner; i++) data[at + i] = updates!.data[row * inner + i]!;
  }
  return { ...x!, data };
};

const valueOfShape: Fold = ([shape], node) => {
  const stored = node.attribute.get('value')?.tensor;
  const value = stored?.values()[0] ?? 0;
  return constantOf(stored?.kind ?? 'float', Array.from(shape!.data), () => value);
};

const steps: Fold = ([start, limit, delta]) => {
  const [from, to, by] = [start!, limit!, delta!].map(({ data }) => data[0]!) as [
    number,
    number,
    number,
  ];
  return constantOf(start!.kind, [Math.max(0, Math.ceil((to - from) / by))], (i) => from + i * by);
};

const cast: Fold = ([x], node) => {
  const kind = kindOfType(node.integer('to', 1)) ?? node.refuse('a cast to a type without numbers');
  const element = { float: Number, integer: Math.trunc, boolean: (v: number) => (v === 0 ? 0 : 1) };
  return rounded(mapped(kind, [x!], element[kind]));
};

/** Operators on constants, by name. */
export const folds: Readonly<Record<string, Fold>> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Pow: binary((a, b) => a ** b),
  Min: binary(Math.min),
  Max: binary(Math.max),
  Sum: binary((a, b) => a + b),
  Div: divide,
  Mod: modulo,
  Neg: unary((v) => -v),
  Abs: unary(Math.abs),
  Sign: unary(Math.sign),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Sqrt: unary(Math.sqrt),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Reciprocal: unary((v) => 1 / v),
  Equal: comparison((a, b) => a === b),
  Greater: comparison((a, b) => a > b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  Less: comparison((a, b) => a < b),
  LessOrEqual: comparison((a, b) => a <= b),
  And: comparison((a, b) => a !== 0 && b !== 0),
  Or: comparison((a, b) => a !== 0 || b !== 0),
  Not: ([x]) => mapped('boolean', [x!], (v) => (v === 0 ? 1 : 0)),
  Where: ([condition, a, b]) =>
    mapped(a!.kind, [condition!, a!, b!], (chosen, x, y) => (chosen !== 0 ? x : y)),
  Cast: cast,
  CastLike: ([x, like]) => mapped(like!.kind, [x!], like!.kind === 'integer' ? Math.trunc : Number),
  ReduceSum: reduction((a, b) => a + b),
  ReduceProd: reduction((a, b) => a * b),
  ReduceMax: reduction(Math.max),
  ReduceMin: reduction(Math.min),
  ReduceMean: reduction(
    (a, b) => a + b,
    (total, count) => total / count,
  ),
  Gather: gather,
  Slice: slice,
  ScatterND: scatter,
  Concat: (parts, node) =>
    concatenated(parts, resolveAxis('Concat', node.integer('axis', 0), parts[0]!.shape.length)),
  Transpose: ([x], node) =>
    transposed(x!, node.integers('perm') ?? range(x!.shape.length).toReversed()),
  Expand: ([x, shape]) => expanded(x!, broadcastOf(x!, shape!)),
  Tile: ([x, repeats]) =>
    take(
      x!,
      x!.shape.map((extent, axis) =>
        Array.from({ length: extent * repeats!.data[axis]! }, (_, i) => i % extent),
      ),
    ),
  Split: ([x], node) => {
    const { axis, parts } = partsOfSplit(node, x!.shape);
    return parts.map(({ start, end }) => take(x!, allBut(x!.shape, axis, range(end).slice(start))));
  },
  ConstantOfShape: valueOfShape,
  Range: steps,
  NonZero: ([x]) => {
    const at = range(sizeOf(x!.shape)).filter((i) => x!.data[i] !== 0);
    const strides = stridesOf(x!.shape);
    const rank = x!.shape.length;
    return constantOf('integer', [rank, at.length], (i) => {
      const axis = Math.floor(i / at.length);
      return Math.floor(at[i % at.length]! / strides[axis]!) % x!.shape[axis]!;
    });
  },
  ...Object.fromEntries(
    ['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'].map((type): [string, Fold] => [
      type,
      ([x], node) => ({ ...x!, shape: reshapedTo(node, x!.shape) }),
    ]),
  ),
};

function broadcastOf(x: Constant, { data }: Constant): number[] {
  const wanted = Array.from(data);
  const rank = Math.max(wanted.length, x.shape.length);
  const at = (shape: Shape, axis: number) => shape[shape.length - rank + axis] ?? 1;
  return range(rank).map((axis) => (at(wanted, axis) === 1 ? at(x.shape, axis) : at(wanted, axis)));
}

/** Shape and number of elements, which are known of any value. */
export function foldShape(node: GraphNode): Constant | undefined {
  if (node.type === 'Size') return { ...integersOf([sizeOf(node.shape(0))]), shape: [] };
  if (node.type !== 'Shape') return undefined;
  const shape = node.shape(0);
  return integersOf(shape.slice(node.integer('start', 0), node.integer('end', shape.length)));
}
