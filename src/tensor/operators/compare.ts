/**
 * Comparisons and logic, with results of type bool, and the choice between tensors by such a
 * result.
 */
import { applyOne, broadcastShapes, defineOperator, refuseShape, type Tensor } from '../tensor.ts';
import { type BinaryOperator, type Operand, tensorsOf } from './source.ts';

function comparison(name: string, { on = 'any' }: { on?: 'any' | 'bool' } = {}): BinaryOperator {
  defineOperator({
    name,
    infer: ([a, b]) => {
      if (a!.dtype !== b!.dtype || (on === 'bool' && a!.dtype !== 'bool')) {
        const expected = on === 'bool' ? 'two of type bool' : 'equal types; cast one';
        refuseShape(name, `types ${a!.dtype} and ${b!.dtype}`, expected);
      }
      return [{ shape: broadcastShapes(name, a!.shape, b!.shape), dtype: 'bool' }];
    },
  });
  return (a: Operand, b: Operand) => applyOne(name, tensorsOf(name, a, b));
}

export const equal = comparison('equal');
export const greater = comparison('greater');
export const greaterEqual = comparison('greaterEqual');
export const less = comparison('less');
export const lessEqual = comparison('lessEqual');
/** True where both are. */
export const logicalAnd = comparison('logicalAnd', { on: 'bool' });
/** True where either is. */
export const logicalOr = comparison('logicalOr', { on: 'bool' });

defineOperator({
  name: 'logicalNot',
  infer: ([x]) => [{ shape: x!.shape, dtype: 'bool' }],
});

/** True where `x` is false. */
export function logicalNot(x: Tensor): Tensor {
  return applyOne('logicalNot', [x]);
}

defineOperator({
  name: 'where',
  infer: ([condition, a, b]) => {
    if (condition!.dtype !== 'bool')
      refuseShape('where', `a condition of type ${condition!.dtype}`, 'bool');
    if (a!.dtype !== b!.dtype)
      refuseShape('where', `types ${a!.dtype} and ${b!.dtype}`, 'equal types');
    const shape = broadcastShapes(
      'where',
      condition!.shape,
      broadcastShapes('where', a!.shape, b!.shape),
    );
    return [{ shape, dtype: a!.dtype }];
  },
});

/** `a` where the condition is true, `b` elsewhere; all three broadcast. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  return applyOne('where', [condition, ...tensorsOf('where', a, b)]);
}

/** `x` with a number where the mask is true, as PyTorch's `masked_fill`. */
export function maskFill(x: Tensor, mask: Tensor, value: number): Tensor {
  return where(mask, value, x);
}
