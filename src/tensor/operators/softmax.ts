/** Softmax, its logarithm, and the losses built on them. */
import {
  applyOne,
  defineOperator,
  refuseShape,
  resolveAxis,
  sameShape,
  showShape,
  type Tensor,
} from '../tensor.ts';
import { mul } from './binary.ts';
import { neg } from './elementwise.ts';
import { mean, sum } from './reduce.ts';

defineOperator({
  name: 'softmax',
  infer: ([x]) => [{ shape: x!.shape, dtype: 'float32' }],
});

defineOperator({
  name: 'logSoftmax',
  infer: ([x]) => [{ shape: x!.shape, dtype: 'float32' }],
});

/** `e^x_i / sum_j e^x_j` along an axis, computed after subtracting the maximum. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return applyOne('softmax', [x], { axis: resolveAxis('softmax', axis, x.shape.length) });
}

/** Logarithm of the softmax along an axis, without overflow. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return applyOne('logSoftmax', [x], { axis: resolveAxis('logSoftmax', axis, x.shape.length) });
}

/** Cross-entropy with soft targets: mean over rows of `-sum_k q_k log softmax(logits)_k`. */
export function crossEntropy(logits: Tensor, targets: Tensor): Tensor {
  if (!sameShape(logits.shape, targets.shape)) {
    refuseShape(
      'crossEntropy',
      `logits ${showShape(logits.shape)} and targets ${showShape(targets.shape)}`,
      'equal shapes',
    );
  }
  return neg(mean(sum(mul(targets, logSoftmax(logits)), { axes: [-1] })));
}
