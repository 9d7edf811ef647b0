/**
 * Products of a transposed matrix, such as the gradient `xᵀ dy` of a weight.
 *
 * ONNX Runtime fuses the transposition into the product, which then transposes x again for every
 * block of columns of dy. A transposition before the product is written once and takes less time.
 */
import { lowerReshape, lowerTranspose } from '../../compile/standard/index.ts';
import type { Tensor } from '../../tensor/index.ts';
import type { LayoutRule } from './layouts.ts';

/** Multiplications from which on a transposition of its own pays: 2048 x 64 x 512. */
const WORTH_MOVING = 2 ** 26;

/**
 * Transposes x [K, M] as [K, M / 2, 2], because ONNX Runtime would fuse a plain transposition.
 * Undefined for small products, and where x is not a transposed matrix.
 */
export const transposedProduct: LayoutRule = (emit, layouts, node) => {
  const [a, b] = node.inputs as [Tensor, Tensor];
  const [x] = a.node.inputs;
  if (a.node.operator !== 'transpose' || a.shape.length !== 2 || !x) return undefined;
  if (b.shape.length !== 2 || a.dtype !== 'float32') return undefined;
  const [M, K] = a.shape as [number, number];
  if (M % 2 !== 0 || M * K * b.shape[1]! < WORTH_MOVING) return undefined;
  const pairs = lowerReshape(emit, layouts.plain(x), [K, M / 2, 2]);
  const moved = lowerReshape(emit, lowerTranspose(emit, pairs, [1, 2, 0]), [M, K]);
  return [{ plain: emit.add('MatMul', [moved, layouts.plain(b)]) }]; // [M, N]
};
