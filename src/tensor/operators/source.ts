/** Operators without inputs: what a graph is fed, and what it holds. */
import { LikenessError } from '../../core/errors.ts';
import {
  applyOne,
  arrayTypes,
  type DType,
  defineOperator,
  naturalType,
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
 * A value fed at each run (or held as state), known by its name.
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
 * A value that is part of the graph. `data` is read in row-major order.
 *
 * @example constant(Float32Array.of(1, 2, 3), [3])
 */
export function constant(data: TensorData, shape: Shape, dtype?: DType): Tensor {
  if (data.length !== sizeOf(shape)) {
    throw new LikenessError(
      'shape.mismatch',
      `constant: received ${data.length} values for shape ${showShape(shape)}; expected ${sizeOf(shape)}`,
    );
  }
  return applyOne('constant', [], { data, shape, dtype: dtype ?? naturalType(data) });
}

/** A constant of rank 0. */
export function scalar(value: number, dtype: 'float64' | 'float32' | 'int32' = 'float32'): Tensor {
  return constant(arrayTypes[dtype].of(value), [], dtype);
}

/** The single value of a constant tensor with one element, or of one whose elements are all equal; else undefined. */
export function constantValue(tensor: Tensor): number | undefined {
  if (tensor.node.operator !== 'constant') return undefined;
  const data = tensor.node.attributes.data as TensorData;
  const first = data[0];
  return data.every((value) => value === first) ? first : undefined;
}
