/** Matrix products. */
import {
  applyOne,
  broadcastShapes,
  defineOperator,
  refuseShape,
  showShape,
  type Tensor,
} from '../tensor.ts';
import { add } from './binary.ts';
import { transpose } from './shape.ts';

defineOperator({
  name: 'matmul',
  infer: ([a, b]) => {
    const rankA = a!.shape.length;
    const rankB = b!.shape.length;
    if (rankA < 2 || rankB < 2 || a!.shape[rankA - 1] !== b!.shape[rankB - 2]) {
      refuseShape(
        'matmul',
        `${showShape(a!.shape)} and ${showShape(b!.shape)}`,
        '[.., M, K] and [.., K, N]',
      );
    }
    const batch = broadcastShapes('matmul', a!.shape.slice(0, -2), b!.shape.slice(0, -2));
    return [{ shape: [...batch, a!.shape[rankA - 2]!, b!.shape[rankB - 1]!], dtype: a!.dtype }];
  },
});

/** Matrix product over the last two axes; leading axes are a batch and broadcast. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  return applyOne('matmul', [a, b]);
}

/** `x Wᵀ + b` with `W` of shape [out, in], as weights are stored by PyTorch. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const y = matmul(x, transpose(weight));
  return bias ? add(y, bias) : y;
}
