/**
 * The encoder before its first step, as a baseline: what the architecture and the random weights give by themselves.
 *
 * The weights are those that the run started from (same settings, same seed). Their running statistics are not: mean 0
 * and variance 1 were never measured, and in evaluation mode they would make the baseline needlessly poor. So
 * statistics are measured on evaluation views of the same images, and no weight is changed.
 *
 * `running_t = (1 - m) running_(t-1) + m batch_t` from `running_0`; what is left of the start after T batches,
 * `(1 - m)^T running_0`, is taken out and the rest divided by `1 - (1 - m)^T`: a weighted mean of batches alone.
 */
import { distinctRows } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import {
  encoderOptions,
  methodHead,
  methodProgram,
  normaliseImages,
  type Settings,
  viewsOf,
} from '../methods/index.ts';
import { createVariables, encode } from '../nn/index.ts';
import type { Engine, Values } from '../runtime/index.ts';
import { input, mean } from '../tensor/index.ts';
import { type CacheLayout, evaluationBatches } from '../views/index.ts';

export interface UntrainedOptions {
  engine: Engine;
  settings: Settings;
  cache: CacheLayout;
  /** Images whose statistics are measured. Default: all. */
  indices?: Uint32Array;
  signal?: AbortSignal;
}

/** Images looked at, and images per batch. */
const IMAGES = 2560;
const BATCH = 128;
/** The layers' momentum m. */
const MOMENTUM = 0.1;

/** The whole state that a run with these settings starts from, with measured running statistics. */
export async function untrainedState({
  engine,
  settings,
  cache,
  indices = Uint32Array.from(cache.widths.keys()),
  signal,
}: UntrainedOptions): Promise<Record<string, Float32Array>> {
  const initial = methodProgram(settings, { images: indices.length }).initialState(settings.seed);
  const batchSize = Math.min(BATCH, indices.length);
  // Any part of a source may be of one kind, so images are drawn; whole batches only.
  const taken = Math.floor(Math.min(IMAGES, indices.length) / batchSize) * batchSize;
  const drawn = distinctRows(indices.length, taken, randomAt(settings.seed, 'sample', 0, 0, 6));
  const size = settings.imageSize;

  const variables = createVariables({ mode: 'train' });
  const images = input('images', [batchSize, 3, size, size], 'uint8');
  const features = encode(
    variables,
    normaliseImages(images, viewsOf(settings).normalise),
    encoderOptions(settings),
  );
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
    await executable.writeState(Object.fromEntries(names.map((name) => [name, initial[name]!])) as Values);
    let batches = 0;
    for await (const { pixels } of evaluationBatches(cache, {
      size,
      batchSize,
      indices: Uint32Array.from(drawn, (i) => indices[i]!),
    })) {
      signal?.throwIfAborted();
      await executable.run({ images: pixels });
      batches++;
    }
    const left = (1 - MOMENTUM) ** batches;
    const measured = await executable.readState(buffers.map(({ name }) => name));
    const state = { ...initial } as Record<string, Float32Array>;
    for (const [name, values] of Object.entries(measured)) {
      const start = initial[name]!;
      state[name] = Float32Array.from(values, (value, i) => (value - left * start[i]!) / (1 - left));
    }
    return state;
  } finally {
    await executable.dispose();
  }
}
