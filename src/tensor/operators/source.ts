/** Operators without inputs: the values fed to a graph and the constants in it. */
import { LikenessError } from '../../core/errors.ts';
import {
  applyOne,
  arrayTypes,
  type DType,
  defineOperator,
  naturalType,
  refuseShape,
  type Shape,
  showShape,
  sizeOf,
  type Tensor,
  type TensorData,
} from '../tensor.ts';

defineOperator({
  name: 'input',
  infer: (_inputs, { shape, dtype }) => [{ shape: shape as Shape, dtype: dtype as DType }],
});

defineOperator({
  name: 'constant',
  infer: (_inputs, { shape, dtype }) => [{ shape: shape as Shape, dtype: dtype as DType }],
});

/**
 * A named value, fed at each run or stored as state.
 *
 * @example input('images', [64, 3, 32, 32], 'uint8')
 */
export function input(name: string, shape: Shape, dtype: DType = 'float32'): Tensor {
  if (shape.some((extent) => !Number.isInteger(extent) || extent < 1)) {
    throw new LikenessError(
      'shape.invalid',
      `input "${name}": received shape ${showShape(shape)}; expected positive whole extents`,
    );
  }
  return applyOne('input', [], { name, shape, dtype });
}

/**
 * A value that is part of the graph. `data` is in row-major order.
 *
 * @example constant(Float32Array.of(1, 2, 3), [3])
 */
export function constant(data: TensorData, shape: Shape, dtype?: DType): Tensor {
  if (data.length !== sizeOf(shape)) {
    throw new LikenessError(
      'shape.mismatch',
      `constant: received ${data.length} values for shape ${showShape(shape)}; ` +
        `expected ${sizeOf(shape)}`,
    );
  }
  return applyOne('constant', [], { data, shape, dtype: dtype ?? naturalType(data) });
}

/** Types in which a number can be written. */
type NumberType = 'float64' | 'float32' | 'int32';

/** A constant of rank 0. */
export function scalar(value: number, dtype: NumberType = 'float32'): Tensor {
  return constant(arrayTypes[dtype].of(value), [], dtype);
}

/** The whole numbers from 0 to `n - 1`, int32 [n]. */
export function arange(n: number): Tensor {
  return constant(
    Int32Array.from({ length: n }, (_, i) => i),
    [n],
  );
}

/**
 * An argument of an element-wise operator. A number becomes a scalar of the other argument's type.
 */
export type Operand = Tensor | number;

/**
 * The tensor of an operand.
 *
 * @param dtype the type that a number takes.
 * @throws LikenessError when numbers have no tensors of that type (uint8, bool).
 */
export function tensorOf(operator: string, operand: Operand, dtype: DType): Tensor {
  if (typeof operand !== 'number') return operand;
  if (dtype === 'uint8' || dtype === 'bool') {
    refuseShape(
      operator,
      `the number ${operand} beside a tensor of type ${dtype}`,
      'a tensor; cast one',
    );
  }
  return scalar(operand, dtype);
}

/** Both operands as tensors. A number takes the type of the other operand; of two, float32. */
export function tensorsOf(operator: string, a: Operand, b: Operand): [Tensor, Tensor] {
  const typed = typeof a === 'number' ? b : a;
  const dtype = typeof typed === 'number' ? 'float32' : typed.dtype;
  return [tensorOf(operator, a, dtype), tensorOf(operator, b, dtype)];
}

/** An operator on two tensors, one of which may be a number. */
export interface BinaryOperator {
  (a: Tensor, b: Operand): Tensor;
  (a: Operand, b: Tensor): Tensor;
}

/** The one value of a constant whose elements are all equal; undefined for any other tensor. */
export function constantValue(tensor: Tensor): number | undefined {
  if (tensor.node.operator !== 'constant') return undefined;
  const data = tensor.node.attributes.data as TensorData;
  const first = data[0];
  return data.every((value) => value === first) ? first : undefined;
}
