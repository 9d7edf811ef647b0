/** Comparisons and logic (results of type bool), and the choice between two tensors by such a result. */
import { applyOne, broadcastShapes, defineOperator, refuseShape, type Tensor } from '../tensor.ts';
import { sumTo } from './reduce.ts';
import { constantValue, scalar } from './source.ts';

function comparison(
  name: string,
  { on = 'any' }: { on?: 'any' | 'bool' } = {},
): (a: Tensor, b: Tensor) => Tensor {
  defineOperator({
    name,
    infer: ([a, b]) => {
      if (a!.dtype !== b!.dtype || (on === 'bool' && a!.dtype !== 'bool')) {
        const expected = on === 'bool' ? 'two of type bool' : 'equal types; cast one';
        refuseShape(name, `types ${a!.dtype} and ${b!.dtype}`, expected);
      }
      return [{ shape: broadcastShapes(name, a!.shape, b!.shape), dtype: 'bool' }];
    },
    gradient: () => [undefined, undefined],
  });
  return (a, b) => applyOne(name, [a, b]);
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
  gradient: () => [undefined],
});

/** True where `x` is false. */
export function logicalNot(x: Tensor): Tensor {
  return applyOne('logicalNot', [x]);
}

defineOperator({
  name: 'where',
  infer: ([condition, a, b]) => {
    if (condition!.dtype !== 'bool') refuseShape('where', `a condition of type ${condition!.dtype}`, 'bool');
    if (a!.dtype !== b!.dtype) refuseShape('where', `types ${a!.dtype} and ${b!.dtype}`, 'equal types');
    const shape = broadcastShapes('where', condition!.shape, broadcastShapes('where', a!.shape, b!.shape));
    return [{ shape, dtype: a!.dtype }];
  },
  gradient: ({ inputs: [condition, a, b], gradients: [dy] }) => {
    if (!dy) return [undefined, undefined, undefined];
    const zero = scalar(0);
    return [
      undefined,
      constantValue(a!) === undefined ? sumTo(where(condition!, dy, zero), a!.shape) : undefined,
      constantValue(b!) === undefined ? sumTo(where(condition!, zero, dy), b!.shape) : undefined,
    ];
  },
});

/** `a` where the condition holds, `b` elsewhere; all three broadcast. */
export function where(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  return applyOne('where', [condition, a, b]);
}
