/**
 * Fused operators, which simplification puts in place of two, so that large tensors are read and
 * written fewer times. Graphs are not written with them, and they come after differentiation.
 */
import {
  applyOne,
  defineOperator,
  refuseShape,
  sameShape,
  showShape,
  type Tensor,
} from '../tensor.ts';

defineOperator({
  name: 'axpy',
  infer: ([a, x, y]) => {
    if (a!.shape.length > 0 || !sameShape(x!.shape, y!.shape)) {
      const received = [a!, x!, y!].map(({ shape }) => showShape(shape)).join(', ');
      refuseShape('axpy', received, '[] and two equal shapes');
    }
    return [{ shape: x!.shape, dtype: x!.dtype }];
  },
});

/** `a x + y` for a number a, in one pass where the device can. */
export function axpy(a: Tensor, x: Tensor, y: Tensor): Tensor {
  return applyOne('axpy', [a, x, y]);
}

defineOperator({
  name: 'sumOfSquares',
  infer: ([x], { axes }) => [
    {
      shape: x!.shape.map((extent, axis) => ((axes as number[]).includes(axis) ? 1 : extent)),
      dtype: x!.dtype,
    },
  ],
});

/** `sum x²` over axes, which are kept with extent 1. */
export function sumOfSquares(x: Tensor, axes: readonly number[]): Tensor {
  return applyOne('sumOfSquares', [x], { axes });
}
