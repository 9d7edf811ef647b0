/**
 * Layouts of filters [O, C, kh, kw] that convolutions read. ONNX Runtime calls their shape [O, C,
 * kh, kw] throughout.
 * - `filters`: NCHWc, [O/b, C/b, kh, kw, b of C, b of O], or [O/b, C, kh, kw, b of O] where C is
 *   smaller than a block;
 * - `positionMajor`: position-major, for products of whole maps, [kh, kw, C, O].
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

/** True for filters that can be stored in blocks: whole blocks of both channels. */
export function fitsFilterBlocks({ shape, dtype }: Tensor, block: number): boolean {
  const [O, C] = shape as [number, number];
  return (
    block > 0 && shape.length === 4 && dtype === 'float32' && O % block === 0 && C % block === 0
  );
}

/**
 * NCHWc filters from plain ones. Reordering moves the channels of O inwards in blocks at once; the
 * rest moves whole blocks.
 */
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
  const outward = kh * kw === 1 ? split : lowerTranspose(emit, split, [0, 2, 1, 3]); // [O/b C/b, b of C, kernelPositions, b of O]
  const plain = reorderOutput(emit, lowerReshape(emit, outward, [1, O, C * kh, kw]), O); // [1, O, C kh, kw]
  return lowerReshape(emit, plain, shape);
}

/**
 * Position-major filters from NCHWc ones: the channels of O go outwards, then blocks of channels
 * change places with kernel positions.
 */
export function toPositionMajor(
  emit: CpuEmitter,
  filters: string,
  shape: readonly number[],
): string {
  const { block } = emit.device;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const kernelPositions = kh * kw;
  const inward = lowerReshape(emit, filters, [1, O, (C / block) * kernelPositions, block]);
  const last = reorderToChannelsLast(emit, inward, O); // [1, C/b kernelPositions, b of C, O]
  if (kernelPositions === 1) return lowerReshape(emit, last, shape);
  const blocks = lowerReshape(emit, last, [C / block, kernelPositions, block * O]);
  return lowerReshape(emit, lowerTranspose(emit, blocks, [1, 0, 2]), shape); // [kernelPositions, C/b, b of C O]
}

/** The reverse of `toPositionMajor`. */
export function fromPositionMajor(
  emit: CpuEmitter,
  byTap: string,
  shape: readonly number[],
): string {
  const { block } = emit.device;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const kernelPositions = kh * kw;
  const outward = lowerReshape(emit, byTap, [kernelPositions, C / block, block * O]);
  const inward = kernelPositions === 1 ? outward : lowerTranspose(emit, outward, [1, 0, 2]); // [C/b, kernelPositions, b of C O]
  const positions = lowerReshape(emit, inward, [1, C / block, kernelPositions * block, O]);
  return lowerReshape(emit, reorderChannelsLast(emit, positions), shape);
}

/** NCHWc filters with the channels of each block exchanged, [O/b C/b positions, b of O b of C]. */
export function exchangedPositions(
  emit: CpuEmitter,
  filters: string,
  shape: readonly number[],
): string {
  const { block } = emit.device;
  const rows = sizeOf(shape) / block ** 2;
  const exchanged = reorderInput(emit, lowerReshape(emit, filters, [rows, block, block, 1]));
  return lowerReshape(emit, exchanged, [rows, block ** 2]);
}

/**
 * NCHWc filters of the adjoint, [C, O, ..kernel], from some kernel positions of
 * `exchangedPositions`.
 */
export function adjointFiltersOf(
  emit: CpuEmitter,
  exchanged: string,
  shape: readonly number[],
  { kernelPositions, kernel }: { kernelPositions: readonly number[]; kernel: readonly number[] },
): string {
  const { block } = emit.device;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const [across, down] = [C / block, O / block];
  const order = range(across).flatMap((c) =>
    range(down).flatMap((o) =>
      kernelPositions.map((position) => (o * across + c) * kh * kw + position),
    ),
  );
  const rows = sizeOf(shape) / block ** 2;
  return lowerReshape(emit, rowsInOrder(emit, exchanged, { rows, order }), [C, O, ...kernel]);
}

/**
 * Filters in blocks as those of the adjoint of stride 1, [C, O, kh, kw]: channels exchanged, and
 * flipped in space.
 */
export function adjointFilters(
  emit: CpuEmitter,
  filters: string,
  shape: readonly number[],
): string {
  const kernel = shape.slice(2);
  const kernelPositions = range(kernel[0]! * kernel[1]!).reverse();
  return adjointFiltersOf(emit, exchangedPositions(emit, filters, shape), shape, {
    kernelPositions,
    kernel,
  });
}

/**
 * Filters in blocks from what has the blocks of C outside of those of O, [C/b, O/b, kh, kw, b of C,
 * b of O].
 */
export function filtersOfBlocks(emit: CpuEmitter, found: string, shape: readonly number[]): string {
  const { block } = emit.device;
  const [O, C, kh, kw] = shape as [number, number, number, number];
  const [across, down] = [C / block, O / block];
  const blocks = lowerReshape(emit, found, [across * down, kh * kw * block ** 2]);
  const order = range(down).flatMap((o) => range(across).map((c) => c * down + o));
  return lowerReshape(emit, rowsInOrder(emit, blocks, { rows: across * down, order }), shape);
}

/** Picks some of the rows, in an order. */
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
const VALUE_BY_VALUE = new Set([
  'add',
  'sub',
  'mul',
  'div',
  'maximum',
  'minimum',
  'neg',
  'sqrt',
  'axpy',
]);
/**
 * A node that works value by value on tensors of one shape and on single numbers: those of that
 * shape, else none.
 */
export function alike({ operator, inputs, outputs }: Node): Tensor[] {
  const { shape } = outputs[0]!;
  const same = inputs.filter((tensor) => sameShape(tensor.shape, shape));
  const isEach = inputs.every((tensor) => same.includes(tensor) || sizeOf(tensor.shape) === 1);
  return VALUE_BY_VALUE.has(operator) && isEach ? same : [];
}

/** The orders of filters beside the plain one, as layouts name them. */
export type FilterOrder = 'filters' | 'positionMajor';
export type FilterOrders = ReadonlyMap<Tensor, FilterOrder>;

/** The order in which a kernel reads filters. */
export function orderOfKernel(kernel: string | undefined): FilterOrder | undefined {
  return kernel === 'wholeMaps' ? 'positionMajor' : kernel === 'blocked' ? 'filters' : undefined;
}
