/**
 * Rules for filters in a layout of their own: element-wise operators, reductions, and cutting
 * kernel positions.
 */
import { lowerPad, lowerReshape, lowerSlice } from '../../compile/standard/index.ts';
import type { Node, Tensor } from '../../tensor/index.ts';
import { alike, type FilterOrder, fitsFilterBlocks } from './filterLayouts.ts';
import type { LayoutRule, Layouts, Lowered } from './layouts.ts';
import type { CpuEmitter, CpuRule } from './nchwc.ts';

const REDUCTIONS = new Set(['sum', 'sumOfSquares', 'mean', 'max', 'min']);

/**
 * Applies a rule that ignores the order of values in the layout of its filters. Undefined: no
 * filters are in a layout of their own, and another rule applies.
 */
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

/**
 * Filters as [outer, kh, kw, inner], of which kernel positions are cut without touching the rest.
 */
function byPosition(emit: CpuEmitter, name: string, { shape }: Tensor, order: FilterOrder): string {
  const { block } = emit.device;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const inner = order === 'positionMajor' ? C * O : block ** 2;
  return lowerReshape(emit, name, [(O * C) / inner, kh, kw, inner]);
}

/** True where both ends are filters of whole blocks. */
function areFilters(emit: CpuEmitter, { inputs: [x], outputs: [y] }: Node): boolean {
  return [x!, y!].every((tensor) => fitsFilterBlocks(tensor, emit.device.block));
}

export const slicePositions: LayoutRule = (emit, layouts, node) => {
  const [x] = node.inputs as [Tensor];
  const [y] = node.outputs as [Tensor];
  const { starts, ends, steps } = node.attributes as Record<'starts' | 'ends' | 'steps', number[]>;
  const cutsPositionsOnly =
    steps.every((step) => step === 1) && [0, 1].every((axis) => x.shape[axis] === y.shape[axis]);
  // The result takes the layout of x, because it is the smaller of the two.
  const order = cutsPositionsOnly && areFilters(emit, node) ? layouts.orderOf(x, [x]) : undefined;
  if (order === undefined) return undefined;
  const cut = lowerSlice(emit, byPosition(emit, layouts[order](x), x, order), {
    ...{ starts: starts.slice(2), ends: ends.slice(2), axes: [1, 2] },
  });
  return [{ [order]: lowerReshape(emit, cut, y.shape) }];
};

export const padPositions: LayoutRule = (emit, layouts, node) => {
  const [x] = node.inputs as [Tensor];
  const [y] = node.outputs as [Tensor];
  const { before, after, value } = node.attributes as {
    before: number[];
    after: number[];
    value: number;
  };
  const cutsPositionsOnly = [0, 1].every((axis) => x.shape[axis] === y.shape[axis]);
  const order = cutsPositionsOnly && areFilters(emit, node) ? layouts.orderOf(y, [x]) : undefined;
  if (order === undefined) return undefined;
  const around = (counts: readonly number[]) => [0, ...counts.slice(2), 0];
  const kernelPositions = byPosition(emit, layouts[order](x), x, order);
  const padded = lowerPad(emit, kernelPositions, around(before), around(after), value);
  return [{ [order]: lowerReshape(emit, padded, y.shape) }];
};
