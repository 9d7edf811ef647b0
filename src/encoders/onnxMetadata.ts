/**
 * Reads the metadata of an ONNX file: ONNX Runtime's Node package gives no access to it.
 *
 * An ONNX file is a protobuf message `ModelProto`; its field 14, `metadata_props`, repeats pairs of
 * `key` (field 1) and `value` (field 2). Source: onnx.proto3 of the ONNX repository and the
 * protobuf encoding guide.
 */

const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;

/** Metadata by key; undefined for bytes that are no protobuf message. */
export function readOnnxMetadata(bytes: Uint8Array): Record<string, string> | undefined {
  const metadata: Record<string, string> = {};
  try {
    for (const { field, value } of fieldsOf(bytes)) {
      if (field !== METADATA_PROPS || value === undefined) continue;
      const texts = new Map<number, string>();
      for (const entry of fieldsOf(value))
        texts.set(entry.field, new TextDecoder().decode(entry.value));
      metadata[texts.get(KEY) ?? ''] = texts.get(VALUE) ?? '';
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return metadata;
}

/**
 * Fields of one message; `value` holds the bytes of length-delimited fields and is absent for
 * numbers.
 */
function* fieldsOf(bytes: Uint8Array): Generator<{ field: number; value?: Uint8Array }> {
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
        varint();
        yield { field };
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
