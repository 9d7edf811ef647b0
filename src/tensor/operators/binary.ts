/** Element-wise arithmetic of two tensors, with NumPy broadcasting. */
import {
  applyOne,
  broadcastShapes,
  defineOperator,
  refuseShape,
  sameShape,
  type Tensor,
} from '../tensor.ts';
import { type BinaryOperator, constantValue, type Operand, tensorsOf } from './source.ts';

function binary(name: string): BinaryOperator {
  defineOperator({
    name,
    infer: ([a, b]) => {
      if (a!.dtype !== b!.dtype)
        refuseShape(name, `types ${a!.dtype} and ${b!.dtype}`, 'equal types; cast one');
      return [{ shape: broadcastShapes(name, a!.shape, b!.shape), dtype: a!.dtype }];
    },
  });
  return (a: Operand, b: Operand) => applyOne(name, tensorsOf(name, a, b));
}

/** `a + b` */
export const add = binary('add');
/** `a - b` */
export const sub = binary('sub');
/** `a b`, element by element. */
export const mul = binary('mul');
/** `a / b` */
export const div = binary('div');
/** The larger of two. A tie with a constant passes the whole gradient on, as in PyTorch's clamp. */
export const maximum = binary('maximum');
/**
 * The smaller of two. A tie with a constant passes the whole gradient on, as in PyTorch's clamp.
 */
export const minimum = binary('minimum');

const power = binary('pow');

/** `a^b`. With a constant exponent the base may be negative for whole exponents. */
export function pow(a: Tensor, b: Operand): Tensor {
  const [base, exponent] = tensorsOf('pow', a, b);
  const value = constantValue(exponent);
  const keepsShape = sameShape(broadcastShapes('pow', base.shape, exponent.shape), base.shape);
  if (value === 1 && keepsShape) return base;
  if (value === 2 && keepsShape) return mul(base, base);
  return power(base, exponent);
}
