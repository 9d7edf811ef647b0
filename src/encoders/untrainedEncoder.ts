/**
 * The encoder before its first step, a baseline of its architecture and random weights alone.
 *
 * The weights are those that the run started from (same settings, same seed). Its initial running
 * statistics, mean 0 and variance 1, would make the baseline needlessly poor in evaluation mode.
 * They are measured on evaluation views of the same images, and no weight is changed.
 *
 * `running_t = (1 - m) running_(t-1) + m batch_t` from `running_0`. The rest of the start after T
 * batches, `(1 - m)^T running_0`, is subtracted and the remainder divided by `1 - (1 - m)^T`: a
 * weighted mean of batches alone.
 */
import type { Engine } from '../backends/index.ts';
import { distinctRows } from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { type Reporter, reporterOf } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import {
  encoderOptions,
  initialEncoderState,
  methodHead,
  normalizeImages,
  type Settings,
  viewsOf,
} from '../methods/index.ts';
import { createVariables, encode, IMPORTED } from '../nn/index.ts';
import { input, mean } from '../tensor/index.ts';
import { type EvaluationSpec, evaluationBatches } from '../views/index.ts';
import type { NetworkEncoder, PixelSet } from './encoder.ts';
import { trainedEncoder } from './trainedEncoder.ts';

export interface UntrainedOptions {
  engine: Engine;
  settings: Settings;
  /** Images whose statistics are measured. */
  images: PixelSet;
  /** Origin of the weights, in words. Default: the start of the run with these settings. */
  origin?: string;
  /** Name of the model that the run trains further. */
  model?: string | undefined;
  /** Evaluation view, where it is another than the central square. */
  view?: EvaluationSpec | undefined;
  reporter?: Reporter;
}

/** Most images that statistics are measured on, and images per batch. */
const MAX_IMAGES = 2560;
const BATCH = 128;
/** The layers' momentum m. */
const MOMENTUM = 0.1;

/** Title of a network of random weights. */
export const UNTRAINED = 'untrained encoder';

const OWN_START = 'the weights that the run started from (its settings and seed)';

const RANDOM_STEM =
  'the weights that the run started from (its settings and seed), with random first filters';

/**
 * Settings of a network whose weights are all random: the baseline learns nothing from the images.
 */
function withRandomStem(settings: Settings): Settings {
  return { ...settings, encoder: { ...settings.encoder, stemStart: 'random' } };
}

/** Opens the encoder that a run started from, with running statistics measured on the images. */
export async function untrainedEncoder(options: UntrainedOptions): Promise<NetworkEncoder> {
  const { engine, settings, reporter } = options;
  if (settings.encoder.architecture === IMPORTED) return pretrainedEncoder(options);
  reporter?.progress({ stage: 'untrained', text: 'preparing the untrained encoder' });
  const state = await untrainedState(options);
  const isLearned = settings.encoder.stemStart !== 'random';
  const origin = options.origin ?? (isLearned ? RANDOM_STEM : OWN_START);
  const protocol = `${origin}, running statistics measured on these images' evaluation views`;
  const about = { id: 'untrained', title: UNTRAINED, protocol };
  return trainedEncoder({ engine, settings, state, ...about });
}

/** Opens the model that a run has trained further, as it was before. */
function pretrainedEncoder(options: UntrainedOptions): Promise<NetworkEncoder> {
  const { engine, settings, model = 'model', view } = options;
  const state = initialEncoderState(settings);
  const protocol = 'the model before the run trained it further';
  const about = { id: 'untrained', title: `${model} before training`, protocol };
  return trainedEncoder({ engine, settings, state, ...about, view });
}

/** Values of encoder and heads before the first step, with measured running statistics. */
export async function untrainedState({
  engine,
  settings: given,
  images: { cache, indices = Uint32Array.from(cache.widths.keys()) },
  reporter = reporterOf(),
}: UntrainedOptions): Promise<Record<string, Float32Array>> {
  const settings = withRandomStem(given);
  const initial = initialEncoderState(settings, settings.run.seed);
  const batchSize = Math.min(BATCH, indices.length);
  // Images are drawn, because a part of a source may be of one kind; whole batches only.
  const count = Math.floor(Math.min(MAX_IMAGES, indices.length) / batchSize) * batchSize;
  const drawn = distinctRows(
    indices.length,
    count,
    randomAt(settings.run.seed, 'untrainedStatistics'),
  );
  const size = settings.data.imageSize;

  const variables = createVariables({ mode: 'train' });
  const images = input('images', [batchSize, 3, size, size], 'uint8');
  const pixels = normalizeImages(images, viewsOf(settings).normalize); // [B, 3, s, s]
  const features = encode(variables, pixels, encoderOptions(settings)); // [B, F]
  const z = methodHead(settings).project(variables, features); // [B, D]
  const buffers = variables.buffers();
  const executable = await engine.compile({
    outputs: { z: mean(z) },
    state: [
      ...variables.parameters().map(({ tensor }) => ({ current: tensor })),
      ...buffers.map(({ tensor, next }) => ({ current: tensor, next })),
    ],
    name: 'running statistics',
  });
  try {
    const names = [...variables.parameters(), ...buffers].map(({ name }) => name);
    await executable.writeState(
      Object.fromEntries(names.map((name) => [name, initial[name]!])) as Values,
    );
    let batches = 0;
    const onProgress = beginStage(reporter, {
      ...{ stage: 'untrained', text: 'statistics of the untrained encoder', unit: 'image' },
      total: count,
    });
    const chosen = Uint32Array.from(drawn, (i) => indices[i]!);
    for await (const batch of evaluationBatches(cache, { size, batchSize, indices: chosen })) {
      reporter.signal.throwIfAborted();
      await executable.run({ images: batch.pixels });
      batches++;
      onProgress(batches * batchSize);
    }
    const rest = (1 - MOMENTUM) ** batches;
    const measured = await executable.readState(buffers.map(({ name }) => name));
    const state = { ...initial };
    for (const [name, values] of Object.entries(measured)) {
      const start = initial[name]!;
      state[name] = Float32Array.from(
        values,
        (value, i) => (value - rest * start[i]!) / (1 - rest),
      );
    }
    return state;
  } finally {
    await executable.dispose();
  }
}
