/**
 * `a x + y` for a number a and large tensors, as an NCHWc convolution of one value per channel that
 * adds to y.
 */
import { lowerReshape } from '../../compile/standard/index.ts';
import { sizeOf, type Tensor } from '../../tensor/index.ts';
import type { LayoutRule } from './layouts.ts';
import { blockedConv, perChannelAffine } from './nchwc.ts';

/** Values from which on one pass instead of two is worth a convolution's start. */
const WORTH_ONE_PASS = 2 ** 15;
/**
 * Bounds of the row length of the map that values are taken for: some rows for each thread, each
 * long enough.
 */
const SHORTEST_ROW = 64;
const LONGEST_ROW = 4096;

/**
 * Writes over y in one pass. A result of the graph is written elsewhere, and ONNX Runtime would
 * copy y there first.
 */
export const axpyInOnePass: LayoutRule = (emit, layouts, node) => {
  const [a, x, y] = node.inputs as [Tensor, Tensor, Tensor];
  const { block } = emit.device;
  const row = x.dtype === 'float32' ? rowOf(sizeOf(x.shape), block) : undefined;
  if (row === undefined || layouts.isResult(node.outputs[0]!)) return undefined;
  const map = [1, block, sizeOf(x.shape) / block / row, row];
  const factor = emit.add('Expand', [layouts.plain(a), emit.integers([block])]); // [b]
  const order = layouts.orderOf(node.outputs[0]!, [x, y]) ?? 'plain';
  const [images, sum] = [x, y].map((tensor) => lowerReshape(emit, layouts[order](tensor), map));
  const found = blockedConv(emit, {
    ...perChannelAffine(emit, { images: images!, factor, channels: block }),
    sum,
  });
  return [{ [order]: lowerReshape(emit, found, x.shape) }];
};

/**
 * Positions per row of a map of one block of channels with this many values. Undefined: no map
 * fits, or one is not worth it.
 */
function rowOf(values: number, block: number): number | undefined {
  if (values < WORTH_ONE_PASS || values % block !== 0) return undefined;
  const positions = values / block;
  for (let row = Math.min(LONGEST_ROW, Math.floor(positions / 4)); row >= SHORTEST_ROW; row--) {
    if (positions % row === 0) return row;
  }
  return undefined;
}
