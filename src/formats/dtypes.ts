import { endianness } from 'node:os';
import { LikenessError } from '../core/errors.ts';

/**
 * Element types of stored tensors with their safetensors codes.
 *
 * Files are little-endian, as is every machine that ONNX Runtime is built for. Bytes are copied
 * unchanged.
 */

export type StoredData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;
export type StoredDType = 'float64' | 'int64' | 'float32' | 'int32' | 'uint8' | 'bool';

/** Row-major tensor. `data.length` is the product of `shape`. Bool is one byte, 0 or 1. */
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

/**
 * Element types in the order of the reference implementation: widest first, so that all are
 * aligned.
 */
export const dtypes: Readonly<Record<StoredDType, DTypeEntry>> = {
  int64: { code: 'I64', bytes: 8, array: BigInt64Array },
  float64: { code: 'F64', bytes: 8, array: Float64Array },
  float32: { code: 'F32', bytes: 4, array: Float32Array },
  int32: { code: 'I32', bytes: 4, array: Int32Array },
  uint8: { code: 'U8', bytes: 1, array: Uint8Array },
  bool: { code: 'BOOL', bytes: 1, array: Uint8Array },
};

/** Returns the dtype with this safetensors code (`"F32"`). Undefined for unsupported ones. */
export function dtypeOfCode(code: string): StoredDType | undefined {
  return (Object.keys(dtypes) as StoredDType[]).find((dtype) => dtypes[dtype].code === code);
}

/** Number of elements of a shape: `prod(shape)`, 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Returns the bytes of a typed array, without copying. */
export function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Copies a range of bytes to an aligned buffer of its own. A Buffer's `slice` would share memory.
 */
export function copyOfBytes(bytes: Uint8Array, start: number, end = bytes.byteLength): ArrayBuffer {
  return new Uint8Array(bytes.subarray(start, end)).buffer;
}

/** Refuses a tensor whose data does not fit its shape and dtype. */
export function checkTensor(name: string, tensor: StoredTensor): void {
  const { dtype, shape, data } = tensor;
  const entry = dtypes[dtype];
  if (entry === undefined) {
    throw new LikenessError(
      'tensor.dtype',
      `Tensor "${name}" has dtype "${dtype}"; expected one of ` +
        `${Object.keys(dtypes).join(', ')}. Convert it before storing.`,
    );
  }
  if (!(data instanceof entry.array)) {
    throw new LikenessError(
      'tensor.dtype',
      `Tensor "${name}" has dtype ${dtype} but its data is a ${Object(data).constructor?.name}; ` +
        `expected a ${entry.array.name}.`,
    );
  }
  if (
    shape.some((size) => !Number.isSafeInteger(size) || size < 0) ||
    elementCount(shape) !== data.length
  ) {
    throw new LikenessError(
      'tensor.shape',
      `Tensor "${name}" has shape [${shape.join(', ')}] but ${data.length} numbers; the product ` +
        'of the shape must equal the count.',
    );
  }
  if (endianness() !== 'LE') {
    throw new LikenessError(
      'machine.endianness',
      'This machine is big-endian; likeness stores little-endian numbers only.',
    );
  }
}
