/** Shapes, windows and ranges that the attributes of a node describe. */
import type { OnnxKind } from '../../formats/index.ts';
import { resolveAxis, type Shape, showShape, sizeOf } from '../../tensor/index.ts';
import type { GraphNode } from './node.ts';

/** Kind of a type's number in `TensorProto.DataType`. */
export function kindOfType(type: number): OnnxKind | undefined {
  if ([1, 10, 11, 16].includes(type)) return 'float';
  if ([2, 3, 4, 5, 6, 7, 12, 13].includes(type)) return 'integer';
  return type === 9 ? 'boolean' : undefined;
}

/** Shape after Reshape, Flatten, Squeeze or Unsqueeze. */
export function reshapedTo(node: GraphNode, shape: Shape): number[] {
  switch (node.type) {
    case 'Flatten': {
      const axis = node.integer('axis', 1);
      const at = axis < 0 ? axis + shape.length : axis;
      return [sizeOf(shape.slice(0, at)), sizeOf(shape.slice(at))];
    }
    case 'Squeeze': {
      const given = node.numbers(1, 'axes');
      const axes = given?.map((axis) => resolveAxis('Squeeze', axis, shape.length));
      return shape.filter((extent, axis) => !(axes ? axes.includes(axis) : extent === 1));
    }
    case 'Unsqueeze': {
      const given = node.numbers(1, 'axes') ?? [];
      const rank = shape.length + given.length;
      const axes = given.map((axis) => resolveAxis('Unsqueeze', axis, rank));
      const rest = [...shape];
      return Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : rest.shift()!));
    }
    default: {
      const wanted = node.numbers(1, 'shape') ?? [];
      const keepsZero = node.integer('allowzero', 0) === 1;
      const extents = wanted.map((extent, axis) =>
        extent === 0 && !keepsZero ? (shape[axis] ?? 0) : extent,
      );
      const known = sizeOf(extents.filter((extent) => extent !== -1));
      return extents.map((extent) => (extent === -1 ? sizeOf(shape) / known : extent));
    }
  }
}

export interface AxisRange {
  start: number;
  step: number;
  count: number;
}

/** Start, step and number of the elements that a Slice takes of each axis. */
export function geometryOfSlice(node: GraphNode, shape: Shape): AxisRange[] {
  const starts = node.numbers(1, 'starts') ?? [];
  const ends = node.numbers(2, 'ends') ?? [];
  const axes = (node.numbers(3, 'axes') ?? starts.map((_, axis) => axis)).map((axis) =>
    resolveAxis('Slice', axis, shape.length),
  );
  const steps = node.numbers(4) ?? starts.map(() => 1);
  return shape.map((extent, axis) => {
    const i = axes.indexOf(axis);
    if (i < 0) return { start: 0, step: 1, count: extent };
    const step = steps[i]!;
    if (!step) node.refuse(`received step ${step} on axis ${axis}; expected another than 0`);
    const from = (value: number) => (value < 0 ? value + extent : value);
    const within = (value: number, least: number, most: number) =>
      Math.max(least, Math.min(value, most));
    const isBack = step < 0;
    const start = within(from(starts[i]!), 0, isBack ? extent - 1 : extent);
    const end = within(from(ends[i]!), isBack ? -1 : 0, extent);
    return { start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
  });
}

/** Axis of a Split, and the range of each part. */
export function partsOfSplit(
  node: GraphNode,
  shape: Shape,
): { axis: number; parts: { start: number; end: number }[] } {
  const axis = resolveAxis('Split', node.integer('axis', 0), shape.length);
  const extent = shape[axis]!;
  const each = Math.ceil(extent / node.outputs);
  const lengths =
    node.numbers(1, 'split') ??
    Array.from({ length: node.outputs }, (_, i) => Math.min(each, extent - i * each));
  const ends: number[] = [];
  for (const length of lengths) ends.push((ends.at(-1) ?? 0) + length);
  if (ends.at(-1) !== extent || lengths.some((length) => length < 1)) {
    node.refuse(`received parts of ${lengths.join(', ')} for axis ${axis} of ${showShape(shape)}`);
  }
  return { axis, parts: ends.map((end, i) => ({ start: end - lengths[i]!, end })) };
}

export interface Window {
  kernel: readonly [number, number];
  stride: readonly [number, number];
  dilation: readonly [number, number];
  /** Border before each axis. */
  before: readonly [number, number];
  /** Border after each axis, with what `ceil_mode` adds. */
  after: readonly [number, number];
  /** Border after each axis that `ceil_mode` adds. */
  added: readonly [number, number];
}

/** Windows of a convolution or pooling over images [N, C, H, W]. */
export function windowOf(node: GraphNode, shape: Shape, kernelShape?: Shape): Window {
  if (shape.length !== 4) {
    node.refuse(`received ${showShape(shape)}; expected images [N, C, H, W]`);
  }
  const kernel = kernelShape ?? node.integers('kernel_shape') ?? node.refuse('it has no kernel');
  const stride = node.integers('strides') ?? [1, 1];
  const dilation = node.integers('dilations') ?? [1, 1];
  const pads = node.integers('pads') ?? [0, 0, 0, 0];
  const auto = node.text('auto_pad', 'NOTSET');
  const isCeil = node.integer('ceil_mode', 0) === 1;
  const sides = [0, 1].map((axis) => {
    const [extent, s] = [shape[2 + axis]!, stride[axis]!];
    const reach = dilation[axis]! * (kernel[axis]! - 1) + 1;
    if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
      const total = Math.max(0, (Math.ceil(extent / s) - 1) * s + reach - extent);
      const less = Math.floor(total / 2);
      return auto === 'SAME_UPPER' ? [less, total - less, 0] : [total - less, less, 0];
    }
    if (auto === 'VALID') return [0, 0, 0];
    const [before, after] = [pads[axis]!, pads[axis + 2]!];
    if (!isCeil) return [before, after, 0];
    const whole = extent + before + after;
    let count = Math.ceil((whole - reach) / s) + 1;
    // The last window begins within the image or the border before it.
    if ((count - 1) * s >= extent + before) count--;
    const added = Math.max(0, (count - 1) * s + reach - whole);
    return [before, after + added, added];
  });
  const pick = (i: number) => [sides[0]![i]!, sides[1]![i]!] as const;
  return {
    kernel: [kernel[0]!, kernel[1]!],
    stride: [stride[0]!, stride[1]!],
    dilation: [dilation[0]!, dilation[1]!],
    before: pick(0),
    after: pick(1),
    added: pick(2),
  };
}
