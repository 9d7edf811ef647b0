/**
 * Reads what likeness must know of a foreign ONNX graph: its operators in order, its constants of
 * few numbers, and the names of inputs and outputs.
 *
 * Field numbers are those of `onnx.proto3` in the ONNX repository.
 */
import { fieldsOf, varintsOf } from '../protobuf.ts';
import { IMAGENET } from './imageInput.ts';

export interface GraphNode {
  /** Operator, such as `Conv`. */
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface ModelGraph {
  readonly nodes: readonly GraphNode[];
  /** Constants of type float32 by name. */
  readonly constants: ReadonlyMap<string, GraphConstant>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** True where weights lie in other files. */
  readonly hasExternalData: boolean;
}

const MODEL = { graph: 7 } as const;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, type: 4, attribute: 5 } as const;
const TENSOR = { shape: 1, type: 2, floats: 4, name: 8, raw: 9, location: 14 } as const;
const ATTRIBUTE = { tensor: 5 } as const;
/** Float32 in TensorProto's `data_type`. */
const FLOAT = 1;
/** EXTERNAL in TensorProto's `data_location`. */
const EXTERNAL = 1;

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

export interface GraphConstant {
  readonly shape: readonly number[];
  /** Copies the numbers. */
  values(): Float32Array;
}

/** Reads the graph; undefined for bytes that are no ONNX model. */
export function readModelGraph(bytes: Uint8Array): ModelGraph | undefined {
  try {
    const graph = [...fieldsOf(bytes)].find(({ field }) => field === MODEL.graph)?.value;
    return graph && graphOf(graph);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function graphOf(graph: Uint8Array): ModelGraph {
  const nodes: GraphNode[] = [];
  const constants = new Map<string, GraphConstant>();
  const initializers = new Set<string>();
  const inputs: string[] = [];
  const outputs: string[] = [];
  let hasExternalData = false;
  const keep = (tensor: StoredConstant, name: string) => {
    hasExternalData ||= tensor.isExternal;
    if (tensor.constant) constants.set(name, tensor.constant);
  };
  for (const { field, value } of fieldsOf(graph)) {
    if (value === undefined) continue;
    if (field === GRAPH.input) inputs.push(firstText(value));
    else if (field === GRAPH.output) outputs.push(firstText(value));
    else if (field === GRAPH.initializer) {
      const tensor = constantOf(value);
      initializers.add(tensor.name);
      keep(tensor, tensor.name);
    } else if (field === GRAPH.node) {
      const { node, constant } = nodeOf(value);
      nodes.push(node);
      if (constant) keep(constant, node.outputs[0]!);
    }
  }
  // Old files list initializers among the inputs.
  const free = inputs.filter((name) => !initializers.has(name));
  return { nodes, constants, inputs: free, outputs, hasExternalData };
}

function nodeOf(bytes: Uint8Array): { node: GraphNode; constant?: StoredConstant } {
  const inputs: string[] = [];
  const outputs: string[] = [];
  let type = '';
  let constant: StoredConstant | undefined;
  for (const { field, value } of fieldsOf(bytes)) {
    if (field === NODE.input) inputs.push(text(value));
    else if (field === NODE.output) outputs.push(text(value));
    else if (field === NODE.type) type = text(value);
    else if (field === NODE.attribute && type === 'Constant') {
      const tensor = [...fieldsOf(value!)].find((part) => part.field === ATTRIBUTE.tensor)?.value;
      if (tensor) constant = constantOf(tensor);
    }
  }
  return { node: { type, inputs, outputs }, ...(constant && { constant }) };
}

interface StoredConstant {
  readonly name: string;
  /** Present for float32. */
  readonly constant?: GraphConstant;
  readonly isExternal: boolean;
}

function constantOf(bytes: Uint8Array): StoredConstant {
  let name = '';
  let type = 0;
  let isExternal = false;
  const shape: number[] = [];
  let raw: Uint8Array | undefined;
  for (const { field, value, number } of fieldsOf(bytes)) {
    if (field === TENSOR.type) type = number ?? 0;
    else if (field === TENSOR.shape) shape.push(...(value ? varintsOf(value) : [number ?? 0]));
    else if (field === TENSOR.name) name = text(value);
    else if (field === TENSOR.location) isExternal = number === EXTERNAL;
    else if (field === TENSOR.raw || field === TENSOR.floats) raw = value ?? raw;
  }
  const isFloat = type === FLOAT && raw !== undefined && raw.length % 4 === 0;
  const values = () => new Float32Array(Uint8Array.from(raw!).buffer);
  return { name, isExternal, ...(isFloat && { constant: { shape, values } }) };
}

/** Field 1 of a message, which is the name of a ValueInfoProto. */
function firstText(bytes: Uint8Array): string {
  return text([...fieldsOf(bytes)].find(({ field }) => field === 1)?.value);
}

/** Operators that may normalize pixels, or only pass them on. */
const SCALING = new Set(['Sub', 'Div', 'Mul', 'Add', 'BatchNormalization']);
const PASSING = new Set(['Cast', 'Identity', 'Transpose', 'QuantizeLinear', 'DequantizeLinear']);

/** Scale of the pixels that a model takes, as far as its first operators tell. */
export type OwnScale = 'bytes' | 'fractions' | 'none';

/**
 * Tells if a model normalizes its pixels itself, by the operators between its input and its first
 * layer: `none` where there are none, else `bytes` (0 to 255) or `fractions` (0 to 1).
 *
 * A subtracted mean or a divisor above 2 is in units of bytes.
 */
export function ownScale({ nodes, constants }: ModelGraph, input: string): OwnScale {
  let name = input;
  let found: OwnScale = 'none';
  for (let depth = 0; depth < 8; depth++) {
    const node = nodes.find(({ inputs }) => inputs.includes(name));
    if (!node) return found;
    if (SCALING.has(node.type)) {
      const values = node.inputs.flatMap((other) => smallValues(constants.get(other)));
      const isBytes = values.some((value) => Math.abs(value) > 2.01 && node.type !== 'Mul');
      const isTiny = node.type === 'Mul' && values.some((value) => Math.abs(value) < 0.1);
      if (found === 'none') found = isBytes || isTiny ? 'bytes' : 'fractions';
    } else if (node.type === 'Conv' && found === 'none') {
      return foldedScale(node, constants);
    } else if (!PASSING.has(node.type)) return found;
    name = node.outputs[0]!;
  }
  return found;
}

/** Numbers of a constant per channel; none of a larger one. */
function smallValues(constant: GraphConstant | undefined): number[] {
  const count = constant?.shape.reduce((product, size) => product * size, 1) ?? 0;
  return count > 0 && count <= 3 ? [...constant!.values()] : [];
}

/** Correlation from which a mean counts as folded into the first convolution. */
const FOLDED = 0.7;
/** Slope that separates means in 0 to 1 from means in 0 to 255: the geometric mean of 1 and 255. */
const BYTES_SLOPE = 16;

/**
 * Tells if the first convolution subtracts a mean m of colors: its bias is then
 * `b_o = -sum_c m_c sum_ij W_ocij` beside its own, so that the two are correlated over the filters.
 *
 * On SqueezeNet 1.1 with a folded mean the correlation is 0.99998; for filters and biases that are
 * unrelated it is about `1 / sqrt(filters)`.
 */
function foldedScale(
  { inputs }: GraphNode,
  constants: ReadonlyMap<string, GraphConstant>,
): OwnScale {
  const [weight, bias] = [constants.get(inputs[1] ?? ''), constants.get(inputs[2] ?? '')];
  const [filters, channels] = weight?.shape ?? [];
  if (!weight || !bias || !filters || channels !== 3 || bias.shape[0] !== filters) return 'none';
  const W = weight.values();
  const b = bias.values();
  const perChannel = W.length / (filters * 3);
  const expected = b.map((_, o) => {
    let sum = 0;
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < perChannel; i++) {
        sum -= IMAGENET.mean[c]! * W[(o * 3 + c) * perChannel + i]!;
      }
    }
    return sum;
  });
  const { correlation, slope } = fitted(expected, b);
  if (!(correlation >= FOLDED)) return 'none';
  return slope > BYTES_SLOPE ? 'bytes' : 'fractions';
}

/** Pearson's correlation of x and y, and the slope of y over x. */
function fitted(x: Float32Array, y: Float32Array): { correlation: number; slope: number } {
  const mean = (values: Float32Array) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xx, xy, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    xx += (x[i]! - mx) ** 2;
    xy += (x[i]! - mx) * (y[i]! - my);
    yy += (y[i]! - my) ** 2;
  }
  return { correlation: xy / Math.sqrt(xx * yy), slope: xy / xx };
}
