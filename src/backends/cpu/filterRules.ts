/** Rules for filters in a layout of their own: element-wise operators, reductions, and cutting kernel positions. */
import { lowerPad, lowerReshape, lowerSlice } from '../../compile/standard/index.ts';
import type { Node, Tensor } from '../../tensor/index.ts';
import { alike, type FilterOrder, fitsFilterBlocks } from './filterLayouts.ts';
import type { LayoutRule, Layouts, Lowered } from './layouts.ts';
import type { CpuEmitter, CpuRule } from './nchwc.ts';

const REDUCTIONS = new Set(['sum', 'sumOfSquares', 'mean', 'max', 'min']);

/** The rule of an operator to which the order of values is nothing, where it meets filters in an order of their own; undefined: another rule applies. */
export function inFilterOrder(
  emit: CpuEmitter,
  layouts: Layouts,
  node: Node,
  rule: CpuRule | undefined,
): readonly Lowered[] | undefined {
  const [x] = node.inputs;
  const isWhole =
    REDUCTIONS.has(node.operator) && (node.attributes.axes as number[]).length === x!.shape.length;
  const same = isWhole ? [x!] : alike(node);
  const order = layouts.orderOf(node.outputs[0]!, same);
  if (!rule || order === undefined) return undefined;
  const names = node.inputs.map((tensor) =>
    same.includes(tensor) ? layouts[order](tensor) : layouts.plain(tensor),
  );
  return rule(emit, node, names).map((name) => (isWhole ? { plain: name } : { [order]: name }));
}

/** Filters as [outer, kh, kw, inner], of which taps are cut without touching what is around them. */
function byTaps(emit: CpuEmitter, name: string, { shape }: Tensor, order: FilterOrder): string {
  const { block } = emit.device;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const inner = order === 'taps' ? C * O : block ** 2;
  return lowerReshape(emit, name, [(O * C) / inner, kh, kw, inner]);
}

/** Whether both are filters of whole blocks. */
function areFilters(emit: CpuEmitter, { inputs: [x], outputs: [y] }: Node): boolean {
  return [x!, y!].every((tensor) => fitsFilterBlocks(tensor, emit.device.block));
}

export const slicePositions: LayoutRule = (emit, layouts, node) => {
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

export const padPositions: LayoutRule = (emit, layouts, node) => {
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
