/**
 * Filters [O, C, kh, kw] in the order of the blocked convolutions, [O/b, C/b, kh, kw, b of C, b of O] (or [O/b, C, kh, kw, b of O] where C is
 * smaller than a block; the runtime goes on calling their shape [O, C, kh, kw]).
 *
 * Weights that a run replaces are held in this order, with all that the optimiser holds of them: a step has many passes over them,
 * and only the input gradient needs another order.
 */
import { type Node, sameShape, sizeOf, type Tensor } from '../../tensor/index.ts';
import { reorderInput, reorderOutput } from './blocked.ts';
import { lowerReshape, lowerTranspose } from './common.ts';
import type { Capabilities, Emitter, Rule } from './emitter.ts';
import type { Layouts, Lowered } from './layouts.ts';

/** Whether filters can be held in blocks: whole blocks of both channels. */
export function fitsFilterBlocks({ shape, dtype }: Tensor, block: number): boolean {
  const [O, C] = shape as [number, number];
  return block > 0 && shape.length === 4 && dtype === 'float32' && O % block === 0 && C % block === 0;
}

/** Plain filters in blocks. Reordering moves the channels of O inwards in blocks at once; what is left moves whole blocks. */
export function blockedFilters(emit: Emitter, w: string, shape: readonly number[]): string {
  const { block } = emit.capabilities;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const inward = reorderInput(emit, lowerReshape(emit, w, [1, O, C * kh, kw])); // [O/b, C, kh kw, b of O]
  if (C < block || kh * kw === 1) return lowerReshape(emit, inward, shape);
  const split = lowerReshape(emit, inward, [(O / block) * (C / block), block, kh * kw, block]);
  return lowerReshape(emit, lowerTranspose(emit, split, [0, 2, 1, 3]), shape);
}

/** The reverse of `blockedFilters`, for whole blocks of both channels. */
export function plainFilters(emit: Emitter, filters: string, shape: readonly number[]): string {
  const { block } = emit.capabilities;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const split = lowerReshape(emit, filters, [(O / block) * (C / block), kh * kw, block, block]);
  const outward = kh * kw === 1 ? split : lowerTranspose(emit, split, [0, 2, 1, 3]); // [O/b C/b, b of C, taps, b of O]
  const plain = reorderOutput(emit, lowerReshape(emit, outward, [1, O, C * kh, kw]), O); // [1, O, C kh, kw]
  return lowerReshape(emit, plain, shape);
}

/** Filters in blocks with the channels of each block exchanged, [O/b C/b taps, b of O b of C]. */
export function exchangedTaps(emit: Emitter, filters: string, shape: readonly number[]): string {
  const { block } = emit.capabilities;
  const rows = sizeOf(shape) / block ** 2;
  const exchanged = reorderInput(emit, lowerReshape(emit, filters, [rows, block, block, 1]));
  return lowerReshape(emit, exchanged, [rows, block ** 2]);
}

/** Some of the taps that `exchangedTaps` gave, as filters of the adjoint, [C, O, ..kernel], in blocks. */
export function adjointOfTaps(
  emit: Emitter,
  exchanged: string,
  shape: readonly number[],
  { taps, kernel }: { taps: readonly number[]; kernel: readonly number[] },
): string {
  const { block } = emit.capabilities;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const [across, down] = [C / block, O / block];
  const order = range(across).flatMap((c) =>
    range(down).flatMap((o) => taps.map((tap) => (o * across + c) * kh * kw + tap)),
  );
  const rows = sizeOf(shape) / block ** 2;
  return lowerReshape(emit, rowsInOrder(emit, exchanged, { rows, order }), [C, O, ...kernel]);
}

/** Filters in blocks as those of the adjoint of stride 1, [C, O, kh, kw]: channels exchanged, and flipped in space. */
export function adjointFilters(emit: Emitter, filters: string, shape: readonly number[]): string {
  const kernel = shape.slice(2);
  const taps = range(kernel[0]! * kernel[1]!).reverse();
  return adjointOfTaps(emit, exchangedTaps(emit, filters, shape), shape, { taps, kernel });
}

/** Filters in blocks from what has the blocks of C outside of those of O, [C/b, O/b, kh, kw, b of C, b of O]. */
export function filtersOfBlocks(emit: Emitter, found: string, shape: readonly number[]): string {
  const { block } = emit.capabilities;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const [across, down] = [C / block, O / block];
  const blocks = lowerReshape(emit, found, [across * down, kh * kw * block ** 2]);
  const order = range(down).flatMap((o) => range(across).map((c) => c * down + o));
  return lowerReshape(emit, rowsInOrder(emit, blocks, { rows: across * down, order }), shape);
}

/** Some of so many rows, in an order. */
function rowsInOrder(
  emit: Emitter,
  x: string,
  { rows, order }: { rows: number; order: readonly number[] },
): string {
  const isSame = order.length === rows && order.every((row, i) => row === i);
  return isSame ? x : emit.add('Gather', [x, emit.integers(order)], { axis: 0 });
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Operators that work value by value: the order of the values is nothing to them. */
const VALUE_BY_VALUE = new Set(['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'neg', 'sqrt', 'axpy']);
const REDUCTIONS = new Set(['sum', 'sumOfSquares', 'mean', 'max', 'min']);

/** A node that works value by value on tensors of one shape and on single numbers: those of that shape, else none. */
function alike({ operator, inputs, outputs }: Node): Tensor[] {
  const { shape } = outputs[0]!;
  const same = inputs.filter((tensor) => sameShape(tensor.shape, shape));
  const isEach = inputs.every((tensor) => same.includes(tensor) || sizeOf(tensor.shape) === 1);
  return VALUE_BY_VALUE.has(operator) && isEach ? same : [];
}

/** The rule of an operator to which the order of values is nothing, where it meets filters in blocks; undefined: another rule applies. */
export function inFilterBlocks(
  emit: Emitter,
  layouts: Layouts,
  node: Node,
  rule: Rule | undefined,
): readonly Lowered[] | undefined {
  const [x] = node.inputs;
  const isWhole =
    REDUCTIONS.has(node.operator) && (node.attributes.axes as number[]).length === x!.shape.length;
  const same = isWhole ? [x!] : alike(node);
  if (!rule || !same.some(layouts.isFilters)) return undefined;
  const names = node.inputs.map((tensor) =>
    same.includes(tensor) ? layouts.filters(tensor) : layouts.plain(tensor),
  );
  return rule(emit, node, names).map((name) => (isWhole ? { plain: name } : { filters: name }));
}

/** What a run replaces: the input that reads it, and its next value. */
export interface Replaced {
  current: Tensor;
  next: Tensor;
}

/**
 * The replaced values that are held in blocks: filters of convolutions that read them so, and what meets those value by value (momentum,
 * moments, the weights of a momentum encoder).
 */
export function heldInBlocks(
  nodes: readonly Node[],
  replaced: readonly Replaced[],
  { block }: Capabilities,
  choiceOf: (node: Node) => string | undefined,
): Replaced[] {
  const found = new Set<Tensor>();
  for (const node of nodes) {
    const choice = node.operator === 'conv2d' ? choiceOf(node) : undefined;
    const isRead = choice === 'blocked' || choice === 'wholeMaps';
    if (isRead && fitsFilterBlocks(node.inputs[1]!, block)) found.add(node.inputs[1]!);
  }
  const groups = [
    ...nodes.map((node) => [...alike(node), node.outputs[0]!]).filter(({ length }) => length > 1),
    ...replaced.map(({ current, next }) => [current, next]),
  ];
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const group of groups.filter((of) => of.some((tensor) => found.has(tensor)))) {
      for (const tensor of group) found.add(tensor);
    }
  }
  return replaced.filter(({ current }) => found.has(current));
}
