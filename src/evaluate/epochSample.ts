/** A fixed sample of images through an encoder, again and again as its weights change. */
import { distinctRows, featuresOf } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import type { PixelCache } from '../data/index.ts';
import {
  encoderOptions,
  featureLength,
  inferenceProgram,
  methodHead,
  parseCrops,
  type Settings,
  viewsOf,
} from '../methods/index.ts';
import type { Engine, Executable, Values } from '../runtime/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { evaluationBatches, openLoader } from '../views/index.ts';
import { epochBudget } from './epochBudget.ts';
import type { EpochSample } from './epochMeasures.ts';

export interface EpochSampleOptions {
  engine: Engine;
  settings: Settings;
  cache: PixelCache;
  /** Images that the sample is drawn from: those trained on. */
  indices: Uint32Array;
  /** Images of the sample. */
  images: number;
}

export interface OpenSample {
  /** What the encoder with these weights makes of the sample. */
  look(readState: (names: readonly string[]) => Promise<Values>): Promise<EpochSample>;
  close(): Promise<void>;
}

/** The draw is the same for every run of a source, so that runs are measured on the same images. */
const SAMPLE_SEED = 0;
const BATCH = 128;

/** How much is measured of a run with these settings, and how often. */
export function epochPlan(settings: Settings, images: number) {
  const crops = parseCrops(settings.crops);
  return epochBudget({ images, crops, measured: [settings.imageSize, crops[0]!.size] });
}

/** Makes the sample's views, which are kept in memory, and compiles the encoder for them. */
export async function openEpochSample(options: EpochSampleOptions): Promise<OpenSample> {
  const { engine, settings } = options;
  const [size, second] = [settings.imageSize, parseCrops(settings.crops)[0]!.size];
  const batchSize = Math.min(BATCH, options.images);
  const rows = distinctRows(
    options.indices.length,
    options.images,
    randomAt(SAMPLE_SEED, 'sample', 0, 0, 10),
  );
  const indices = Uint32Array.from(rows.sort(), (row) => options.indices[row]!);
  const own = await evaluationViews(options, indices, batchSize);
  const other = await randomViews(options, indices, batchSize);

  const compiled: Executable[] = [];
  /** The encoder for images of one size; with `withHead`, the embeddings as well. */
  async function compile(side: number, withHead: boolean) {
    const { normalise } = viewsOf(settings);
    const made = inferenceProgram({ encoder: encoderOptions(settings), normalise, batchSize, size: side });
    const { variables, features } = made;
    const outputs: Record<string, Tensor> = { features };
    if (withHead) outputs.z = methodHead(settings).project(variables, features);
    const held = [...variables.parameters(), ...variables.buffers()];
    const executable = await engine.compile({
      outputs,
      state: held.map(({ tensor }) => ({ current: tensor })),
      name: 'sample',
    });
    compiled.push(executable);
    return { executable, names: held.map(({ name }) => name) };
  }
  const { prototypes } = methodHead(settings);
  const first = await compile(size, prototypes !== undefined);
  const again = second === size && prototypes === undefined ? first : await compile(second, false);

  /** Outputs of all batches, by name, one row per image. */
  async function through(executable: Executable, batches: readonly Uint8Array[]) {
    const count = indices.length;
    const data: Record<string, Float32Array> = {};
    for (const [i, images] of batches.entries()) {
      for (const [name, out] of Object.entries(await executable.run({ images }))) {
        const D = out.length / batchSize;
        data[name] ??= new Float32Array(count * D);
        const real = Math.min(batchSize, count - i * batchSize);
        data[name].set((out as Float32Array).subarray(0, real * D), i * batchSize * D);
      }
    }
    return data;
  }
  const dimension = featureLength(encoderOptions(settings));
  return {
    async look(readState) {
      const weights = await readState(first.names);
      await first.executable.writeState(weights);
      const { features, z } = await through(first.executable, own);
      if (again !== first) {
        await again.executable.writeState(
          Object.fromEntries(again.names.map((name) => [name, weights[name]!])),
        );
      }
      const { features: seen } = await through(again.executable, other);
      const held = prototypes && (await readState([prototypes]))[prototypes];
      return {
        features: featuresOf(features!, dimension),
        secondView: featuresOf(seen!, dimension),
        ...(held &&
          z && {
            prototypes: {
              embeddings: featuresOf(z, z.length / indices.length),
              prototypes: featuresOf(held as Float32Array, z.length / indices.length),
            },
          }),
      };
    },
    async close() {
      await Promise.allSettled(compiled.map((executable) => executable.dispose()));
    },
  };
}

/** Evaluation views in whole batches, the last filled up with zeros: `[B, 3, s, s]` each. */
async function evaluationViews(
  { settings, cache }: EpochSampleOptions,
  indices: Uint32Array,
  batchSize: number,
): Promise<Uint8Array[]> {
  const size = settings.imageSize;
  const batches: Uint8Array[] = [];
  for await (const { pixels } of evaluationBatches(cache, {
    size,
    batchSize,
    indices,
    workers: settings.workers,
  })) {
    const whole = new Uint8Array(batchSize * 3 * size * size);
    whole.set(pixels);
    batches.push(whole);
  }
  return batches;
}

/** One random view per image, as in training; the same draws every time. */
async function randomViews(
  { settings, cache }: EpochSampleOptions,
  indices: Uint32Array,
  batchSize: number,
): Promise<Uint8Array[]> {
  const views = viewsOf(settings);
  const loader = openLoader({
    cache,
    indices,
    views: { ...views, crops: [{ ...views.crops[0]!, count: 1 }] },
    batchSize,
    seed: SAMPLE_SEED,
    workers: settings.workers,
  });
  const batches: Uint8Array[] = [];
  try {
    for await (const { crops } of loader.pass()) batches.push(crops[0]!);
  } finally {
    await loader.close();
  }
  return batches;
}
