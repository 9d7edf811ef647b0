/** Reads messages of protobuf, the encoding of ONNX files. Source: the protobuf encoding guide. */

/** A field of a message. */
export interface ProtobufField {
  readonly field: number;
  /** Bytes of a length-delimited field. */
  readonly value?: Uint8Array;
  /** Number of a varint field. */
  readonly number?: number;
}

/**
 * Yields the fields of one message in their order.
 *
 * @throws RangeError for bytes that are no message
 */
export function* fieldsOf(bytes: Uint8Array): Generator<ProtobufField> {
  let at = 0;
  function varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || scale > 2 ** 63)
        throw new RangeError('protobuf: the message ends early');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { field, number: varint() };
        break;
      case 1:
      case 5:
        at += tag % 8 === 1 ? 8 : 4;
        yield { field };
        break;
      case 2: {
        const length = varint();
        if (at + length > bytes.length)
          throw new RangeError('protobuf: a field is longer than the message');
        yield { field, value: bytes.subarray(at, at + length) };
        at += length;
        break;
      }
      default:
        throw new RangeError(`protobuf: received wire type ${tag % 8}`);
    }
  }
}

/** Numbers of a packed field. */
export function varintsOf(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte & 127) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    numbers.push(value);
    value = 0;
    scale = 1;
  }
  return numbers;
}
