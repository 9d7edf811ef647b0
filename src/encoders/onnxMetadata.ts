/**
 * Reads the metadata of an ONNX file: ONNX Runtime's Node package gives no access to it.
 *
 * An ONNX file is a protobuf message `ModelProto`; its field 14, `metadata_props`, repeats pairs of
 * `key` (field 1) and `value` (field 2). Source: onnx.proto3 of the ONNX repository and the
 * protobuf encoding guide.
 */

import { fieldsOf } from '../formats/index.ts';
import { type EvaluationSpec, resizeKernels } from '../views/index.ts';

const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;

/** Metadata by key; undefined for bytes that are no protobuf message. */
export function readOnnxMetadata(bytes: Uint8Array): Record<string, string> | undefined {
  const pairs: [key: string, value: string][] = [];
  try {
    for (const { field, value } of fieldsOf(bytes)) {
      if (field !== METADATA_PROPS || value === undefined) continue;
      const texts = new Map<number, string>();
      for (const entry of fieldsOf(value))
        texts.set(entry.field, new TextDecoder().decode(entry.value));
      pairs.push([texts.get(KEY) ?? '', texts.get(VALUE) ?? '']);
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  // Assigning would lose a key such as __proto__.
  return Object.fromEntries(pairs);
}

/**
 * Reads the evaluation view from the metadata of a model that likeness has exported; undefined for
 * other models.
 */
export function exportedView(
  metadata: Readonly<Record<string, string>>,
): EvaluationSpec | undefined {
  const size = Number(metadata['likeness.image_size']);
  if (!Number.isInteger(size) || size < 1) return undefined;
  const resize = Number(metadata['likeness.resize']);
  const kernel = resizeKernels.find((name) => name === metadata['likeness.kernel']);
  return {
    size,
    ...(Number.isInteger(resize) && resize >= size && { resize }),
    ...(metadata['likeness.fit'] === 'squash' && { fit: 'squash' }),
    ...(kernel && kernel !== 'bilinear' && { kernel }),
  };
}
