/** The largest product of each row with the rows of another matrix, by its position alone. */
import { applyOne, defineOperator, refuseShape, showShape, type Tensor } from '../tensor.ts';

defineOperator({
  name: 'argMaxProduct',
  infer: ([x, w, offset]) => {
    const [R, D] = x!.shape;
    const [K, width] = w!.shape;
    const isMatrix = x!.shape.length === 2 && w!.shape.length === 2;
    if (!isMatrix || D !== width || offset!.shape.length !== 1 || offset!.shape[0] !== K) {
      const received = [x!, w!, offset!].map(({ shape }) => showShape(shape)).join(', ');
      refuseShape('argMaxProduct', received, '[R, D], [K, D] and [K]');
    }
    return [{ shape: [R!], dtype: 'int32' }];
  },
  gradient: () => [undefined, undefined, undefined],
});

/**
 * `argmax_k (x_r · w_k + offset_k)` for each row r, int32 [R]; the lowest k on a tie. With `offset_k = -|w_k|² / 2` it is the row of w
 * that is nearest to `x_r`.
 *
 * One operator instead of three, so that the products [R, K] need not be written in plain order to be searched.
 *
 * @param x [R, D]
 * @param w [K, D]
 * @param offset [K]
 */
export function argMaxProduct(x: Tensor, w: Tensor, offset: Tensor): Tensor {
  return applyOne('argMaxProduct', [x, w, offset]);
}
