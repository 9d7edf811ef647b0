/** `argmax_k (x_r · w_k + offset_k)` for each row r, as a convolution in NCHWc layout. */
import {
  type Found,
  inGroup,
  largestOfRows,
  lowerPad,
  lowerReshape,
  lowerSlice,
  lowerTranspose,
  type Product,
  padOffset,
  productOf,
  roundUp,
  searched,
  argMaxProduct as standardArgMaxProduct,
  twoLargestProducts as standardTwoLargestProducts,
} from '../../compile/standard/index.ts';
import type { Node } from '../../tensor/index.ts';
import {
  blockedConv,
  type Capabilities,
  type CpuEmitter,
  type CpuRule,
  maxOver,
  POINTWISE,
  reorderChannelsLast,
} from './nchwc.ts';

/** Blocks of a group in NCHWc order. */
const DEPTH = 8;
/** Columns from which on the NCHWc product is faster than the plain one. */
const WORTH_BLOCKS = 512;
/** Rows of one convolution: with a thousand columns their products fill the second-level cache. */
const AT_ONCE = 512;

/**
 * Kernels that are valid for a node, the default first. Few columns are not worth filling up a
 * group of blocks.
 */
export function argMaxProductKernels(node: Node, { block }: Capabilities): string[] {
  const K = node.inputs[1]!.shape[0]!;
  return block > 0 && K >= WORTH_BLOCKS ? ['blocked', 'plain'] : ['plain'];
}

export const argMaxProduct: CpuRule = (emit, node, inputs) =>
  emit.kernelOf(node) === 'blocked'
    ? [inBlocks(emit, productOf(node, inputs, 'place')).at]
    : standardArgMaxProduct(emit, node, inputs);

export const twoLargestProducts: CpuRule = (emit, node, inputs) => {
  if (emit.kernelOf(node) !== 'blocked') return standardTwoLargestProducts(emit, node, inputs);
  const { at, values } = inBlocks(emit, productOf(node, inputs, 'values'));
  return [at, values!.largest, values!.second];
};

/**
 * The product as an NCHWc convolution of one position: rows of x are positions, rows of w are
 * filters. Its result is [K / b, R, b], and the largest of several blocks is a pooling over them. A
 * group is one lane of DEPTH blocks.
 *
 * Filters are ordered so that a lower group, and within it a lower index, means a lower k. So the
 * first of equal values is found.
 */
function inBlocks(emit: CpuEmitter, { x, w, offset, R, D, K, wanted }: Product): Found {
  const b = emit.device.block;
  const [width, columns] = [roundUp(D, b), roundUp(K, DEPTH * b)];
  const Q = columns / (DEPTH * b);
  // Work on w alone is hoisted out of the runs where w is frozen.
  const order = (values: string, rest: number[]) =>
    lowerTranspose(emit, lowerReshape(emit, values, [Q, b, DEPTH, ...rest]), [
      ...[0, 2, ...rest.map((_, i) => 3 + i), 1],
    ]);
  const padded = lowerPad(emit, w, [0, 0], [columns - K, width - D]);
  const filters = order(padded, [width / b, b]); // [Q, DEPTH, width / b, b of D, b of K]
  const bias = order(padOffset(emit, offset, columns - K), []); // [Q, DEPTH, b]

  const S = Math.ceil(R / AT_ONCE);
  const P = Math.ceil(R / S);
  const N = S * P; // R, and what fills up the last part
  const rows = lowerReshape(emit, lowerPad(emit, x, [0, 0], [N - R, width - D]), [S, 1, P, width]);
  const scores = blockedConv(emit, {
    images: reorderChannelsLast(emit, rows), // [S, width / b, P, b]
    filters: lowerReshape(emit, filters, [columns, width, 1, 1]),
    bias: lowerReshape(emit, bias, [columns]),
    attributes: POINTWISE,
  }); // [S, Q, DEPTH, P, b]
  const largest = maxOver(emit, lowerReshape(emit, scores, [S * Q, b, DEPTH, P]), DEPTH); // [S, Q, P, b]
  const byRow = lowerTranspose(emit, lowerReshape(emit, largest, [S, Q, P, b]), [0, 2, 1, 3]);
  const lanes = lowerReshape(emit, byRow, [N, Q * b]);
  const group = largestOfRows(emit, lanes, { R: N, columns: Q * b, wanted }); // [N], q b + lane

  // Addresses of the DEPTH values of the group: ((s Q + q) DEPTH + depth) P b + p b + lane.
  const q = emit.add('Div', [group.at, number(emit, b)]);
  const perGroup = emit.add('Add', [
    emit.add('Mul', [q, number(emit, DEPTH * P * b - b)]),
    group.at,
  ]);
  const perRow = Int32Array.from(
    { length: N },
    (_, row) => Math.floor(row / P) * columns * P + (row % P) * b,
  );
  const first = emit.add('Add', [perGroup, int32(emit, perRow)]);
  const steps = emit.constant(
    Int32Array.from({ length: DEPTH }, (_, depth) => depth * P * b),
    [1, DEPTH],
  );
  const places = emit.add('Add', [lowerReshape(emit, first, [N, 1]), steps]); // [N, DEPTH]
  const chosen = emit.add('Gather', [lowerReshape(emit, scores, [N * columns]), places], {
    axis: 0,
  });
  const { at, values } = inGroup(emit, group, searched(emit, chosen, DEPTH, wanted), DEPTH); // [N]
  const real = (found: string) =>
    N === R ? found : lowerSlice(emit, found, { starts: [0], ends: [R], axes: [0] }); // [R]
  if (!values) return { at: real(at) };
  return { at: real(at), values: { largest: real(values.largest), second: real(values.second) } };
}

function int32(emit: CpuEmitter, values: Int32Array): string {
  return emit.constant(values, [values.length]);
}

function number(emit: CpuEmitter, value: number): string {
  return emit.constant(Int32Array.of(value), []);
}
