/** Embeds a fixed sample of images again and again while the encoder's weights change. */
import type { Engine, Executable } from '../backends/index.ts';
import { distinctRows, featuresOf } from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import type { PixelCache } from '../data/index.ts';
import { joinRows, runBatches } from '../encoders/index.ts';
import {
  encoderOptions,
  inferenceProgram,
  methodHead,
  type Settings,
  viewsOf,
} from '../methods/index.ts';
import { createVariables } from '../nn/index.ts';
import { evaluationBatches, openLoader } from '../views/index.ts';
import { epochBudget } from './epochBudget.ts';
import type { EpochSample } from './epochMeasures.ts';

export interface EpochSampleOptions {
  engine: Engine;
  settings: Settings;
  cache: PixelCache;
  /** Cache indices that the sample is drawn from: the trained images. */
  indices: Uint32Array;
  /** Number of images of the sample. */
  images: number;
  /** Ends the work. The promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}

export interface OpenSample {
  /** Cache indices of the images, rising. */
  readonly indices: Uint32Array;
  /** Embeds the sample with the given weights. */
  look(readState: (names: readonly string[]) => Promise<Values>): Promise<EpochSample>;
  close(): Promise<void>;
}

/** The draw is the same for every run of a source, so that runs are measured on the same images. */
const SAMPLE_SEED = 0;
const BATCH = 128;

/** Plans how many images of a run with these settings are measured, and how often. */
export function epochPlan(settings: Settings, images: number) {
  const crops = settings.views.crops;
  return epochBudget({ images, crops, measured: [settings.data.imageSize, crops[0]!.size] });
}

/** Renders the sample's views, which stay in memory, and compiles the encoder for them. */
export async function openEpochSample(options: EpochSampleOptions): Promise<OpenSample> {
  const { engine, settings, signal } = options;
  const [size, second] = [settings.data.imageSize, settings.views.crops[0]!.size];
  const batchSize = Math.min(BATCH, options.images);
  const rows = distinctRows(
    options.indices.length,
    options.images,
    randomAt(SAMPLE_SEED, 'epochSample'),
  );
  const indices = Uint32Array.from(rows.sort(), (row) => options.indices[row]!);
  const own = await evaluationViews(options, indices, batchSize);
  const other = await randomViews(options, indices, batchSize);

  const head = methodHead(settings);
  const stored = head.prototypes?.(createVariables()).node.attributes.name as string | undefined;
  const compiled: Executable[] = [];

  /**
   * Compiles the encoder for one image size. With the heads it has the embeddings as output `z`
   * where there are prototypes, and the probabilities of learned clusters as output `y`.
   */
  async function compile(side: number, outputs: 'features' | 'heads') {
    const { normalize } = viewsOf(settings);
    const made = inferenceProgram({
      encoder: encoderOptions(settings),
      normalize,
      batchSize,
      size: side,
    });
    const { variables, features } = made;
    const heads = outputs === 'heads';
    const z = heads && stored ? head.project(variables, features) : undefined; // [B, D]
    const y = heads ? head.assign?.(variables, features) : undefined; // [B, M]
    const weights = [...variables.parameters(), ...variables.buffers()];
    const program = {
      outputs: { features, ...(z && { z }), ...(y && { y }) },
      state: weights.map(({ tensor }) => ({ current: tensor })),
      name: 'sample',
    };
    const executable = await engine.compile(program, { signal });
    compiled.push(executable);
    return { executable, names: weights.map(({ name }) => name) };
  }
  const hasHeads = stored !== undefined || head.assign !== undefined;
  const first = await compile(size, hasHeads ? 'heads' : 'features');
  const again = second === size && !hasHeads ? first : await compile(second, 'features');

  function embed({ executable }: typeof first, views: readonly Uint8Array[]) {
    const count = indices.length;
    const batches = views.map((images, i) => ({
      batchSize,
      rows: Math.min(batchSize, count - i * batchSize),
      inputs: { images },
    }));
    const run = (inputs: Values) => {
      signal?.throwIfAborted();
      return executable.run(inputs);
    };
    return joinRows(runBatches(batches, run), { count });
  }
  return {
    indices,
    async look(readState) {
      const weights = await readState(first.names);
      await first.executable.writeState(weights);
      const { features, z, y } = await embed(first, own); // [n, F], [n, D], [n, M]
      if (again !== first) {
        await again.executable.writeState(
          Object.fromEntries(again.names.map((name) => [name, weights[name]!])),
        );
      }
      const { features: secondView } = await embed(again, other); // [n, F]
      const C = stored && ((await readState([stored]))[stored] as Float32Array); // [K, D]
      return {
        features: features!,
        secondView: secondView!,
        ...(C && z && { prototypes: { embeddings: z, prototypes: featuresOf(C, z.dimension) } }),
        ...(y && { clusters: y }),
      };
    },
    async close() {
      await Promise.allSettled(compiled.map((executable) => executable.dispose()));
    },
  };
}

/** Renders evaluation views in whole batches, the last padded with zeros, `[B, 3, s, s]` each. */
async function evaluationViews(
  { settings, cache, signal }: EpochSampleOptions,
  indices: Uint32Array,
  batchSize: number,
): Promise<Uint8Array[]> {
  const size = settings.data.imageSize;
  const batches: Uint8Array[] = [];
  for await (const { pixels } of evaluationBatches(cache, {
    size,
    batchSize,
    indices,
    workers: settings.run.workers,
  })) {
    signal?.throwIfAborted();
    const whole = new Uint8Array(batchSize * 3 * size * size);
    whole.set(pixels);
    batches.push(whole);
  }
  return batches;
}

/** Renders a random view per image, as in training, with the same draws every time. */
async function randomViews(
  { settings, cache, signal }: EpochSampleOptions,
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
    workers: settings.run.workers,
  });
  const batches: Uint8Array[] = [];
  try {
    for await (const { crops } of loader.pass()) {
      signal?.throwIfAborted();
      batches.push(crops[0]!);
    }
  } finally {
    await loader.close();
  }
  return batches;
}
