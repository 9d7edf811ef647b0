/**
 * Makes float32 of all half-precision floats of an ONNX model: weights, constants, casts, inputs
 * and outputs.
 *
 * ONNX Runtime has no arithmetic in float16 or bfloat16 for most operators on the CPU and casts
 * around each. Both are parts of float32, so weights keep their values, and results are rounded
 * less. Field numbers are those of `onnx.proto3` in the ONNX repository.
 */
import { LikenessError } from '../../core/errors.ts';
import { bytesOf } from '../dtypes.ts';
import { fieldsOf } from '../protobuf.ts';
import { readOnnxTensor } from './onnxTensor.ts';
import { joinedParts, messageParts, numberPart } from './protobufParts.ts';

type Kind = 'model' | 'graph' | 'function' | 'node' | 'attribute' | 'tensor' | 'sparse' | Typed;
type Typed = 'port' | 'type' | 'tensorType' | 'sequence' | 'map';

/** Kinds of the messages in a message, by field number. */
const children: Readonly<Record<Kind, Readonly<Record<number, Kind>>>> = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 11: 'port', 12: 'port', 13: 'port', 15: 'sparse' },
  function: { 7: 'node', 11: 'attribute', 12: 'port' },
  node: { 5: 'attribute' },
  attribute: {
    ...({ 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 14: 'type', 15: 'type' } as const),
    ...({ 22: 'sparse', 23: 'sparse' } as const),
  },
  tensor: {},
  sparse: { 1: 'tensor' },
  port: { 2: 'type' },
  type: { 1: 'tensorType', 4: 'sequence', 5: 'map', 8: 'tensorType', 9: 'sequence' },
  tensorType: {},
  sequence: { 1: 'type' },
  map: { 2: 'type' },
};

const TENSOR = { type: 2, int32s: 5, raw: 9 } as const;
const ATTRIBUTE = { name: 1, integer: 3 } as const;
const TENSOR_TYPE = { element: 1 } as const;
/** Attributes whose integer is a type of numbers. */
const TYPE_ATTRIBUTES = new Set(['to', 'dtype', 'output_dtype']);
const FLOAT32 = 1;
/** FLOAT16 and BFLOAT16 in TensorProto. */
const HALVES = new Set([10, 16]);
/** Graphs within graphs that are followed. */
const MAX_DEPTH = 64;

/**
 * Returns the model in float32, or the same bytes where it has no half-precision floats.
 *
 * @throws LikenessError `onnx.invalid` for bytes that are no model, `onnx.tensor` for weights that
 * lie in other files or do not fit their shape, `onnx.tooLarge` where the result exceeds 2 GiB
 */
export function widenOnnx(bytes: Uint8Array): Uint8Array {
  try {
    const widened = widenedParts(bytes, 'model', 0);
    return widened ? joinedParts(widened) : bytes;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const reason = `the bytes are no ONNX model: ${error.message}`;
    throw new LikenessError('onnx.invalid', reason, { cause: error });
  }
}

/** Parts of a message with float32 in place of halves; undefined where it has none. */
function widenedParts(message: Uint8Array, kind: Kind, depth: number): Uint8Array[] | undefined {
  if (depth > MAX_DEPTH) throw new RangeError('its graphs lie too deep in each other');
  const fields = [...fieldsOf(message)];
  if (kind === 'tensor') return widenedTensor(message, fields);
  let isChanged = false;
  const parts = fields.flatMap(({ field, value, number, encoded }) => {
    const child = children[kind][field];
    const inner = child && value && widenedParts(value, child, depth + 1);
    const isHalf = HALVES.has(number ?? 0) && isType(kind, field, fields);
    if (!inner && !isHalf) return [encoded];
    isChanged = true;
    return inner ? messageParts(field, inner) : [numberPart(field, FLOAT32)];
  });
  return isChanged ? parts : undefined;
}

type Fields = ReturnType<typeof fieldsOf> extends Generator<infer Field> ? Field[] : never;

/** True for a number that is a type of numbers. */
function isType(kind: Kind, field: number, fields: Fields): boolean {
  if (kind === 'tensorType') return field === TENSOR_TYPE.element;
  if (kind !== 'attribute' || field !== ATTRIBUTE.integer) return false;
  const name = fields.find((other) => other.field === ATTRIBUTE.name)?.value;
  return TYPE_ATTRIBUTES.has(new TextDecoder().decode(name));
}

function widenedTensor(message: Uint8Array, fields: Fields): Uint8Array[] | undefined {
  if (!fields.some(({ field, number }) => field === TENSOR.type && HALVES.has(number ?? 0))) {
    return undefined;
  }
  const replaced: readonly number[] = Object.values(TENSOR);
  const kept = fields.flatMap(({ field, encoded }) => (replaced.includes(field) ? [] : [encoded]));
  const values = bytesOf(readOnnxTensor(message).values());
  return [...kept, numberPart(TENSOR.type, FLOAT32), ...messageParts(TENSOR.raw, [values])];
}
