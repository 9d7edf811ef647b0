/** A run's encoder whose features are stored in the cache folder, for every later command. */
import { type Engine, runtimeVersion } from '../backends/index.ts';
import { version } from '../core/version.ts';
import { type ImageEncoder, withStoredFeatures } from '../encoders/index.ts';
import type { Tensors } from '../formats/index.ts';
import { checksumOf } from './tensorFile.ts';

/** Most bytes of the features of a set of images: 350,000 images by patch features. */
const MAX_BYTES = 2 ** 29;

export interface OpenEncoderOptions {
  engine: Engine;
  batchSize?: number;
}

/** Everything that the features of an encoder depend on, besides threads and versions. */
export interface EncoderIdentity {
  /** Name of the encoder in the list of caches. */
  readonly model: string;
  readonly settings: object;
  readonly tensors: Tensors;
}

/**
 * Returns a function that opens an encoder and stores its features by content of weights and
 * pixels, so that evaluating, clustering and embedding the same images embeds them once.
 *
 * Features are the same bytes as without this. An encoder that is opened with a batch size of its
 * own takes no part, because its features differ by rounding.
 */
export function storingEncoder(
  { model, settings, tensors }: EncoderIdentity,
  open: (options: OpenEncoderOptions) => Promise<ImageEncoder>,
): (options: OpenEncoderOptions) => Promise<ImageEncoder> {
  let weights: string | undefined;
  return async (options) => {
    const encoder = await open(options);
    if (options.batchSize !== undefined) return encoder;
    weights ??= checksumOf(tensors);
    const { threads } = options.engine;
    const key = { version, runtimeVersion, threads, weights, settings };
    return withStoredFeatures(encoder, { key, model, maxBytes: MAX_BYTES });
  };
}
