/** The compiled graph of a patch encoder: to pooled responses, or to features. */
import type { Engine } from '../../backends/index.ts';
import type { Values } from '../../compile/index.ts';
import type { StoredTensor } from '../../formats/index.ts';
import { cast, input, type Tensor } from '../../tensor/index.ts';
import { encoderOf, type ImageEncoder } from '../encoder.ts';
import { namedTensor } from '../namedTensor.ts';
import { withMemory } from './memory.ts';
import { pooledResponses, projected } from './responses.ts';
import { type PatchSettings, patchGeometry } from './settings.ts';

/** Learned tensors by name: filters, biases, projection, offset and memory. */
export type PatchTensors = Readonly<Record<string, StoredTensor>>;

export interface PatchEncoderOptions {
  engine: Engine;
  /** Side S of the evaluation view, in pixels: that of learning. */
  size: number;
  settings: PatchSettings;
  tensors: PatchTensors;
  /** Images per run. Default 128. */
  batchSize?: number;
}

/** Images per run: their responses stay in the caches of the processor. */
const BATCH = 8;

/** Output of the graph: pooled responses [B, F], components [B, P], or features [B, 2 P]. */
export type PatchOutput = 'responses' | 'components' | 'features';

/** Opens an encoder of an intermediate output. */
export function openPatchPart(
  options: PatchEncoderOptions,
  output: Exclude<PatchOutput, 'features'>,
): Promise<ImageEncoder> {
  return open(options, { id: `patches.${output}`, title: `patch ${output}`, output });
}

/**
 * Opens a patch encoder.
 *
 * @throws LikenessError `encoder.incomplete` where a tensor is missing.
 */
export function patchEncoder(options: PatchEncoderOptions): Promise<ImageEncoder> {
  return open(options, { id: 'patches', title: 'patch features', output: 'features' });
}

/** Builds the output of images [B, 3, S, S], values 0 to 255, over tensors by name. */
export function patchFeatures(
  images: Tensor,
  named: (name: string) => Tensor,
  settings: PatchSettings,
  output: PatchOutput = 'features',
): Tensor {
  const bank = (part: string) => ({
    filters: named(`${part}.filters`),
    bias: named(`${part}.bias`),
  });
  const pooled = pooledResponses(
    images,
    { color: bank('color'), gray: bank('gray') },
    { ...settings, ...patchGeometry(settings, images.shape[3]!) },
  ); // [B, F]
  if (output === 'responses') return pooled;
  const components = projected(pooled, named('projection'), named('offset')); // [B, P]
  if (output === 'components') return components;
  return withMemory(
    components,
    { keys: named('memory.keys'), values: named('memory.values') },
    settings,
  );
}

/** Tensor of a name. @throws LikenessError `encoder.incomplete` */
export const tensorNamed = (tensors: PatchTensors, name: string) =>
  namedTensor(tensors, name, {
    encoder: 'patch encoder',
    parts: 'filters and biases of color and gray patches, a projection, an offset and a memory',
  });

async function open(
  { engine, size, settings, tensors, batchSize = BATCH }: PatchEncoderOptions,
  { output, ...about }: { id: string; title: string; output: PatchOutput },
): Promise<ImageEncoder> {
  const state: Record<string, Tensor> = {};
  const values: Record<string, Float32Array> = {};
  const named = (name: string) => {
    const { shape, data } = tensorNamed(tensors, name);
    values[name] = data;
    state[name] ??= input(name, shape);
    return state[name];
  };
  const images = input('images', [batchSize, 3, size, size], 'uint8');
  const features = patchFeatures(cast(images, 'float32'), named, settings, output);
  const executable = await engine.compile({
    outputs: { features },
    state: Object.values(state).map((current) => ({ current })),
    name: about.title,
  });
  await executable.writeState(values as Values);
  return encoderOf({
    ...about,
    protocol: describe(settings, size),
    dimension: features.shape[1]!,
    size,
    batchSize,
    async run(pixels) {
      const found = await executable.run({ images: pixels });
      return found.features as Float32Array; // [B, D]
    },
    close: () => executable.dispose(),
  });
}

/** Sentence on how the features are made. */
function describe(settings: PatchSettings, size: number): string {
  const { side, stride } = patchGeometry(settings, size);
  const { colorFilters, grayFilters, pyramid } = settings;
  return (
    `${colorFilters} color and ${grayFilters} gray filters on whitened patches of ${side} x ${side} pixels ` +
    `at every ${stride === 1 ? 'position' : `${stride} pixels`} of ${size} x ${size}, averaged in grids of ${pyramid.join(', ')} cells a side, whitened principal components, beside the average of similar images`
  );
}
