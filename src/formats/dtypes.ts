import { endianness } from 'node:os';
import { LikenessError } from '../core/errors.ts';

/**
 * The element types of stored tensors, and what each is called in safetensors files.
 *
 * Files are little-endian, and so is every machine that this program's runtime is built for; bytes are copied
 * as they lie in memory.
 */

export type StoredData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;
export type StoredDType = 'float64' | 'int64' | 'float32' | 'int32' | 'uint8' | 'bool';

/** A named block of numbers: `data.length` is the product of `shape`; row-major; bool is one byte, 0 or 1. */
export interface StoredTensor {
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly data: StoredData;
}

interface DTypeEntry {
  readonly code: string;
  readonly bytes: number;
  readonly array: new (buffer: ArrayBuffer, offset: number, length: number) => StoredData;
}

/** In the order in which tensors are stored (the reference implementation's): widest first, so that each is aligned. */
export const dtypes: Readonly<Record<StoredDType, DTypeEntry>> = {
  int64: { code: 'I64', bytes: 8, array: BigInt64Array },
  float64: { code: 'F64', bytes: 8, array: Float64Array },
  float32: { code: 'F32', bytes: 4, array: Float32Array },
  int32: { code: 'I32', bytes: 4, array: Int32Array },
  uint8: { code: 'U8', bytes: 1, array: Uint8Array },
  bool: { code: 'BOOL', bytes: 1, array: Uint8Array },
};

/** The dtype with this safetensors code (`"F32"`), or undefined where we do not read it. */
export function dtypeOfCode(code: string): StoredDType | undefined {
  return (Object.keys(dtypes) as StoredDType[]).find((dtype) => dtypes[dtype].code === code);
}

/** Number of elements of a shape: `prod(shape)`, 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The bytes of a typed array, without copying. */
export function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** A copy of a range of bytes in its own, aligned buffer (a Buffer's own `slice` would share memory). */
export function copyOfBytes(bytes: Uint8Array, start: number, end = bytes.byteLength): ArrayBuffer {
  return new Uint8Array(bytes.subarray(start, end)).buffer;
}

/** Refuses a tensor whose data does not fit its shape and dtype; `name` is used in the message. */
export function checkTensor(name: string, tensor: StoredTensor): void {
  const { dtype, shape, data } = tensor;
  const entry = dtypes[dtype];
  if (entry === undefined) {
    throw new LikenessError(
      'tensor.dtype',
      `Tensor "${name}" has dtype "${dtype}"; expected one of ${Object.keys(dtypes).join(', ')}. Convert it before storing.`,
    );
  }
  if (!(data instanceof entry.array)) {
    throw new LikenessError(
      'tensor.dtype',
      `Tensor "${name}" has dtype ${dtype} but its data is a ${Object(data).constructor?.name}; expected a ${entry.array.name}.`,
    );
  }
  if (shape.some((size) => !Number.isSafeInteger(size) || size < 0) || elementCount(shape) !== data.length) {
    throw new LikenessError(
      'tensor.shape',
      `Tensor "${name}" has shape [${shape.join(', ')}] but ${data.length} numbers; the product of the shape must equal the count.`,
    );
  }
  if (endianness() !== 'LE') {
    throw new LikenessError(
      'machine.endianness',
      'This machine is big-endian; likeness stores little-endian numbers only.',
    );
  }
}
