/** The trained encoder of a run, for images that it is given afterwards. */
import { type Features, featuresOf, requireFinite } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { encoderOptions, featureLength, inferenceProgram, type Settings, viewsOf } from '../methods/index.ts';
import type { Engine, Values } from '../runtime/index.ts';
import { type CacheLayout, evaluationBatches } from '../views/index.ts';

export interface EncoderOptions {
  engine: Engine;
  settings: Settings;
  /** Parameters and running statistics by name; others in it are ignored. */
  state: Values;
  batchSize?: number;
}

export interface EmbedOptions {
  /** Which images of the cache, in this order. Default: all. */
  indices?: Uint32Array;
  workers?: number;
  onProgress?(progress: { done: number; total: number }): void;
  signal?: AbortSignal;
}

export interface Encoder {
  /** Length D of the features. */
  readonly dimension: number;
  /** Side of the images that it takes. */
  readonly size: number;
  /** Features [B, D] of exactly `batchSize` images [B, 3, s, s], uint8. */
  run(images: Uint8Array): Promise<Float32Array>;
  /** Features of images of a pixel cache, in order, some rows [b, D] at a time. */
  parts(cache: CacheLayout, options?: EmbedOptions): AsyncGenerator<Float32Array>;
  /** The same, all in memory. */
  embed(cache: CacheLayout, options?: EmbedOptions): Promise<Features>;
  close(): Promise<void>;
}

/** Images per run of the encoder. Part of nothing that is stored: features do not depend on it beyond rounding. */
const BATCH = 128;

/** Compiles the encoder in evaluation mode with a run's weights. */
export async function openEncoder({
  engine,
  settings,
  state,
  batchSize = BATCH,
}: EncoderOptions): Promise<Encoder> {
  const size = settings.imageSize;
  const encoder = encoderOptions(settings);
  const { normalise } = viewsOf(settings);
  const { program, variables } = inferenceProgram({ encoder, normalise, batchSize, size });
  const weights: Values = {};
  for (const { name } of [...variables.parameters(), ...variables.buffers()]) {
    const value = state[name];
    if (!value) {
      throw new LikenessError(
        'encoder.incomplete',
        `the checkpoint has no "${name}"; expected the weights of ${settings.architecture} of width ${settings.width}`,
      );
    }
    weights[name] = value;
  }
  const executable = await engine.compile(program);
  await executable.writeState(weights);
  const dimension = featureLength(encoder);

  async function run(images: Uint8Array): Promise<Float32Array> {
    const { features } = await executable.run({ images });
    return features as Float32Array;
  }
  async function* parts(
    cache: CacheLayout,
    { indices, workers = 1, onProgress, signal }: EmbedOptions = {},
  ): AsyncGenerator<Float32Array> {
    const total = indices?.length ?? cache.widths.length;
    const padded = new Uint8Array(batchSize * 3 * size * size);
    let done = 0;
    for await (const { images, pixels } of evaluationBatches(cache, { size, batchSize, indices, workers })) {
      signal?.throwIfAborted();
      // The last batch is filled up with what was there before: rows do not see each other in evaluation mode.
      padded.set(pixels);
      const features = (await run(padded)).subarray(0, images.length * dimension);
      requireFinite(features, dimension, done);
      done += images.length;
      onProgress?.({ done, total });
      yield features;
    }
  }
  return {
    dimension,
    size,
    run,
    parts,
    async embed(cache, options = {}) {
      const data = new Float32Array((options.indices?.length ?? cache.widths.length) * dimension);
      let at = 0;
      for await (const part of parts(cache, options)) {
        data.set(part, at);
        at += part.length;
      }
      return featuresOf(data, dimension);
    },
    close: () => executable.dispose(),
  };
}
