/**
 * Reads ONNX models (`ModelProto`): nodes with their attributes, weights, inputs and outputs.
 *
 * Field numbers are those of `onnx.proto3` in the ONNX repository. Graphs within attributes (the
 * branches of If, the body of Loop) are not read, so nothing here is recursive. Numbers of tensors
 * stay in the bytes until they are asked for.
 */
import { LikenessError } from '../../core/errors.ts';
import { fieldsOf, varintsOf } from '../protobuf.ts';
import { type OnnxTensor, readOnnxTensor } from './onnxTensor.ts';

/** An attribute of a node; absent parts are of other types. */
export interface OnnxAttributeValue {
  readonly integer?: number;
  readonly float?: number;
  readonly text?: string;
  readonly integers: readonly number[];
  readonly floats: readonly number[];
  readonly tensor?: OnnxTensor;
}

export interface OnnxModelNode {
  /** Own name, which may be empty. */
  readonly name: string;
  /** Operator, such as `Conv`. */
  readonly type: string;
  /** Set of operators: empty for the standard, or such as `com.microsoft`. */
  readonly domain: string;
  /** Names of tensors; empty where an optional one is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttributeValue>;
}

/** An input or output of the graph. */
export interface OnnxPort {
  readonly name: string;
  /** Extents; a name where free. Absent where the file tells none. */
  readonly shape?: readonly (number | string)[];
}

export interface OnnxModel {
  /** Versions of the sets of operators, by domain. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly nodes: readonly OnnxModelNode[];
  /** Weights by name. */
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  /** Inputs without those that are weights. */
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  /** True where weights lie in other files. */
  readonly hasExternalData: boolean;
}

const MODEL = { graph: 7, opset: 8 } as const;
const OPSET = { domain: 1, version: 2 } as const;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, type: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = {
  ...{ name: 1, float: 2, integer: 3, text: 4, tensor: 5, floats: 7, integers: 8 },
} as const;
/** The standard's second name. */
const STANDARD = 'ai.onnx';

const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

/**
 * Reads a model. Bytes of tensors are views of `bytes`.
 *
 * @throws LikenessError `onnx.invalid` for bytes that are no ONNX model, `onnx.tensor` for a tensor
 * with an impossible shape
 */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  try {
    const opsets = new Map<string, number>();
    let graph: Uint8Array | undefined;
    for (const { field, value } of fieldsOf(bytes)) {
      if (field === MODEL.graph) graph = value;
      else if (field === MODEL.opset && value) {
        const parts = [...fieldsOf(value)];
        const domain = textOf(parts.find((part) => part.field === OPSET.domain)?.value);
        const version = parts.find((part) => part.field === OPSET.version)?.number ?? 1;
        opsets.set(domain === STANDARD ? '' : domain, version);
      }
    }
    if (!graph) throw new RangeError('it has no graph');
    return { opsets, ...graphOf(graph) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new LikenessError('onnx.invalid', `the bytes are no ONNX model: ${error.message}`, {
      cause: error,
    });
  }
}

function graphOf(graph: Uint8Array): Omit<OnnxModel, 'opsets'> {
  const nodes: OnnxModelNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const inputs: OnnxPort[] = [];
  const outputs: OnnxPort[] = [];
  for (const { field, value } of fieldsOf(graph)) {
    if (value === undefined) continue;
    if (field === GRAPH.node) nodes.push(nodeOf(value));
    else if (field === GRAPH.input) inputs.push(portOf(value));
    else if (field === GRAPH.output) outputs.push(portOf(value));
    else if (field === GRAPH.initializer) {
      const tensor = readOnnxTensor(value);
      if (initializers.has(tensor.name)) throw new RangeError(`two weights "${tensor.name}"`);
      initializers.set(tensor.name, tensor);
    }
  }
  const constants = nodes.flatMap(({ attributes }) => attributes.get('value')?.tensor ?? []);
  return {
    ...{ nodes, initializers, outputs },
    // Old files list weights among the inputs.
    inputs: inputs.filter(({ name }) => !initializers.has(name)),
    hasExternalData: [...initializers.values(), ...constants].some(({ isExternal }) => isExternal),
  };
}

function nodeOf(bytes: Uint8Array): OnnxModelNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttributeValue>();
  let [name, type, domain] = ['', '', ''];
  for (const { field, value } of fieldsOf(bytes)) {
    if (field === NODE.input) inputs.push(textOf(value));
    else if (field === NODE.output) outputs.push(textOf(value));
    else if (field === NODE.name) name = textOf(value);
    else if (field === NODE.type) type = textOf(value);
    else if (field === NODE.domain) domain = textOf(value);
    else if (field === NODE.attribute && value) {
      const attribute = attributeOf(value);
      attributes.set(attribute.name, attribute.value);
    }
  }
  if (domain === STANDARD) domain = '';
  return { name, type, domain, inputs, outputs, attributes };
}

function attributeOf(bytes: Uint8Array): { name: string; value: OnnxAttributeValue } {
  const integers: number[] = [];
  const floats: number[] = [];
  const found: {
    -readonly [K in 'integer' | 'float' | 'text' | 'tensor']?: OnnxAttributeValue[K];
  } = {};
  let name = '';
  for (const { field, value, number, fixed } of fieldsOf(bytes)) {
    if (field === ATTRIBUTE.name) name = textOf(value);
    else if (field === ATTRIBUTE.float && fixed) found.float = floatsOf(fixed)[0]!;
    else if (field === ATTRIBUTE.integer && number !== undefined) found.integer = number;
    else if (field === ATTRIBUTE.text) found.text = textOf(value);
    else if (field === ATTRIBUTE.tensor && value) found.tensor = readOnnxTensor(value);
    else if (field === ATTRIBUTE.floats) {
      for (const item of floatsOf(value ?? fixed)) floats.push(item);
    } else if (field === ATTRIBUTE.integers) {
      for (const item of value ? varintsOf(value) : [number ?? 0]) integers.push(item);
    }
  }
  return { name, value: { ...found, integers, floats } };
}

function floatsOf(bytes: Uint8Array = new Uint8Array()): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) =>
    view.getFloat32(4 * i, true),
  );
}

const PORT = { name: 1, type: 2, tensor: 1, shape: 2, axis: 1, extent: 1, free: 2 } as const;

function portOf(bytes: Uint8Array): OnnxPort {
  const inner = (message: Uint8Array | undefined, field: number) =>
    message && [...fieldsOf(message)].find((part) => part.field === field)?.value;
  const name = textOf(inner(bytes, PORT.name));
  const shape = inner(inner(inner(bytes, PORT.type), PORT.tensor), PORT.shape);
  if (!shape) return { name };
  const extents: (number | string)[] = [];
  for (const { field, value } of fieldsOf(shape)) {
    if (field !== PORT.axis || !value) continue;
    const parts = [...fieldsOf(value)];
    const extent = parts.find((part) => part.field === PORT.extent)?.number;
    // Old files have 0 or -1 for a free extent.
    extents.push(
      extent !== undefined && extent > 0
        ? extent
        : textOf(parts.find((part) => part.field === PORT.free)?.value),
    );
  }
  return { name, shape: extents };
}
