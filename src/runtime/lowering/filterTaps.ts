/** Some taps of filters [O, C, kh, kw], and filters of which all other taps are 0, where filters stand in an order of their own. */
import type { Node, Tensor } from '../../tensor/index.ts';
import { lowerPad, lowerReshape, lowerSlice } from './common.ts';
import type { Emitter, LayoutRule } from './emitter.ts';
import { type FilterOrder, fitsFilterBlocks } from './filterOrders.ts';

/** Filters as [outer, kh, kw, inner], of which taps are cut without touching what is around them. */
function byTaps(emit: Emitter, name: string, { shape }: Tensor, order: FilterOrder): string {
  const { block } = emit.capabilities;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const inner = order === 'taps' ? C * O : block ** 2;
  return lowerReshape(emit, name, [(O * C) / inner, kh, kw, inner]);
}

/** Whether both are filters of whole blocks. */
function areFilters(emit: Emitter, { inputs: [x], outputs: [y] }: Node): boolean {
  return [x!, y!].every((tensor) => fitsFilterBlocks(tensor, emit.capabilities.block));
}

export const sliceOfTaps: LayoutRule = (emit, layouts, node) => {
  const [x] = node.inputs as [Tensor];
  const [y] = node.outputs as [Tensor];
  const { starts, ends, steps } = node.attributes as Record<'starts' | 'ends' | 'steps', number[]>;
  const isOfTaps =
    steps.every((step) => step === 1) && [0, 1].every((axis) => x.shape[axis] === y.shape[axis]);
  // The result is taken in the order in which x is: it is the smaller of the two.
  const order = isOfTaps && areFilters(emit, node) ? layouts.orderOf(x, [x]) : undefined;
  if (order === undefined) return undefined;
  const cut = lowerSlice(emit, byTaps(emit, layouts[order](x), x, order), {
    ...{ starts: starts.slice(2), ends: ends.slice(2), axes: [1, 2] },
  });
  return [{ [order]: lowerReshape(emit, cut, y.shape) }];
};

export const padOfTaps: LayoutRule = (emit, layouts, node) => {
  const [x] = node.inputs as [Tensor];
  const [y] = node.outputs as [Tensor];
  const { before, after, value } = node.attributes as { before: number[]; after: number[]; value: number };
  const isOfTaps = [0, 1].every((axis) => x.shape[axis] === y.shape[axis]);
  const order = isOfTaps && areFilters(emit, node) ? layouts.orderOf(y, [x]) : undefined;
  if (order === undefined) return undefined;
  const around = (counts: readonly number[]) => [0, ...counts.slice(2), 0];
  const taps = byTaps(emit, layouts[order](x), x, order);
  const padded = lowerPad(emit, taps, around(before), around(after), value);
  return [{ [order]: lowerReshape(emit, padded, y.shape) }];
};
