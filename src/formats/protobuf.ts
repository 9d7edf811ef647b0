/** Reads messages of protobuf, the encoding of ONNX files. Source: the protobuf encoding guide. */

/** A field of a message. */
export interface ProtobufField {
  readonly field: number;
  /** Bytes of a length-delimited field. */
  readonly value?: Uint8Array;
  /** Number of a varint field, as a signed integer of 64 bits; exact up to 2^53. */
  readonly number?: number;
  /** Bytes of a field of 4 or 8 bytes. */
  readonly fixed?: Uint8Array;
  /** The whole field as it is encoded, tag and length included. */
  readonly encoded: Uint8Array;
}

/** Most bytes of a varint. */
const LONGEST_VARINT = 10;

/** Reads the varint at an offset: the signed integer of 64 bits, and the offset behind it. */
function varintAt(bytes: Uint8Array, start: number): { value: number; end: number } {
  // Two's complement in two halves, because small negative numbers have all of their 64 bits set.
  let [low, high] = [0, 0];
  for (let i = 0; i < LONGEST_VARINT; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) break;
    const bits = byte & 127;
    if (i < 4) low += bits * 2 ** (7 * i);
    else if (i === 4) {
      low += (bits & 15) * 2 ** 28;
      high += bits >> 4;
    } else high += bits * 2 ** (7 * i - 32);
    if (byte < 128) {
      const top = high % 2 ** 32;
      return { value: (top >= 2 ** 31 ? top - 2 ** 32 : top) * 2 ** 32 + low, end: start + i + 1 };
    }
  }
  throw new RangeError('protobuf: the message ends early');
}

/**
 * Yields the fields of one message in their order. Values are views of the bytes.
 *
 * @throws RangeError for bytes that are no message
 */
export function* fieldsOf(bytes: Uint8Array): Generator<ProtobufField> {
  let at = 0;
  function varint(): number {
    const { value, end } = varintAt(bytes, at);
    at = end;
    return value;
  }
  function take(length: number): Uint8Array {
    if (length < 0 || at + length > bytes.length)
      throw new RangeError('protobuf: a field is longer than the message');
    at += length;
    return bytes.subarray(at - length, at);
  }
  function content(wire: number): Omit<ProtobufField, 'field' | 'encoded'> {
    if (wire === 0) return { number: varint() };
    if (wire === 1) return { fixed: take(8) };
    if (wire === 2) return { value: take(varint()) };
    if (wire === 5) return { fixed: take(4) };
    throw new RangeError(`protobuf: received wire type ${wire}`);
  }
  while (at < bytes.length) {
    const start = at;
    const tag = varint();
    if (tag < 8) throw new RangeError(`protobuf: received field number ${Math.floor(tag / 8)}`);
    const found = content(tag % 8);
    yield { field: Math.floor(tag / 8), ...found, encoded: bytes.subarray(start, at) };
  }
}

/**
 * Numbers of a packed field, as signed integers of 64 bits.
 *
 * @throws RangeError for bytes that end within a number
 */
export function varintsOf(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, end } = varintAt(bytes, at);
    numbers.push(value);
    at = end;
  }
  return numbers;
}
