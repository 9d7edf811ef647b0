/**
 * The largest product of each row with the rows of another matrix: its index, and its value and the
 * second largest.
 */
import {
  apply,
  applyOne,
  defineOperator,
  refuseShape,
  showShape,
  type Tensor,
  type TensorType,
} from '../tensor.ts';

/** Rows of x, once the shapes fit. */
export function requireProduct(operator: string, [x, w, offset]: readonly TensorType[]): number {
  const [R, D] = x!.shape;
  const [K, width] = w!.shape;
  const isMatrix = x!.shape.length === 2 && w!.shape.length === 2;
  if (!isMatrix || D !== width || offset!.shape.length !== 1 || offset!.shape[0] !== K) {
    const received = [x!, w!, offset!].map(({ shape }) => showShape(shape)).join(', ');
    refuseShape(operator, received, '[R, D], [K, D] and [K]');
  }
  return R!;
}

defineOperator({
  name: 'argMaxProduct',
  infer: (inputs) => [{ shape: [requireProduct('argMaxProduct', inputs)], dtype: 'int32' }],
});

/**
 * `argmax_k (x_r · w_k + offset_k)` for each row r, int32 [R]; the lowest k on a tie. With
 * `offset_k = -|w_k|² / 2` it is the row of w that is nearest to `x_r`.
 *
 * One operator instead of three, so that the products [R, K] need not be written in plain order to
 * be searched.
 *
 * @param x [R, D]
 * @param w [K, D]
 * @param offset [K]
 */
export function argMaxProduct(x: Tensor, w: Tensor, offset: Tensor): Tensor {
  return applyOne('argMaxProduct', [x, w, offset]);
}

defineOperator({
  name: 'twoLargestProducts',
  infer: (inputs) => {
    const R = requireProduct('twoLargestProducts', inputs);
    return [
      { shape: [R], dtype: 'int32' },
      { shape: [R], dtype: 'float32' },
      { shape: [R], dtype: 'float32' },
    ];
  },
});

/**
 * `argMaxProduct` with the largest product [R] and the largest of all others [R], which equals it
 * on a tie and is -1e30 or less where K = 1.
 *
 * @param x [R, D]
 * @param w [K, D]
 * @param offset [K]
 */
export function twoLargestProducts(
  x: Tensor,
  w: Tensor,
  offset: Tensor,
): { at: Tensor; largest: Tensor; second: Tensor } {
  const [at, largest, second] = apply('twoLargestProducts', [x, w, offset]);
  return { at: at!, largest: largest!, second: second! };
}
