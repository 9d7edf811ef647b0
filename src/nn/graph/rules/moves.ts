/** Rules that move, choose and repeat elements. */
import {
  broadcastShapes,
  broadcastTo,
  concat,
  constant,
  gather,
  pad,
  reshape,
  resolveAxis,
  type Shape,
  showShape,
  sizeOf,
  slice,
  type Tensor,
  transpose,
} from '../../../tensor/index.ts';
import { range } from '../constants.ts';
import { geometryOfSlice, partsOfSplit, reshapedTo } from '../geometry.ts';
import type { GraphNode, NodeRule } from '../node.ts';

/** Slices of a tensor by known indices along an axis. */
function chosen(x: Tensor, indices: readonly number[], axis: number): Tensor {
  return gather(x, constant(Int32Array.from(indices), [indices.length]), axis);
}

const reshaped: NodeRule = (node) => {
  const x = node.tensor(0);
  const shape = reshapedTo(node, x.shape);
  if (sizeOf(shape) === sizeOf(x.shape)) return reshape(x, shape);
  return node.refuse(
    `it makes ${showShape(x.shape)} to ${showShape(shape)}; expected as many elements. A graph ` +
      'that is fixed to one batch is exported again with a free first axis',
  );
};

const sliced: NodeRule = (node) => {
  const x = node.tensor(0);
  const axes = geometryOfSlice(node, x.shape);
  if (axes.some(({ count }) => count === 0)) node.refuse('it takes no elements');
  const isForward = axes.every(({ step }) => step > 0);
  if (isForward) {
    const starts = axes.map(({ start }) => start);
    const ends = axes.map(({ start, step, count }) => start + (count - 1) * step + 1);
    return slice(x, { starts, ends, steps: axes.map(({ step }) => step) });
  }
  return axes.reduce((y, { start, step, count }, axis) => {
    if (start === 0 && step === 1 && count === y.shape[axis]) return y;
    return chosen(
      y,
      Array.from({ length: count }, (_, i) => start + i * step),
      axis,
    );
  }, x);
};

const gathered: NodeRule = (node) => {
  const x = node.tensor(0);
  const axis = resolveAxis('Gather', node.integer('axis', 0), x.shape.length);
  const indices = node.inputs[1];
  if (indices?.is !== 'constant') return gather(x, node.tensor(1), axis);
  const extent = x.shape[axis]!;
  const list = Array.from(indices.data, (i) => (i < 0 ? i + extent : i));
  if (list.some((i) => !(i >= 0 && i < extent))) node.refuse(`an index is not below ${extent}`);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  // A single slice needs no scatter in its gradient.
  const [start] = list as [number];
  const y = list.length === 1 ? slice(x, { axis, start, end: start + 1 }) : chosen(x, list, axis);
  return reshape(y, shape);
};

const expandedTo: NodeRule = (node) => {
  const x = node.tensor(0);
  return broadcastTo(x, broadcastShapes('Expand', x.shape, node.numbers(1) ?? []));
};

const tiled: NodeRule = (node) =>
  (node.numbers(1) ?? []).reduce(
    (y, times, axis) =>
      concat(
        Array.from({ length: times }, () => y),
        axis,
      ),
    node.tensor(0),
  );

/** Indices that a border of a mode reads, for positions from `-before` to `extent + after`. */
const borders: Readonly<Record<string, (i: number, extent: number) => number>> = {
  edge: (i, extent) => Math.max(0, Math.min(i, extent - 1)),
  reflect: (i, extent) => {
    const period = Math.max(1, 2 * (extent - 1));
    const at = ((i % period) + period) % period;
    return at < extent ? at : period - at;
  },
  wrap: (i, extent) => ((i % extent) + extent) % extent,
};

const padded: NodeRule = (node) => {
  const x = node.tensor(0);
  const rank = x.shape.length;
  const pads = node.numbers(1, 'pads') ?? [];
  const axes = (node.numbers(3) ?? range(rank)).map((axis) => resolveAxis('Pad', axis, rank));
  const [before, after] = [0, 1].map((side) =>
    range(rank).map((axis) => {
      const at = axes.indexOf(axis);
      return at < 0 ? 0 : pads[side * axes.length + at]!;
    }),
  ) as [number[], number[]];
  const mode = node.text('mode', 'constant');
  if (mode !== 'constant') {
    const index = borders[mode] ?? node.refuse(`mode "${mode}"`);
    return x.shape.reduce<Tensor>((y, extent, axis) => {
      if (before[axis] === 0 && after[axis] === 0) return y;
      const count = extent + before[axis]! + after[axis]!;
      return chosen(
        y,
        range(count).map((i) => index(i - before[axis]!, extent)),
        axis,
      );
    }, x);
  }
  const cut = (n: number) => Math.max(0, -n);
  const starts = before.map(cut);
  const ends = x.shape.map((extent, axis) => extent - cut(after[axis]!));
  const isCut = [...before, ...after].some((n) => n < 0);
  const kept = isCut ? slice(x, { starts, ends }) : x;
  const more = (counts: number[]) => counts.map((n) => Math.max(0, n));
  const value = node.numbers(2)?.[0] ?? node.float('value', 0);
  return pad(kept, { before: more(before), after: more(after), value });
};

/** Blocks of positions as channels, or channels as blocks of positions. */
function blocks(node: GraphNode): Tensor {
  const x = node.tensor(0);
  const b = node.integer('blocksize', 1);
  const [N, C, H, W] = x.shape as [number, number, number, number];
  if (node.type === 'SpaceToDepth') {
    const open = reshape(x, [N, C, H / b, b, W / b, b]);
    return reshape(transpose(open, [0, 3, 5, 1, 2, 4]), [N, C * b * b, H / b, W / b]);
  }
  const isColumn = node.text('mode', 'DCR') === 'CRD';
  const inner: Shape = isColumn ? [N, C / b ** 2, b, b, H, W] : [N, b, b, C / b ** 2, H, W];
  const order = isColumn ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  return reshape(transpose(reshape(x, inner), order), [N, C / b ** 2, H * b, W * b]);
}

export const moveRules: Readonly<Record<string, NodeRule>> = {
  Reshape: reshaped,
  Flatten: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Transpose: (node) => {
    const x = node.tensor(0);
    return transpose(x, node.integers('perm') ?? range(x.shape.length).toReversed());
  },
  Concat: (node) =>
    concat(
      node.inputs.map((_, i) => node.tensor(i)),
      node.integer('axis', 0),
    ),
  Slice: sliced,
  Split: (node) => {
    const x = node.tensor(0);
    const { axis, parts } = partsOfSplit(node, x.shape);
    return parts.map((part) => slice(x, { axis, ...part }));
  },
  Gather: gathered,
  Expand: expandedTo,
  Tile: tiled,
  Pad: padded,
  SpaceToDepth: blocks,
  DepthToSpace: blocks,
};
