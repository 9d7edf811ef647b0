/** Makes tensors within an ONNX graph outputs of it. Field numbers are those of `onnx.proto3`. */
import { fieldsOf } from '../protobuf.ts';
import { joinedParts, messageParts } from './protobufParts.ts';

const MODEL = { graph: 7 } as const;
const GRAPH = { output: 12 } as const;
const PORT = { name: 1 } as const;

/**
 * The model with these tensors behind its own outputs. Their types are left to the runtime, which
 * infers them.
 *
 * @throws RangeError for bytes that are no model
 */
export function withOnnxOutputs(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const ports = names.flatMap((name) =>
    messageParts(GRAPH.output, messageParts(PORT.name, [new TextEncoder().encode(name)])),
  );
  return joinedParts(
    [...fieldsOf(bytes)].flatMap(({ field, value, encoded }) =>
      field === MODEL.graph && value ? messageParts(MODEL.graph, [value, ...ports]) : [encoded],
    ),
  );
}
