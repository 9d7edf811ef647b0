/** An imported model that is trained further: its network, its input, and its file afterwards. */
import { Writer } from '../../compile/index.ts';
import { LikenessError } from '../../core/errors.ts';
import {
  bytesOf,
  fieldsOf,
  type OnnxModelNode,
  readOnnx,
  type Tensors,
} from '../../formats/index.ts';
import type { Normalization } from '../../methods/index.ts';
import { IMPORTED_PREFIX, type ImportedNetwork, NAMING, registerNetwork } from '../../nn/index.ts';
import type { ImageInput } from './imageInput.ts';
import { MODEL_TENSOR, type ModelSettings } from './onnxModel.ts';
import { runtimeTypesOf } from './runtimeTypes.ts';

/**
 * Makes the network of a model known to the settings that name it by its hash.
 *
 * @throws LikenessError `onnx.*`, `graph.input`
 */
export function registerModel(settings: ModelSettings, tensors: Tensors): void {
  registerNetwork(settings.sha256, networkOf(settings, tensors));
}

function networkOf({ output, input }: ModelSettings, tensors: Tensors): ImportedNetwork {
  const model = readOnnx(tensors[MODEL_TENSOR]!.data as Uint8Array);
  return { model, output, channels: input.channels };
}

/**
 * Lets operators without a gradient run as they are, below what is trained. The model is run on
 * images of each side for the types of what they make, where it has such operators.
 *
 * @param sides of all images that the network will read, in pixels
 * @throws LikenessError `graph.operator` where the model cannot run on such images
 */
export async function registerRuntimeTypes(
  settings: ModelSettings,
  tensors: Tensors,
  sides: readonly number[],
): Promise<void> {
  const network = networkOf(settings, tensors);
  const { model, output } = network;
  const bytes = tensors[MODEL_TENSOR]!.data as Uint8Array;
  const runtimeTypes = await runtimeTypesOf(bytes, { model, output: output.name, sides });
  if (runtimeTypes) registerNetwork(settings.sha256, { ...network, runtimeTypes });
}

/**
 * Mean and deviation of colors in 0 to 1, in RGB, that give the numbers which a model takes:
 * `(255 x scale - mean) / std = (x - mean / (255 scale)) / (std / (255 scale))`.
 */
export function normalizationOf({ channels, scale, mean, std }: ImageInput): Normalization {
  const [m, s] = channels === 'rgb' ? [mean, std] : [mean.toReversed(), std.toReversed()];
  const scaled = (values: readonly number[]) =>
    values.map((value) => value / (255 * scale)) as [number, number, number];
  return { mean: scaled(m), std: scaled(s) };
}

const GRAPH = 7;
const FIELD = { node: 1, initializer: 5 } as const;
const NODE = { output: 2, type: 4 } as const;
const TENSOR = { shape: 1, type: 2, name: 8, raw: 9 } as const;
const FLOAT = 1;

/**
 * The bytes of a model with other weights, float32.
 *
 * Weights that the file has as initializers are replaced. Those that it has as nodes (constants,
 * further names of a weight, and whole numbers with a scale) become initializers in their place.
 * Initializers that such nodes alone have read are left out.
 *
 * @param state values by names with the prefix of an imported network; others are left out
 * @throws LikenessError `encoder.incomplete` for a value that the file has no weight for
 */
export function withWeights(
  bytes: Uint8Array,
  state: Readonly<Record<string, Float32Array>>,
): Uint8Array {
  const { initializers, nodes, outputs } = readOnnx(bytes);
  const values = new Map(
    Object.entries(state)
      .filter(([name]) => name.startsWith(IMPORTED_PREFIX))
      .map(([name, data]) => [name.slice(IMPORTED_PREFIX.length), data]),
  );
  const shapes = new Map<string, readonly number[]>();
  for (const [name, { shape }] of initializers) shapes.set(name, shape);
  for (const { type, inputs, outputs, attributes } of nodes) {
    const stored = attributes.get('value')?.tensor?.shape;
    const shape = type === 'Constant' ? stored : NAMING.has(type) && shapes.get(inputs[0]!);
    if (shape) shapes.set(outputs[0]!, shape);
  }
  for (const [name, data] of values) {
    const shape = shapes.get(name);
    if (shape && shape.reduce((a, b) => a * b, 1) === data.length) continue;
    throw new LikenessError(
      'encoder.incomplete',
      `the checkpoint has "${IMPORTED_PREFIX}${name}" of ${data.length} values; expected a weight ` +
        'of the model. Restore the run.',
    );
  }
  const isReplaced = (node: OnnxModelNode) => NAMING.has(node.type) && values.has(node.outputs[0]!);
  const read = new Set([
    ...nodes.flatMap((node) => (isReplaced(node) ? [] : node.inputs)),
    ...outputs.map(({ name }) => name),
  ]);
  const unread = new Set(
    nodes.filter(isReplaced).flatMap(({ inputs }) => inputs.filter((name) => !read.has(name))),
  );
  const writer = new Writer();
  for (const { field, value, number } of fieldsOf(bytes)) {
    if (field === GRAPH && value) writer.raw(GRAPH, graphWith(value, { values, shapes, unread }));
    else if (value) writer.raw(field, value);
    else if (number !== undefined) writer.integer(field, number);
  }
  return writer.finish();
}

interface Replaced {
  values: ReadonlyMap<string, Float32Array>;
  shapes: ReadonlyMap<string, readonly number[]>;
  /** Weights that nothing reads any more. */
  unread: ReadonlySet<string>;
}

/** A graph's message without what is replaced, and with the new weights behind. */
function graphWith(graph: Uint8Array, { values, shapes, unread }: Replaced): Uint8Array {
  const decoder = new TextDecoder();
  const textOf = (message: Uint8Array, wanted: number) =>
    decoder.decode([...fieldsOf(message)].find(({ field }) => field === wanted)?.value);
  const isReplaced = (field: number, message: Uint8Array) => {
    if (field === FIELD.initializer) {
      const name = textOf(message, TENSOR.name);
      return values.has(name) || unread.has(name);
    }
    if (field !== FIELD.node || !values.has(textOf(message, NODE.output))) return false;
    return NAMING.has(textOf(message, NODE.type));
  };
  const writer = new Writer();
  for (const { field, value, number } of fieldsOf(graph)) {
    if (value && !isReplaced(field, value)) writer.raw(field, value);
    else if (number !== undefined) writer.integer(field, number);
  }
  for (const [name, data] of values) {
    writer.message(FIELD.initializer, (tensor) => {
      for (const extent of shapes.get(name)!) tensor.integer(TENSOR.shape, extent);
      tensor.integer(TENSOR.type, FLOAT).text(TENSOR.name, name).raw(TENSOR.raw, bytesOf(data));
    });
  }
  return writer.finish();
}
