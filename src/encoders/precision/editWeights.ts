/**
 * Replaces weights of an ONNX model by stored tensors and the nodes that compute them.
 *
 * A weight keeps its name, so the nodes that read it stay as they are encoded. Fields of a protobuf
 * message keep their order when messages are joined, so the new nodes stand before all others.
 */
import { encodeOnnx, type OnnxConstant, type OnnxNode, Writer } from '../../compile/index.ts';
import { fieldsOf, type OnnxModel, type OnnxTensor } from '../../formats/index.ts';

/** A weight with its place among the operators. */
export interface ModelWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Tensors and nodes that take the place of a weight; the last node returns it. */
export interface WeightEdit {
  readonly constants: readonly OnnxConstant[];
  readonly nodes: readonly OnnxNode[];
}

const MODEL = { graph: 7, metadata: 14 } as const;
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11 } as const;
const NODE = { output: 2, type: 4 } as const;
const TENSOR_NAME = 8;
const PORT_NAME = 1;

/** Weights of floats with at least `smallest` values: initializers, and nodes of type Constant. */
export function* weightsOf(
  { initializers, nodes }: Pick<OnnxModel, 'initializers' | 'nodes'>,
  smallest: number,
): Generator<ModelWeight> {
  const isLarge = ({ kind, isExternal, shape }: OnnxTensor) =>
    kind === 'float' && !isExternal && shape.reduce((a, b) => a * b, 1) >= smallest;
  for (const [name, tensor] of initializers) {
    if (isLarge(tensor)) yield weightOf(name, tensor);
  }
  for (const { type, outputs, attributes } of nodes) {
    const tensor = type === 'Constant' ? attributes.get('value')?.tensor : undefined;
    if (tensor && isLarge(tensor)) yield weightOf(outputs[0]!, tensor);
  }
}

const weightOf = (name: string, tensor: OnnxTensor): ModelWeight => ({
  ...{ name, shape: tensor.shape, values: tensor.values() as Float32Array },
});

/** The bytes of a model with other weights. */
export function editWeights(bytes: Uint8Array, edits: ReadonlyMap<string, WeightEdit>): Uint8Array {
  const writer = new Writer();
  for (const { field, value, encoded } of fieldsOf(bytes)) {
    if (field === MODEL.graph && value) writer.raw(MODEL.graph, edited(value, edits));
    else writer.fields(encoded);
  }
  return writer.finish();
}

/** The bytes of a model with further metadata. */
export function withMetadata(
  bytes: Uint8Array,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const writer = new Writer().fields(bytes);
  for (const [key, value] of Object.entries(metadata)) {
    writer.message(MODEL.metadata, (entry) => entry.text(1, key).text(2, value));
  }
  return writer.finish();
}

function edited(graph: Uint8Array, edits: ReadonlyMap<string, WeightEdit>): Uint8Array {
  const decoder = new TextDecoder();
  const textOf = (message: Uint8Array, wanted: number) =>
    decoder.decode([...fieldsOf(message)].find(({ field }) => field === wanted)?.value);
  const isReplaced = (field: number, message: Uint8Array) => {
    if (field === GRAPH.initializer) return edits.has(textOf(message, TENSOR_NAME));
    // Old files list weights among the inputs.
    if (field === GRAPH.input) return edits.has(textOf(message, PORT_NAME));
    if (field !== GRAPH.node || !edits.has(textOf(message, NODE.output))) return false;
    return textOf(message, NODE.type) === 'Constant';
  };
  const all = [...edits.values()];
  const own = encodeOnnx({
    ...{ name: '', inputs: [], outputs: [] },
    nodes: all.flatMap(({ nodes }) => nodes),
    constants: all.flatMap(({ constants }) => constants),
  });
  const writer = new Writer();
  const [added] = [...fieldsOf(own)].filter(({ field }) => field === MODEL.graph);
  for (const { field, encoded } of fieldsOf(added!.value!)) {
    if (field !== GRAPH.name) writer.fields(encoded);
  }
  for (const { field, value, encoded } of fieldsOf(graph)) {
    if (!value || !isReplaced(field, value)) writer.fields(encoded);
  }
  return writer.finish();
}
