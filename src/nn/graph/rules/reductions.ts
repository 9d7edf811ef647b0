/** Rules of poolings, means, sums and softmax. */
import {
  abs,
  averagePool2d,
  constant,
  div,
  l2Normalize,
  logSoftmax,
  max,
  maxPool2d,
  mean,
  min,
  mul,
  type ReduceOptions,
  reshape,
  resolveAxis,
  sizeOf,
  softmax,
  sqrt,
  sum,
  type Tensor,
} from '../../../tensor/index.ts';
import { reducedAxes } from '../fold.ts';
import { type Window, windowOf } from '../geometry.ts';
import type { NodeRule } from '../node.ts';
import { bordered } from './layers.ts';

const reduce =
  (f: (x: Tensor, options: ReduceOptions) => Tensor): NodeRule =>
  (node) => {
    const x = node.tensor(0);
    const { axes, shape } = reducedAxes(x.shape, node);
    return reshape(axes.length === 0 ? x : f(x, { axes, keepDims: true }), shape);
  };

/** Mean or maximum over all positions, [N, C, 1, 1]. */
const global =
  (f: (x: Tensor, options: ReduceOptions) => Tensor): NodeRule =>
  (node) => {
    const x = node.tensor(0);
    return f(x, { axes: x.shape.map((_, axis) => axis).slice(2), keepDims: true });
  };

const isBordered = ({ before, after }: Window) => [...before, ...after].some((n) => n > 0);

const largest: NodeRule = (node) => {
  const x = node.tensor(0);
  const window = windowOf(node, x.shape);
  const { kernel, stride, dilation, before, after } = window;
  if (dilation.some((d) => d !== 1) || node.outputs > 1) {
    node.refuse('dilated windows or indices; expected the maximum of plain windows');
  }
  if (before.every((border, axis) => border === after[axis])) {
    return maxPool2d(x, { kernel, stride, padding: before });
  }
  return maxPool2d(bordered(x, before, after, -Infinity), { kernel, stride }); // [N, C, h, w]
};

/** Positions of a window along an axis that count in its mean. */
function counts(window: Window, extent: number, axis: number, isBorderCounted: boolean): number[] {
  const [kernel, stride] = [window.kernel[axis]!, window.stride[axis]!];
  const [before, after] = [window.before[axis]!, window.after[axis]! - window.added[axis]!];
  const [first, last] = isBorderCounted ? [-before, extent + after] : [0, extent];
  const whole = extent + before + window.after[axis]!;
  return Array.from({ length: Math.floor((whole - kernel) / stride) + 1 }, (_, i) => {
    const start = i * stride - before;
    return Math.max(0, Math.min(start + kernel, last) - Math.max(start, first));
  });
}

const average: NodeRule = (node) => {
  const x = node.tensor(0);
  const window = windowOf(node, x.shape);
  const { kernel, stride, dilation, before, after } = window;
  if (dilation.some((d) => d !== 1)) node.refuse('dilated windows; expected plain ones');
  if (!isBordered(window)) return averagePool2d(x, { kernel, stride });
  const isBorderCounted = node.integer('count_include_pad', 0) === 1;
  const [rows, columns] = [0, 1].map((axis) =>
    counts(window, x.shape[2 + axis]!, axis, isBorderCounted),
  ) as [number[], number[]];
  const y = averagePool2d(bordered(x, before, after), { kernel, stride }); // [N, C, h, w]
  const area = kernel[0] * kernel[1];
  const scale = rows.flatMap((r) => columns.map((c) => area / (r * c)));
  return scale.every((s) => s === 1)
    ? y
    : mul(y, constant(Float32Array.from(scale), [rows.length, columns.length]));
};

/** Before version 13 of the standard all axes from the given one are one row. */
const overAxis =
  (f: (x: Tensor, axis: number) => Tensor): NodeRule =>
  (node) => {
    const x = node.tensor(0);
    const isOld = node.version < 13;
    const axis = resolveAxis(node.type, node.integer('axis', isOld ? 1 : -1), x.shape.length);
    if (!isOld) return f(x, axis);
    const rows = reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
    return reshape(f(rows, 1), x.shape);
  };

const normalized: NodeRule = (node) => {
  const x = node.tensor(0);
  const axis = resolveAxis(node.type, node.integer('axis', -1), x.shape.length);
  return node.integer('p', 2) === 2
    ? l2Normalize(x, { axis })
    : div(x, sum(abs(x), { axes: [axis], keepDims: true }));
};

export const reductionRules: Readonly<Record<string, NodeRule>> = {
  MaxPool: largest,
  AveragePool: average,
  GlobalAveragePool: global(mean),
  GlobalMaxPool: global(max),
  ReduceMean: reduce(mean),
  ReduceSum: reduce(sum),
  ReduceMax: reduce(max),
  ReduceMin: reduce(min),
  ReduceSumSquare: reduce((x, options) => sum(mul(x, x), options)),
  ReduceL2: reduce((x, options) => sqrt(sum(mul(x, x), options))),
  Softmax: overAxis(softmax),
  LogSoftmax: overAxis(logSoftmax),
  LpNormalization: normalized,
};
