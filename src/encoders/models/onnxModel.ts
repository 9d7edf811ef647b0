/** An imported ONNX model as an encoder: its settings, and the encoder itself. */
import { z } from 'zod';
import type { Engine } from '../../backends/index.ts';
import { LikenessError } from '../../core/errors.ts';
import type { Tensors } from '../../formats/index.ts';
import { encoderOf, type ImageEncoder } from '../encoder.ts';
import { type HubSource, hubSource, parseHubId, showHubId } from '../hub/index.ts';
import { withStoredFeatures } from '../storedFeatures.ts';
import { imageInput, viewOf } from './imageInput.ts';
import { pooled, poolings } from './modelOutput.ts';
import { openModelSession } from './modelSession.ts';

/** Settings of an imported model; all are found when it is opened first. */
export const modelSettings = z.strictObject({
  /** Name of the file, or of the folder that it lies in. */
  model: z.string(),
  /** SHA-256 of the model as it runs: one file, in float32. */
  sha256: z.string(),
  /**
   * SHA-256 of every file that was read: the model, its weights, and those that describe its input,
   * relative to the folder of the model. Absent in runs of before, and of imported checkpoints.
   */
  files: z.array(z.strictObject({ file: z.string(), sha256: z.string() })).optional(),
  input: imageInput,
  output: z.strictObject({ name: z.string(), pooling: z.enum(poolings) }),
  /** Dimension D of the features. */
  dimension: z.int().min(1),
  /** Origin of a model of the hub. */
  hub: hubSource.optional(),
});
export type ModelSettings = z.output<typeof modelSettings>;

/** Name of the tensor that holds the bytes of the ONNX file. */
export const MODEL_TENSOR = 'model';
/** Images per run where the model takes any number. */
const BATCH = 16;

export interface OpenModelOptions {
  /** Its threads are those of the model. */
  engine: Pick<Engine, 'threads'>;
  settings: ModelSettings;
  tensors: Tensors;
  batchSize?: number;
}

/** Everything that the features of a model depend on, but for the images. */
export function modelKey({ sha256, input, output }: ModelSettings): object {
  return { kind: 'model', sha256, input, output };
}

/**
 * Opens the model with the threads of the engine. Features are stored beside the decoded images and
 * read again.
 *
 * @throws LikenessError `encoder.*`
 */
export async function onnxModel({
  engine,
  settings,
  tensors,
  batchSize = BATCH,
}: OpenModelOptions): Promise<ImageEncoder> {
  const { model, input, output, dimension } = settings;
  const stored = tensors[MODEL_TENSOR];
  if (stored?.dtype !== 'uint8') {
    throw new LikenessError(
      'encoder.incomplete',
      `the run holds no model; expected the bytes of ${model}. Make the run again.`,
    );
  }
  const session = await openModelSession(stored.data as Uint8Array, {
    file: model,
    threads: engine.threads,
  });
  // A model that is fixed to a batch runs as often as a batch of ours needs.
  const perRun = session.input.batch ?? batchSize;
  const bytesPerRun = perRun * 3 * input.size ** 2;
  const perCall = perRun * Math.ceil(batchSize / perRun);
  const encoder = encoderOf({
    ...{ id: 'model', title: model, dimension },
    protocol: `${model}, output ${output.name}${POOLED_BY[output.pooling]}`,
    ...viewOf(input),
    batchSize: perCall,
    async run(pixels) {
      const features = new Float32Array((pixels.length / bytesPerRun) * perRun * dimension);
      for (let at = 0; at * bytesPerRun < pixels.length; at++) {
        const part = pixels.subarray(at * bytesPerRun, (at + 1) * bytesPerRun);
        const { data, shape } = await session.run(part, input, output.name);
        features.set(pooled(data, shape, output.pooling), at * perRun * dimension);
      }
      return features; // [B, D]
    },
    close: () => session.close(),
  });
  const bytes = (perCall * bytesPerRun) / perRun;
  const anyNumber = {
    ...encoder,
    /** Takes any number of views. */
    async embedViews(pixels: Uint8Array) {
      if (pixels.length <= bytes) return encoder.embedViews(pixels);
      const parts: Float32Array[] = [];
      for (let start = 0; start < pixels.length; start += bytes) {
        parts.push(await encoder.embedViews(pixels.subarray(start, start + bytes)));
      }
      return concatenated(parts);
    },
  };
  return withStoredFeatures(anyNumber, { key: modelKey(settings), model });
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Pooling in words. */
export const POOLED_BY: Readonly<Record<ModelSettings['output']['pooling'], string>> = {
  none: '',
  class: ', its class token',
  mean: ', mean of its tokens',
  map: ', mean of its map',
  mapLast: ', mean of its map',
};

/** Settings in words, by name in camel case. */
export function modelFacts(settings: ModelSettings): Readonly<Record<string, string | number>> {
  const { model, sha256, input, output, dimension, hub } = settings;
  const { size, resize, fit, kernel, channels, scale, mean, std } = input;
  const sides = fit === 'crop' ? 'shorter side' : 'both sides';
  const order = channels.toUpperCase();
  const factor = Number(scale.toPrecision(4));
  return {
    model,
    images: `${sides} to ${resize} px${kernel ? `, ${kernel}` : ''}, central square of ${size} px`,
    colors: `${order}, (byte x ${factor} - ${mean.join(', ')}) / ${std.join(', ')}`,
    output: `${output.name}${POOLED_BY[output.pooling]}`,
    dimension,
    sha256,
    ...(hub && { origin: pinnedHubId(hub), license: hub.license ?? 'not stated' }),
  };
}

/** Id of the very file that a run was made with, which names the same bytes for ever. */
export function pinnedHubId({ id, commit, file }: HubSource): string {
  return showHubId({ repo: parseHubId(id).repo, revision: commit, file });
}
