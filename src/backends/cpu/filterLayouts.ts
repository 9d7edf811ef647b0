/**
 * Filters [O, C, kh, kw] in the order of the convolutions that read them (the runtime goes on calling their shape [O, C, kh, kw]):
 * - of the blocked convolutions, [O/b, C/b, kh, kw, b of C, b of O], or [O/b, C, kh, kw, b of O] where C is smaller than a block;
 * - by tap, of those of whole maps, [kh, kw, C, O].
 *
 * Weights that a run replaces are held in one of them, with all that the optimiser holds of them: a step has many passes over them,
 * and little else needs another order.
 */
import { lowerReshape, lowerTranspose } from '../../compile/standard/index.ts';
import { type Node, sameShape, sizeOf, type Tensor } from '../../tensor/index.ts';
import {
  type CpuEmitter,
  reorderChannelsLast,
  reorderInput,
  reorderOutput,
  reorderToChannelsLast,
} from './nchwc.ts';

/** Whether filters can be held in blocks: whole blocks of both channels. */
export function fitsFilterBlocks({ shape, dtype }: Tensor, block: number): boolean {
  const [O, C] = shape as [number, number];
  return block > 0 && shape.length === 4 && dtype === 'float32' && O % block === 0 && C % block === 0;
}

/** Plain filters in blocks. Reordering moves the channels of O inwards in blocks at once; what is left moves whole blocks. */
export function blockedFilters(emit: CpuEmitter, w: string, shape: readonly number[]): string {
  const { block } = emit.device;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const inward = reorderInput(emit, lowerReshape(emit, w, [1, O, C * kh, kw])); // [O/b, C, kh kw, b of O]
  if (C < block || kh * kw === 1) return lowerReshape(emit, inward, shape);
  const split = lowerReshape(emit, inward, [(O / block) * (C / block), block, kh * kw, block]);
  return lowerReshape(emit, lowerTranspose(emit, split, [0, 2, 1, 3]), shape);
}

/** The reverse of `blockedFilters`, for whole blocks of both channels. */
export function plainFilters(emit: CpuEmitter, filters: string, shape: readonly number[]): string {
  const { block } = emit.device;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const split = lowerReshape(emit, filters, [(O / block) * (C / block), kh * kw, block, block]);
  const outward = kh * kw === 1 ? split : lowerTranspose(emit, split, [0, 2, 1, 3]); // [O/b C/b, b of C, taps, b of O]
  const plain = reorderOutput(emit, lowerReshape(emit, outward, [1, O, C * kh, kw]), O); // [1, O, C kh, kw]
  return lowerReshape(emit, plain, shape);
}

/** Filters in blocks by tap: the channels of O go outwards, then blocks of channels change places with taps. */
export function tapsOfFilters(emit: CpuEmitter, filters: string, shape: readonly number[]): string {
  const { block } = emit.device;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const taps = kh * kw;
  const inward = lowerReshape(emit, filters, [1, O, (C / block) * taps, block]);
  const last = reorderToChannelsLast(emit, inward, O); // [1, C/b taps, b of C, O]
  if (taps === 1) return lowerReshape(emit, last, shape);
  const blocks = lowerReshape(emit, last, [C / block, taps, block * O]);
  return lowerReshape(emit, lowerTranspose(emit, blocks, [1, 0, 2]), shape); // [taps, C/b, b of C O]
}

/** The reverse of `tapsOfFilters`. */
export function filtersOfTaps(emit: CpuEmitter, byTap: string, shape: readonly number[]): string {
  const { block } = emit.device;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const taps = kh * kw;
  const outward = lowerReshape(emit, byTap, [taps, C / block, block * O]);
  const inward = taps === 1 ? outward : lowerTranspose(emit, outward, [1, 0, 2]); // [C/b, taps, b of C O]
  const positions = lowerReshape(emit, inward, [1, C / block, taps * block, O]);
  return lowerReshape(emit, reorderChannelsLast(emit, positions), shape);
}

/** Filters in blocks with the channels of each block exchanged, [O/b C/b taps, b of O b of C]. */
export function exchangedTaps(emit: CpuEmitter, filters: string, shape: readonly number[]): string {
  const { block } = emit.device;
  const rows = sizeOf(shape) / block ** 2;
  const exchanged = reorderInput(emit, lowerReshape(emit, filters, [rows, block, block, 1]));
  return lowerReshape(emit, exchanged, [rows, block ** 2]);
}

/** Some of the taps that `exchangedTaps` gave, as filters of the adjoint, [C, O, ..kernel], in blocks. */
export function adjointOfTaps(
  emit: CpuEmitter,
  exchanged: string,
  shape: readonly number[],
  { taps, kernel }: { taps: readonly number[]; kernel: readonly number[] },
): string {
  const { block } = emit.device;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const [across, down] = [C / block, O / block];
  const order = range(across).flatMap((c) =>
    range(down).flatMap((o) => taps.map((tap) => (o * across + c) * kh * kw + tap)),
  );
  const rows = sizeOf(shape) / block ** 2;
  return lowerReshape(emit, rowsInOrder(emit, exchanged, { rows, order }), [C, O, ...kernel]);
}

/** Filters in blocks as those of the adjoint of stride 1, [C, O, kh, kw]: channels exchanged, and flipped in space. */
export function adjointFilters(emit: CpuEmitter, filters: string, shape: readonly number[]): string {
  const kernel = shape.slice(2);
  const taps = range(kernel[0]! * kernel[1]!).reverse();
  return adjointOfTaps(emit, exchangedTaps(emit, filters, shape), shape, { taps, kernel });
}

/** Filters in blocks from what has the blocks of C outside of those of O, [C/b, O/b, kh, kw, b of C, b of O]. */
export function filtersOfBlocks(emit: CpuEmitter, found: string, shape: readonly number[]): string {
  const { block } = emit.device;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const [across, down] = [C / block, O / block];
  const blocks = lowerReshape(emit, found, [across * down, kh * kw * block ** 2]);
  const order = range(down).flatMap((o) => range(across).map((c) => c * down + o));
  return lowerReshape(emit, rowsInOrder(emit, blocks, { rows: across * down, order }), shape);
}

/** Some of so many rows, in an order. */
function rowsInOrder(
  emit: CpuEmitter,
  x: string,
  { rows, order }: { rows: number; order: readonly number[] },
): string {
  const isSame = order.length === rows && order.every((row, i) => row === i);
  return isSame ? x : emit.add('Gather', [x, emit.integers(order)], { axis: 0 });
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Operators that work value by value: the order of the values is nothing to them. */
const VALUE_BY_VALUE = new Set(['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'neg', 'sqrt', 'axpy']);
/** A node that works value by value on tensors of one shape and on single numbers: those of that shape, else none. */
export function alike({ operator, inputs, outputs }: Node): Tensor[] {
  const { shape } = outputs[0]!;
  const same = inputs.filter((tensor) => sameShape(tensor.shape, shape));
  const isEach = inputs.every((tensor) => same.includes(tensor) || sizeOf(tensor.shape) === 1);
  return VALUE_BY_VALUE.has(operator) && isEach ? same : [];
}

/** The orders of filters beside the plain one, as layouts name them. */
export type FilterOrder = 'filters' | 'taps';
export type FilterOrders = ReadonlyMap<Tensor, FilterOrder>;

/** The order in which a kernel reads filters. */
export function orderOfKernel(kernel: string | undefined): FilterOrder | undefined {
  return kernel === 'wholeMaps' ? 'taps' : kernel === 'blocked' ? 'filters' : undefined;
}
