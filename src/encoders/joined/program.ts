/**
 * Patch features and features of a trained network, side by side.
 *
 * With the patch features p, the network's features h [F], their whitened principal components n
 * (standardization in the projection, see `whitenedComponents`) and the weight w:
 *
 *     n = normalize((h - mean) P),   feature = [normalize(p), w n]
 *
 * The product of two features is `p · p' + w² n · n'`: both parts are cosines, so that neither
 * decides by its scale.
 */
import type { Engine } from '../../backends/index.ts';
import type { Values } from '../../compile/index.ts';
import { LikenessError } from '../../core/errors.ts';
import type { StoredTensor } from '../../formats/index.ts';
import { encoderOptions, normalizeImages, type Settings, viewsOf } from '../../methods/index.ts';
import { createVariables, encode, type Variables } from '../../nn/index.ts';
import { cast, concat, input, l2Normalize, mul, type Tensor } from '../../tensor/index.ts';
import { encoderOf, type ImageEncoder } from '../encoder.ts';
import { namedTensor } from '../namedTensor.ts';
import { patchFeatures } from '../patches/program.ts';
import { projected } from '../patches/responses.ts';
import { type JoinedSettings, networkSettings, weightOf } from './settings.ts';

/** Tensors of patches (`patches.*`), network (`network.*`) and join (`join.*`) by name. */
export type JoinedTensors = Readonly<Record<string, StoredTensor>>;

/** Prefixes of the tensors of a part. */
export const PATCHES = 'patches.';
export const NETWORK = 'network.';
export const JOIN = 'join.';

export interface JoinedEncoderOptions {
  engine: Engine;
  /** Side S of the evaluation view, in pixels: that of learning. */
  size: number;
  settings: JoinedSettings;
  tensors: JoinedTensors;
  /** Images per run. Default 8. */
  batchSize?: number;
}

/** Images per run: the responses of patches stay in the caches of the processor. */
const BATCH = 8;

/** Tensors of a part, by their names without its prefix. */
export function partOf(tensors: JoinedTensors, prefix: string): Record<string, StoredTensor> {
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
    ),
  );
}

/** Tensors with a prefix before their names. */
export function prefixed(tensors: JoinedTensors, prefix: string): Record<string, StoredTensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]),
  );
}

/** Tensor of a name. @throws LikenessError `encoder.incomplete` */
export const joinedTensor = (tensors: JoinedTensors, name: string) =>
  namedTensor(tensors, name, {
    encoder: 'joined encoder',
    parts: 'those of patch features, of the network, and of the join',
  });

/** Weights of the network by name. */
export function networkState(tensors: JoinedTensors): Values {
  return Object.fromEntries(
    Object.entries(partOf(tensors, NETWORK)).map(([name, { data }]) => [
      name,
      data as Float32Array,
    ]),
  );
}

/** Settings of the trained network. @throws LikenessError `encoder.incomplete` */
export function requireNetwork(settings: JoinedSettings): Settings {
  const network = networkSettings(settings);
  if (network) return network;
  throw new LikenessError(
    'encoder.incomplete',
    'joined encoder: found no settings of its network; expected those of one that was trained. ' +
      'Continue the run with `start(images, { out })`.',
  );
}

/** Builds the features of images [B, 3, S, S], values 0 to 255, over tensors by name. */
export function joinedFeatures(
  images: Tensor,
  { named, variables }: { named: (name: string) => Tensor; variables: Variables },
  settings: JoinedSettings,
): Tensor {
  const network = requireNetwork(settings);
  const own = patchFeatures(images, (name) => named(PATCHES + name), settings.patches); // [B, 2 P]
  const normalized = normalizeImages(images, viewsOf(network).normalize);
  const trained = encode(variables, normalized, encoderOptions(network)); // [B, F]
  const [projection, offset] = [named(`${JOIN}projection`), named(`${JOIN}offset`)];
  const components = projected(trained, projection, offset); // [B, Q]
  const { weight = weightOf(0) } = settings;
  return concat([l2Normalize(own), mul(l2Normalize(components), weight)], 1); // [B, D]
}

/**
 * Opens a joined encoder, one compiled graph of both parts.
 *
 * @throws LikenessError `encoder.incomplete` where a tensor is missing, or the network is not
 * trained yet
 */
export async function joinedEncoder({
  engine,
  size,
  settings,
  tensors,
  batchSize = BATCH,
}: JoinedEncoderOptions): Promise<ImageEncoder> {
  const state: Record<string, Tensor> = {};
  const values: Record<string, Float32Array> = {};
  const named = (name: string) => {
    const { shape, data } = joinedTensor(tensors, name);
    values[name] = data;
    state[name] ??= input(name, shape);
    return state[name];
  };
  const variables = createVariables({ mode: 'evaluate' });
  const images = input('images', [batchSize, 3, size, size], 'uint8');
  const features = joinedFeatures(cast(images, 'float32'), { named, variables }, settings);
  const weights = [...variables.parameters(), ...variables.buffers()];
  const inputs = [...Object.values(state), ...weights.map(({ tensor }) => tensor)];
  const executable = await engine.compile({
    outputs: { features },
    state: inputs.map((current) => ({ current })),
    name: 'joined features',
  });
  for (const { name } of weights) values[name] = joinedTensor(tensors, NETWORK + name).data;
  await executable.writeState(values as Values);
  return encoderOf({
    ...{ id: 'joined', title: JOINED_TITLE, protocol: describe(settings) },
    ...{ dimension: features.shape[1]!, size, batchSize },
    async run(pixels) {
      const found = await executable.run({ images: pixels });
      return found.features as Float32Array; // [B, D]
    },
    close: () => executable.dispose(),
  });
}

export const JOINED_TITLE = 'joined features';

/** Sentence on how the features are made. */
function describe(settings: JoinedSettings): string {
  const { method, network, weight = weightOf(0) } = settings;
  return (
    `patch features beside whitened principal components of a network, weight ${weight}, that ` +
    `${method} trained for ${Number((network?.epochs ?? 0).toFixed(1))} epochs`
  );
}
