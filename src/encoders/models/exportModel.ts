/**
 * Exports an imported model under the interface of all exported encoders: pixels from 0 to 1 in,
 * features of length 1 out.
 *
 * Nodes that scale pixels are put before the model's own, and nodes that pool and normalize behind.
 * Fields of a protobuf message keep their order when messages are joined, so the model's nodes are
 * copied as they are, but for the name of the input.
 */
import {
  encodeOnnx,
  type OnnxGraph,
  type OnnxNode,
  onnxTypes,
  Writer,
} from '../../compile/index.ts';
import { fieldsOf, type Tensors } from '../../formats/index.ts';
import { EXPORT_CLUSTERS } from '../exportClusters.ts';
import { EXPORT_INPUT, type ExportedEncoder, type ExportParts } from '../exportEncoder.ts';
import { EXPORT_OUTPUT, outputMetadata, viewMetadata } from '../exportMetadata.ts';
import { clusterNodes } from './clusterNodes.ts';
import { type ImageInput, viewOf } from './imageInput.ts';
import { type ModelGraph, readModelGraph } from './modelGraph.ts';
import { MODEL_TENSOR, type ModelSettings } from './onnxModel.ts';

export interface ExportModelOptions extends ExportParts {
  settings: ModelSettings;
  tensors: Tensors;
}

const GRAPH = 7;
const METADATA = 14;
const NODE = 1;
const INPUT = 11;
const OUTPUT = 12;
/** Field of a node's own name, behind those of its inputs (1) and outputs (2). */
const NODE_NAME = 3;

/** Builds the model; the batch size is free where the model's is. */
export function exportModel({
  settings,
  tensors,
  metadata,
  clusters,
}: ExportModelOptions): ExportedEncoder {
  const { input, output, dimension, model: name } = settings;
  const bytes = tensors[MODEL_TENSOR]!.data as Uint8Array;
  const graph = readModelGraph(bytes)!;
  const prefix = freePrefix(graph);
  const names = new Map([[graph.inputs[0]!.name, `${prefix}images`]]);
  // The model may use the names of the exported interface for other tensors, or for its nodes.
  for (const used of [EXPORT_INPUT, EXPORT_OUTPUT, EXPORT_CLUSTERS]) {
    if (!names.has(used)) names.set(used, `${prefix}own/${used}`);
  }
  const { size } = input;
  const isNhwc = inputIsLast(graph);
  const before = fieldsOfGraph({
    ...empty,
    ...scaling(input, { prefix, isNhwc }),
    inputs: [{ name: EXPORT_INPUT, shape: ['batch', 3, size, size], dtype: 'float32' }],
  });
  const pooled = pooling(names.get(output.name) ?? output.name, { kind: output.pooling, prefix });
  const own = clusters && clusterNodes(clusters, { dimension, raw: pooled.last, graph, prefix });
  const after = fieldsOfGraph({
    ...empty,
    nodes: [...pooled.nodes, ...(own?.nodes ?? [])],
    constants: [...pooled.constants, ...(own?.constants ?? [])],
    outputs: [
      { name: EXPORT_OUTPUT, shape: ['batch', dimension], dtype: 'float32' },
      ...(own?.outputs ?? []),
    ],
  });
  const about = {
    'likeness.method': name,
    ...viewMetadata(viewOf(input)),
    ...outputMetadata,
    ...metadata,
  };
  const writer = new Writer();
  for (const { field, value, number } of fieldsOf(bytes)) {
    if (field === GRAPH) {
      const joined = new Writer().fields(before);
      copyGraph(joined, value!, names);
      writer.raw(GRAPH, joined.fields(after).finish());
    } else if (field === METADATA) continue;
    else if (value) writer.raw(field, value);
    else if (number !== undefined) writer.integer(field, number);
  }
  for (const [key, value] of Object.entries(about)) {
    writer.message(METADATA, (entry) => entry.text(1, key).text(2, value));
  }
  return { model: writer.finish(), dimension, size };
}

/** Prefix of the names that are added. A model that likeness has exported has some of its own. */
function freePrefix({ nodes, initializers }: ModelGraph): string {
  const used = [...initializers.keys(), ...nodes.flatMap(({ outputs }) => outputs)];
  const isFree = (prefix: string) => !used.some((name) => name.startsWith(prefix));
  let prefix = 'likeness/';
  for (let again = 2; !isFree(prefix); again++) prefix = `likeness${again}/`;
  return prefix;
}

const empty: OnnxGraph = { name: '', nodes: [], constants: [], inputs: [], outputs: [] };

/** Fields of a graph's message, without its name. */
function fieldsOfGraph(graph: OnnxGraph): Uint8Array {
  const message = [...fieldsOf(encodeOnnx(graph))].find(({ field }) => field === GRAPH)!.value!;
  const writer = new Writer();
  for (const { field, value } of fieldsOf(message)) {
    if (value && field !== 2) writer.raw(field, value);
  }
  return writer.finish();
}

type Names = ReadonlyMap<string, string>;

/** Copies a graph without its inputs and outputs, and with other names for some tensors. */
function copyGraph(writer: Writer, graph: Uint8Array, names: Names): void {
  for (const { field, value, number } of fieldsOf(graph)) {
    if (field === INPUT || field === OUTPUT) continue;
    if (field === NODE) writer.raw(NODE, renamed(value!, names));
    else if (value) writer.raw(field, value);
    else if (number !== undefined) writer.integer(field, number);
  }
}

/** A node with other names of its inputs and outputs. */
function renamed(node: Uint8Array, names: Names): Uint8Array {
  const writer = new Writer();
  const decoder = new TextDecoder();
  for (const { field, value, number } of fieldsOf(node)) {
    const name = field <= NODE_NAME ? names.get(decoder.decode(value)) : undefined;
    if (name !== undefined) writer.text(field, name);
    else if (value) writer.raw(field, value);
    else if (number !== undefined) writer.integer(field, number);
  }
  return writer.finish();
}

/** True where the model's input has its channels last. */
function inputIsLast({ inputs: [input] }: ModelGraph): boolean {
  return input!.shape?.[1] !== 3 && input!.shape?.[3] === 3;
}

/** `(x · 255 scale - mean) / std` of pixels x from 0 to 1, in the model's order of channels. */
function scaling(
  { channels, scale, mean, std }: ImageInput,
  { prefix, isNhwc }: { prefix: string; isNhwc: boolean },
): Pick<OnnxGraph, 'nodes' | 'constants'> {
  const perChannel = (name: string, values: readonly number[]) => ({
    name: `${prefix}${name}`,
    shape: [1, 3, 1, 1],
    data: Float32Array.from(values),
    type: onnxTypes.float32,
  });
  const constants = [
    perChannel(
      'factor',
      std.map((value) => (255 * scale) / value),
    ),
    perChannel(
      'offset',
      mean.map((value, c) => value / std[c]!),
    ),
    {
      name: `${prefix}order`,
      shape: [3],
      data: BigInt64Array.of(2n, 1n, 0n),
      type: onnxTypes.int64,
    },
  ];
  const isBgr = channels === 'bgr';
  const nodes: OnnxNode[] = [];
  let last = EXPORT_INPUT;
  const add = (
    type: string,
    inputs: readonly string[],
    attributes: OnnxNode['attributes'] = {},
  ) => {
    const name = `${prefix}${type.toLowerCase()}${nodes.length}`;
    nodes.push({ type, inputs: [last, ...inputs], outputs: [name], attributes, domain: '' });
    last = name;
  };
  if (isBgr) add('Gather', [`${prefix}order`], { axis: 1 });
  add('Mul', [`${prefix}factor`]);
  add('Sub', [`${prefix}offset`]);
  if (isNhwc) add('Transpose', [], { perm: { ints: [0, 2, 3, 1] } });
  nodes.push({
    type: 'Identity',
    inputs: [last],
    outputs: [`${prefix}images`],
    attributes: {},
    domain: '',
  });
  return { nodes, constants: isBgr ? constants : constants.slice(0, 2) };
}

/**
 * Nodes from an output to features of length 1, in operators that all versions of ONNX share, and
 * the name of the features before they are normalized.
 */
function pooling(
  output: string,
  { kind, prefix }: { kind: ModelSettings['output']['pooling']; prefix: string },
): Pick<OnnxGraph, 'nodes' | 'constants'> & { last: string } {
  // Index of the class token.
  const first = { name: `${prefix}first`, shape: [], data: BigInt64Array.of(0n) };
  const nodes: OnnxNode[] = [];
  let last = output;
  const add = (type: string, attributes: OnnxNode['attributes'] = {}, name?: string) => {
    const to = name ?? `${prefix}${type.toLowerCase()}`;
    nodes.push({ type, inputs: [last], outputs: [to], attributes, domain: '' });
    last = to;
  };
  if (kind === 'class') {
    const inputs = [last, first.name];
    nodes.push({
      type: 'Gather',
      inputs,
      outputs: [`${prefix}token`],
      attributes: { axis: 1 },
      domain: '',
    });
    last = `${prefix}token`; // [B, D]
  } else if (kind !== 'none') {
    if (kind === 'mean') add('Transpose', { perm: { ints: [0, 2, 1] } }); // [B, D, T]
    if (kind === 'mapLast') add('Transpose', { perm: { ints: [0, 3, 1, 2] } }); // [B, D, H, W]
    add('GlobalAveragePool');
    add('Flatten', { axis: 1 }); // [B, D]
  }
  const raw = last;
  add('LpNormalization', { axis: 1, p: 2 }, EXPORT_OUTPUT); // [B, D]
  const constants = kind === 'class' ? [{ ...first, type: onnxTypes.int64 }] : [];
  return { nodes, constants, last: raw };
}
