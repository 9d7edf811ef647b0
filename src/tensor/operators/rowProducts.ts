/**
 * Products of each row with the rows of another matrix, as one operator: many of them are faster in
 * another order of memory.
 */
import { applyOne, defineOperator, type Tensor } from '../tensor.ts';
import { requireProduct } from './argMaxProduct.ts';

defineOperator({
  name: 'rowProducts',
  infer: (inputs) => {
    const R = requireProduct('rowProducts', inputs);
    return [{ shape: [R, inputs[1]!.shape[0]!], dtype: 'float32' }];
  },
});

/**
 * `x_r · w_k + offset_k`, [R, K].
 *
 * @param x [R, D]
 * @param w [K, D]
 * @param offset [K]
 */
export function rowProducts(x: Tensor, w: Tensor, offset: Tensor): Tensor {
  return applyOne('rowProducts', [x, w, offset]);
}
