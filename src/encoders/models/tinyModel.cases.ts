/** Small ONNX models of images, as foreign programs would write them. */
import {
  encodeOnnx,
  type OnnxGraph,
  type OnnxNode,
  onnxTypes,
  Writer,
} from '../../compile/index.ts';
import { fieldsOf } from '../../formats/protobuf.ts';
import type { Pooling } from './modelOutput.ts';
import type { AxisOrder } from './modelSession.ts';

export interface TinyModelOptions {
  /** Form of the output. Default: `none`, features [B, D]. */
  output?: Pooling;
  /** Name of the output. Default: `out`. */
  name?: string;
  order?: AxisOrder;
  /** Side that the model is fixed to. Default: any. */
  size?: number;
  batch?: number;
  /** Operators before the first layer, or a mean in its bias. Default: none. */
  scale?: 'none' | 'divided' | 'fractions' | 'folded' | 'foldedBytes';
  /** States the shape of the output in the file. */
  isStated?: boolean;
  /** Name of the input. Default: `x`. */
  input?: string;
}

/** Dimension of the features. */
export const TINY_DIMENSION = 8;
/** Side of the patches. */
const PATCH = 4;

/** Weights [8, 3, 4, 4] of the first layer, without a sum of 0. */
export const tinyWeights = Float32Array.from(
  { length: TINY_DIMENSION * 3 * PATCH ** 2 },
  (_, i) => Math.sin(0.7 * i) / 4 + 0.03,
);
const MEAN = [0.485, 0.456, 0.406];

const node = (
  type: string,
  inputs: readonly string[],
  output: string,
  attributes: OnnxNode['attributes'] = {},
): OnnxNode => ({ type, inputs, outputs: [output], attributes, domain: '' });

const floats = (name: string, shape: readonly number[], data: Float32Array) => ({
  ...{ name, shape, data, type: onnxTypes.float32 },
});

/** A convolution of patches, then tokens, a map or features. */
export function tinyModel({
  output = 'none',
  name = 'out',
  order = 'nchw',
  size,
  batch,
  scale = 'none',
  isStated = false,
  input = 'x',
}: TinyModelOptions = {}): Uint8Array {
  const side = size ?? 'side';
  const first = batch ?? 'batch';
  const perFilter = tinyWeights.length / TINY_DIMENSION;
  const folded = scale === 'folded' ? 1 : scale === 'foldedBytes' ? 255 : 0;
  const bias = Float32Array.from({ length: TINY_DIMENSION }, (_, o) => {
    let sum = 0.01 * o;
    for (let i = 0; i < perFilter; i++) {
      sum -= folded * MEAN[Math.floor(i / PATCH ** 2)]! * tinyWeights[o * perFilter + i]!;
    }
    return sum;
  });
  const nodes: OnnxNode[] = [];
  let last = input;
  const add = (
    type: string,
    inputs: readonly string[] = [],
    attributes: OnnxNode['attributes'] = {},
    to = `t${nodes.length}`,
  ) => {
    nodes.push(node(type, [last, ...inputs], to, attributes));
    last = to;
  };
  if (order === 'nhwc') add('Transpose', [], { perm: { ints: [0, 3, 1, 2] } });
  if (scale === 'divided') add('Div', ['divisor']);
  if (scale === 'fractions') add('Sub', ['mean']);
  add('Conv', ['weight', 'bias'], { strides: { ints: [PATCH, PATCH] } }); // [B, 8, h, w]
  if (output === 'map') add('Relu', [], {}, name);
  else if (output === 'mapLast') add('Transpose', [], { perm: { ints: [0, 2, 3, 1] } }, name);
  else if (output === 'none') {
    add('GlobalAveragePool');
    add('Flatten', [], { axis: 1 }, name); // [B, 8]
  } else {
    // Tokens, of which the first is the class token where there is one.
    nodes.push(node('Reshape', [last, 'tokens'], 'flat')); // [B, 8, T]
    last = 'flat';
    if (output === 'class') {
      nodes.push(node('ReduceMax', [last, 'lastAxis'], 'best', { keepdims: 1 })); // [B, 8, 1]
      nodes.push(node('Concat', ['best', last], 'all', { axis: 2 }));
      last = 'all';
    }
    add('Transpose', [], { perm: { ints: [0, 2, 1] } }, name); // [B, T, 8]
  }
  const shape = order === 'nchw' ? [first, 3, side, side] : [first, side, side, 3];
  const stated = {
    none: [first, TINY_DIMENSION],
    class: [first, 'tokens', TINY_DIMENSION],
    mean: [first, 'tokens', TINY_DIMENSION],
    map: [first, TINY_DIMENSION, 'h', 'w'],
    mapLast: [first, 'h', 'w', TINY_DIMENSION],
  }[output];
  const graph: OnnxGraph = {
    name: 'tiny',
    nodes,
    constants: [
      floats('weight', [TINY_DIMENSION, 3, PATCH, PATCH], tinyWeights),
      floats('bias', [TINY_DIMENSION], bias),
      floats('divisor', [], Float32Array.of(255)),
      floats('mean', [3, 1, 1], Float32Array.from(MEAN)),
      { name: 'tokens', shape: [3], data: BigInt64Array.of(0n, 8n, -1n), type: onnxTypes.int64 },
      { name: 'lastAxis', shape: [1], data: BigInt64Array.of(2n), type: onnxTypes.int64 },
    ],
    inputs: [{ name: input, shape, dtype: 'float32' }],
    outputs: [{ name, dtype: 'float32', ...(isStated && { shape: stated }) }],
  };
  return encodeOnnx(graph);
}

/** Moves the weights of a model into a file of their own, behind 3 other bytes each. */
export function withExternalWeights(
  bytes: Uint8Array,
  location: string,
): { model: Uint8Array; weights: Uint8Array } {
  const weights: number[] = [];
  const entry = (key: string, value: string) => new Writer().text(1, key).text(2, value).finish();
  const moved = (tensor: Uint8Array) => {
    const out = new Writer();
    for (const { field, value, encoded } of fieldsOf(tensor)) {
      if (field !== 9) {
        out.fields(encoded);
        continue;
      }
      weights.push(1, 2, 3);
      out.raw(13, entry('location', location)).raw(13, entry('offset', String(weights.length)));
      out.raw(13, entry('length', String(value!.length))).integer(14, 1);
      weights.push(...value!);
    }
    return out.finish();
  };
  const model = new Writer();
  for (const part of fieldsOf(bytes)) {
    if (part.field !== 7) model.fields(part.encoded);
    else {
      model.message(7, (graph) => {
        for (const { field, value, encoded } of fieldsOf(part.value!)) {
          if (field === 5) graph.raw(5, moved(value!));
          else graph.fields(encoded);
        }
      });
    }
  }
  return { model: model.finish(), weights: Uint8Array.from(weights) };
}

/** Bits of the nearest half-precision float of a value between 2^-14 and 65504, or of 0. */
function halfBits(value: number): number {
  if (value === 0) return 0;
  const sign = value < 0 ? 0x8000 : 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = Math.round((Math.abs(value) / 2 ** exponent) * 1024);
  return sign + (exponent + 14) * 1024 + fraction;
}

/** The value of the nearest half-precision float, for the same values. */
export function nearestHalf(value: number): number {
  if (value === 0) return 0;
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 10);
  return Math.round(value / unit) * unit;
}

/** The model with its input, its weights and its output in half precision. */
export function inHalfPrecision(bytes: Uint8Array): Uint8Array {
  const HALF = 10;
  const tensor = (message: Uint8Array) => {
    const fields = [...fieldsOf(message)];
    if (!fields.some(({ field, number }) => field === 2 && number === 1)) return message;
    const out = new Writer();
    for (const { field, value, encoded } of fields) {
      if (field === 2) out.integer(2, HALF);
      else if (field === 9) {
        const floats = new Float32Array(Uint8Array.from(value!).buffer);
        out.raw(9, new Uint8Array(Uint16Array.from(floats, halfBits).buffer));
      } else out.fields(encoded);
    }
    return out.finish();
  };
  const port = (message: Uint8Array, path: readonly number[]): Uint8Array => {
    const out = new Writer();
    const [first, ...rest] = path;
    for (const { field, value, encoded } of fieldsOf(message)) {
      if (field !== first) out.fields(encoded);
      else if (rest.length === 0) out.integer(field, HALF);
      else out.raw(field, port(value!, rest));
    }
    return out.finish();
  };
  const model = new Writer();
  for (const part of fieldsOf(bytes)) {
    if (part.field !== 7) {
      model.fields(part.encoded);
      continue;
    }
    model.message(7, (graph) => {
      for (const { field, value, encoded } of fieldsOf(part.value!)) {
        if (field === 5) graph.raw(5, tensor(value!));
        else if (field === 11 || field === 12) graph.raw(field, port(value!, [2, 1, 1]));
        else graph.fields(encoded);
      }
    });
  }
  return model.finish();
}
