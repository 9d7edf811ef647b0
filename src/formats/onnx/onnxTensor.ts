/**
 * Tensors of ONNX files (`TensorProto`), read to numbers when they are asked for.
 *
 * Field numbers and types are those of `onnx.proto3` in the ONNX repository.
 */
import { LikenessError } from '../../core/errors.ts';
import { floatOfBrain, floatOfHalf } from '../halves.ts';
import { fieldsOf, varintsOf } from '../protobuf.ts';

/** Kinds of numbers: floats of any width, integers and booleans. */
export type OnnxKind = 'float' | 'integer' | 'boolean';

export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Absent for types without numbers here, such as text and 4-bit integers. */
  readonly kind?: OnnxKind;
  /** True where the numbers lie in another file. */
  readonly isExternal: boolean;
  /**
   * Copies the numbers: float32 of floats, float64 of integers (exact up to 2^53) and booleans.
   *
   * @throws LikenessError `onnx.tensor` where there are fewer or more numbers than the shape has
   */
  values(): Float32Array | Float64Array;
}

const TENSOR = {
  ...{ shape: 1, type: 2, floats: 4, int32s: 5, int64s: 7, name: 8, raw: 9, doubles: 10 },
  ...{ uint64s: 11, location: 14 },
} as const;
/** EXTERNAL in `data_location`. */
const EXTERNAL = 1;
/** Most axes and most elements of a tensor. */
const MAX_RANK = 16;
const MAX_ELEMENTS = 2 ** 31;

interface StoredType {
  readonly kind: OnnxKind;
  /** Bytes of a number in `raw_data`. */
  readonly bytes: number;
  read(view: DataView, at: number): number;
  /** Value of a number that is stored as an integer among `int32_data`. */
  ofInteger?(value: number): number;
}

const integer = (bytes: number, read: StoredType['read']): StoredType => ({
  ...{ kind: 'integer', bytes, read },
});

/** Types by their number in `TensorProto.DataType`. */
const types: Readonly<Record<number, StoredType>> = {
  1: { kind: 'float', bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  2: integer(1, (view, at) => view.getUint8(at)),
  3: integer(1, (view, at) => view.getInt8(at)),
  4: integer(2, (view, at) => view.getUint16(at, true)),
  5: integer(2, (view, at) => view.getInt16(at, true)),
  6: integer(4, (view, at) => view.getInt32(at, true)),
  7: integer(8, (view, at) => Number(view.getBigInt64(at, true))),
  9: { kind: 'boolean', bytes: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
  10: {
    ...{ kind: 'float', bytes: 2, ofInteger: floatOfHalf },
    read: (view, at) => floatOfHalf(view.getUint16(at, true)),
  },
  11: { kind: 'float', bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  12: integer(4, (view, at) => view.getUint32(at, true)),
  13: integer(8, (view, at) => Number(view.getBigUint64(at, true))),
  16: {
    ...{ kind: 'float', bytes: 2, ofInteger: floatOfBrain },
    read: (view, at) => floatOfBrain(view.getUint16(at, true)),
  },
};

/** Bytes and integers that a tensor's message has for its numbers. */
interface Stored {
  raw?: Uint8Array;
  /** Packed floats or doubles, with the bytes of each. */
  fixed: Uint8Array[];
  width: 4 | 8;
  integers: number[];
}

/**
 * Reads a tensor's message without its numbers.
 *
 * @throws RangeError for bytes that are no message
 * @throws LikenessError `onnx.tensor` for a shape that no tensor has
 */
export function readOnnxTensor(bytes: Uint8Array): OnnxTensor {
  const stored: Stored = { fixed: [], width: 4, integers: [] };
  const shape: number[] = [];
  let [name, type, isExternal] = ['', 0, false];
  for (const { field, value, number, fixed } of fieldsOf(bytes)) {
    const integers = () => (value ? varintsOf(value) : [number ?? 0]);
    if (field === TENSOR.type) type = number ?? 0;
    else if (field === TENSOR.shape) {
      // A loop, because an argument list of a hostile file's length ends the program.
      for (const extent of integers()) shape.push(extent);
    } else if (field === TENSOR.name) name = new TextDecoder().decode(value);
    else if (field === TENSOR.location) isExternal = number === EXTERNAL;
    else if (field === TENSOR.raw) stored.raw = value ?? new Uint8Array();
    else if (field === TENSOR.floats || field === TENSOR.doubles) {
      stored.fixed.push(value ?? fixed ?? new Uint8Array());
      stored.width = field === TENSOR.floats ? 4 : 8;
    } else if (field === TENSOR.int32s || field === TENSOR.int64s || field === TENSOR.uint64s) {
      for (const item of integers()) stored.integers.push(item);
    }
  }
  const count = countOf(name, shape);
  const storedType = types[type];
  return {
    ...{ name, shape, isExternal },
    ...(storedType && { kind: storedType.kind }),
    values: () => valuesOf(stored, { name, type: storedType, count, isExternal }),
  };
}

function countOf(name: string, shape: readonly number[]): number {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const isUsable = shape.every((extent) => Number.isInteger(extent) && extent >= 0);
  if (isUsable && shape.length <= MAX_RANK && count <= MAX_ELEMENTS) return count;
  throw new LikenessError(
    'onnx.tensor',
    `tensor "${name}": received shape [${shape.slice(0, MAX_RANK).join(', ')}]; expected at most ` +
      `${MAX_RANK} extents from 0, and at most ${MAX_ELEMENTS} elements`,
  );
}

function valuesOf(
  { raw, fixed, width, integers }: Stored,
  about: { name: string; type: StoredType | undefined; count: number; isExternal: boolean },
): Float32Array | Float64Array {
  const { name, type, count, isExternal } = about;
  const refuse = (reason: string): never => {
    throw new LikenessError('onnx.tensor', `tensor "${name}": ${reason}`);
  };
  if (!type) return refuse('its type has no numbers; expected floats, integers or booleans');
  if (isExternal) return refuse('its numbers lie in another file; expected one file');
  const packed = fixed.reduce((sum, { length }) => sum + length / width, 0);
  const found = raw ? raw.length / type.bytes : fixed.length > 0 ? packed : integers.length;
  // The count is compared before memory is taken: a shape may claim more than the file has.
  if (found !== count) return refuse(`received ${found} numbers; expected ${count}, as its shape`);
  // A copy at once: weights are by far most of a model.
  if (raw && type === types[1]) return new Float32Array(Uint8Array.from(raw).buffer);
  const values = type.kind === 'float' ? new Float32Array(count) : new Float64Array(count);
  if (raw) {
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    for (let i = 0; i < count; i++) values[i] = type.read(view, i * type.bytes);
  } else if (fixed.length > 0) {
    let i = 0;
    for (const part of fixed) {
      const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
      for (let at = 0; at + width <= part.length; at += width) {
        values[i++] = width === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
      }
    }
  } else {
    const { ofInteger = (value: number) => value } = type;
    for (let i = 0; i < count; i++) values[i] = ofInteger(integers[i]!);
  }
  return values;
}
