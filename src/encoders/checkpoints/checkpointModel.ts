/** Turns a checkpoint of PyTorch into a model that runs in ONNX Runtime. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { encodeOnnx, standardLowering, type Values } from '../../compile/index.ts';
import { LikenessError } from '../../core/errors.ts';
import { displayPath, plural } from '../../core/text.ts';
import type { Tensors } from '../../formats/index.ts';
import {
  createVariables,
  type EncoderOptions,
  encode,
  featureLength,
  type Stem,
} from '../../nn/index.ts';
import { input } from '../../tensor/index.ts';
import { EXPORT_INPUT, frozenVariables } from '../exportEncoder.ts';
import { EXPORT_OUTPUT } from '../exportMetadata.ts';
import { MODEL_TENSOR, type ModelSettings } from '../models/onnxModel.ts';
import { type Backbone, colorsOf, findBackbone, networkOf } from './layouts.ts';
import { openCheckpoint } from './openCheckpoint.ts';

export interface CheckpointOptions {
  /** Side of the images, in pixels. Default 224, or 32 where the first convolution is 3 x 3. */
  size?: number;
  /** Shorter side before cropping, in pixels. Default: `size` / 0.875, as in ImageNet's recipes. */
  resize?: number;
  /** First layers, where a 3 x 3 convolution does not tell its stride. Default `cifar`: 1. */
  stem?: Stem;
  /** Mean and deviation of colors from 0 to 1. Default: those of the code with such names. */
  mean?: readonly [number, number, number];
  std?: readonly [number, number, number];
}

/** A model that was made of a checkpoint. */
export interface CheckpointModel {
  readonly settings: ModelSettings;
  readonly tensors: Tensors;
  /** Architecture, such as `resnet50 of width 64`. */
  readonly network: string;
  /** Place of its weights in the file, empty for the outermost names. */
  readonly place: string;
  /** Number of tensors that are used. */
  readonly used: number;
  /** Tensors that are not, by the first part of their names: heads, prototypes, queues. */
  readonly left: Readonly<Record<string, number>>;
  /** Sentences that tell what was found and what was assumed. */
  readonly notes: readonly string[];
}

/** Images that CIFAR's first layers take. */
const SMALL_SIZE = 32;
const USUAL_SIZE = 224;
/** Share of the resized side that ImageNet's recipes crop. */
const CROPPED = 0.875;
/** Smallest image that is resized to more than it is cropped to. */
const CROPPED_FROM = 128;

/**
 * Reads the network of a checkpoint: official files of SwAV, DeepCluster, DeepCluster-v2, PCL,
 * HCSC, MoCo and Contrastive Clustering, and ResNets of torchvision and timm.
 *
 * @throws LikenessError `import.layout`, `import.incomplete` for missing or misshapen weights,
 * `import.missing`, `import.format`, `torch.*`, `safetensors.*`
 */
export async function checkpointModel(
  file: string,
  options: CheckpointOptions = {},
): Promise<CheckpointModel> {
  const shown = displayPath(file);
  const { dictionaries, holds, close } = await openCheckpoint(file);
  try {
    const backbone = findBackbone(dictionaries, shown, holds);
    const network = networkOf(backbone, shown, options.stem);
    const { encoder, title } = network;
    const isSmall = encoder.stem === 'cifar' || encoder.stem === 'small';
    const size = options.size ?? network.size ?? (isSmall ? SMALL_SIZE : USUAL_SIZE);
    const state = await weightsOf(backbone, { encoder, size, shown });
    const onnx = modelOf({ encoder, size, state });
    const colors = colorsOf(backbone);
    const { mean = colors.mean, std = colors.std } = options;
    const resize = options.resize ?? (size < CROPPED_FROM ? size : Math.round(size / CROPPED));
    const name = basename(file).replace(/(\.(pth|pt|tar|bin|safetensors))+$/i, '');
    const settings: ModelSettings = {
      model: name || basename(file),
      sha256: createHash('sha256').update(onnx).digest('hex'),
      input: {
        ...{ size, resize: Math.max(size, resize), fit: 'crop', channels: 'rgb', scale: 1 / 255 },
        mean: [...mean],
        std: [...std],
      },
      output: { name: EXPORT_OUTPUT, pooling: 'none' },
      dimension: featureLength(encoder),
    };
    const left = Object.fromEntries(backbone.others);
    return {
      settings,
      tensors: { [MODEL_TENSOR]: { dtype: 'uint8', shape: [onnx.length], data: onnx } },
      ...{ network: title, place: backbone.place, used: Object.keys(state).length, left },
      notes: notesOn({ title, backbone, size, isSmall, options, colors: colors.from }),
    };
  } finally {
    await close();
  }
}

interface Wanted {
  encoder: EncoderOptions;
  size: number;
  /** Path of the file, for errors. */
  shown: string;
}

/** Reads every weight of the network, all of whose shapes are compared first. */
async function weightsOf(
  { weights }: Backbone,
  { encoder, size, shown }: Wanted,
): Promise<Record<string, Float32Array>> {
  const variables = createVariables({ mode: 'evaluate' });
  encode(variables, input('x', [1, 3, size, size]), encoder);
  const wanted = [...variables.parameters(), ...variables.buffers()];
  const missing = wanted.filter(({ name }) => !weights.has(name)).map(({ name }) => name);
  if (missing.length > 0) throw incomplete(shown, missing);
  for (const { name, tensor } of wanted) {
    const { shape } = weights.get(name)!;
    if (String(shape) === String(tensor.shape)) continue;
    throw new LikenessError(
      'import.incomplete',
      `${shown}: ${JSON.stringify(name)} has the shape [${shape.join(', ')}]; expected ` +
        `[${tensor.shape.join(', ')}] in this network for images of ${size} px`,
    );
  }
  const state: Record<string, Float32Array> = {};
  for (const { name } of wanted) {
    const values = await weights.get(name)!.read();
    if (!values.every(Number.isFinite)) {
      throw new LikenessError(
        'import.incomplete',
        `${shown}: ${JSON.stringify(name)} has values that are not finite. Get the file again.`,
      );
    }
    state[name] = values;
  }
  return state;
}

/** Most names that an error lists. */
const LISTED = 5;

function incomplete(shown: string, missing: readonly string[]): LikenessError {
  const names = missing.slice(0, LISTED).map((name) => JSON.stringify(name));
  const more = missing.length > LISTED ? ` and ${missing.length - LISTED} more` : '';
  return new LikenessError(
    'import.incomplete',
    `${shown} lacks ${names.join(', ')}${more}; expected every weight and running statistic of ` +
      'the network. A file of another element type than float16, bfloat16, float32 or float64 ' +
      'has to be converted first.',
  );
}

/** ONNX model from normalized images [batch, 3, s, s] to features [batch, D]. */
function modelOf({
  encoder,
  size,
  state,
}: {
  encoder: EncoderOptions;
  size: number;
  state: Values;
}): Uint8Array {
  const images = input(EXPORT_INPUT, [1, 3, size, size]);
  const features = encode(frozenVariables(state), images, encoder); // [batch, D]
  const graph = standardLowering.lower(
    { [EXPORT_OUTPUT]: features },
    { name: 'encoder', dynamicBatch: 'batch' },
  );
  return encodeOnnx(graph);
}

interface Noted {
  title: string;
  backbone: Backbone;
  size: number;
  isSmall: boolean;
  options: CheckpointOptions;
  /** Origin of mean and deviation. */
  colors: string;
}

function notesOn({ title, backbone, size, isSmall, options, colors }: Noted): string[] {
  const { place, others } = backbone;
  const where = place === '' ? '' : ` under ${JSON.stringify(place)}`;
  const left = [...others].map(([name, count]) => `${name} (${plural(count, 'tensor')})`);
  return [
    `${title}${where}, for images of ${size} px`,
    ...(left.length > 0 ? [`Not used: ${left.join(', ')}.`] : []),
    ...(isSmall && options.stem === undefined
      ? ['Nothing tells the stride of the first convolution; 1 is taken. `stem` sets it.']
      : []),
    ...(options.mean === undefined && options.std === undefined
      ? [`Mean and deviation of colors: ${colors}. \`mean\` and \`std\` set others.`]
      : []),
  ];
}
