/**
 * `x_r · w_k + offset_k` for each row r and each k, as an NCHWc convolution of single positions.
 */
import {
  lowerPad,
  lowerReshape,
  lowerSlice,
  lowerTranspose,
  roundUp,
  rowProducts as standardRowProducts,
} from '../../compile/standard/index.ts';
import type { Node } from '../../tensor/index.ts';
import {
  blockedConv,
  type Capabilities,
  type CpuEmitter,
  type CpuRule,
  POINTWISE,
  reorderChannelsLast,
  reorderToChannelsLast,
} from './nchwc.ts';

/** Products from which on the blocked ones pay for another order of the result. */
const WORTH_BLOCKS = 2 ** 20;
/** Rows that go through the convolution as one image. */
const AT_ONCE = 512;

/** Kernels that are valid for a node, the default first. */
export function rowProductsKernels(node: Node, { block }: Capabilities): string[] {
  const [R, K] = node.outputs[0]!.shape as [number, number];
  if (block === 0) return ['plain'];
  return R * K >= WORTH_BLOCKS ? ['blocked', 'plain'] : ['plain', 'blocked'];
}

export const rowProducts: CpuRule = (emit, node, inputs) => {
  if (emit.kernelOf(node) !== 'blocked') return standardRowProducts(emit, node, inputs);
  const [x, w, offset] = inputs as [string, string, string];
  return [inBlocks(emit, node, { x, w, offset })];
};

/** Rows of x are positions of images, rows of w are filters, whose order depends on w alone. */
function inBlocks(
  emit: CpuEmitter,
  node: Node,
  { x, w, offset }: { x: string; w: string; offset: string },
): string {
  const b = emit.device.block;
  const [R, D] = node.inputs[0]!.shape as [number, number];
  const K = node.inputs[1]!.shape[0]!;
  const [width, columns] = [roundUp(D, b), roundUp(K, b)];
  const filled = lowerReshape(emit, lowerPad(emit, w, [0, 0], [columns - K, width - D]), [
    ...[columns / b, b, width / b, b],
  ]);
  const filters = lowerTranspose(emit, filled, [0, 2, 3, 1]); // [K / b, D / b, b of D, b of K]
  const images = Math.ceil(R / AT_ONCE);
  const positions = Math.ceil(R / images);
  const rest = images * positions - R;
  const rows = lowerReshape(emit, lowerPad(emit, x, [0, 0], [rest, width - D]), [
    images,
    1,
    positions,
    width,
  ]);
  const products = blockedConv(emit, {
    images: reorderChannelsLast(emit, rows), // [images, D / b, positions, b]
    filters: lowerReshape(emit, filters, [columns, width, 1, 1]),
    bias: lowerPad(emit, offset, [0], [columns - K]),
    attributes: POINTWISE,
  }); // [images, K / b, positions, b]
  const plain = lowerReshape(emit, reorderToChannelsLast(emit, products, K), [
    images * positions,
    K,
  ]);
  return rest === 0 ? plain : lowerSlice(emit, plain, { starts: [0], ends: [R], axes: [0] }); // [R, K]
}
