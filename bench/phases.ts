/**
 * Measures time and memory of clustering between epochs, on synthetic features, without the
 * preceding pass of all images through the encoder.
 */
import { type Engine, openEngine } from '../src/backends/index.ts';
import { type Features, featuresOf, normalizeRows } from '../src/cluster/index.ts';
import { randomAt } from '../src/core/random.ts';
import {
  encoderOptions,
  type FlatSettings,
  featureLength,
  flatSettings,
  methodProgram,
  type PhaseContext,
  patchOf,
  settingsFor,
} from '../src/methods/index.ts';
import { measured } from './memory.ts';

/** Methods that cluster all images between epochs. */
export const phaseMethods = ['deepcluster', 'deepcluster-v2', 'pcl', 'hcsc'] as const;

export interface PhaseRow {
  /** Method and images, such as `pcl-50000`. */
  name: string;
  method: string;
  images: number;
  dimension: number;
  /** Setting `clusters`: clusters of each clustering. */
  clusters: string;
  iterations: number;
  seconds: number;
  /** Peak resident memory of the process, with features and the state of the step. */
  megabytes: number | null;
  /** Size of the features. */
  featureMegabytes: number;
}

/** Draws features of n images in loose groups. */
function madeUp(images: number, dimension: number): Features {
  const random = randomAt(0, 'synthetic', 0, 0, 3);
  const centers = new Float32Array(2000 * dimension).map(() => random.normal());
  const data = new Float32Array(images * dimension);
  for (let row = 0; row < images; row++) {
    const from = random.integer(2000) * dimension;
    for (let d = 0; d < dimension; d++)
      data[row * dimension + d] = centers[from + d]! + random.normal();
  }
  return normalizeRows(featuresOf(data, dimension));
}

/** Runs the phase of one method once. */
export async function benchmarkPhase(
  method: (typeof phaseMethods)[number],
  images: number,
  given: FlatSettings = {},
): Promise<PhaseRow> {
  const settings = settingsFor('small-32', patchOf({ ...given, method }).settings);
  const { phase, initialState } = methodProgram(settings, { images });
  const own = settings.method as { embeddingDim?: number; clusterWarmupEpochs?: number };
  const length = own.embeddingDim ?? featureLength(encoderOptions(settings));
  const features = madeUp(images, length);
  const state = initialState(0);
  for (const name of Object.keys(state)) if (name.startsWith('bank.')) state[name] = features.data;
  const engine: Engine = await openEngine();
  const context: PhaseContext = {
    engine,
    epoch: Math.max(1, own.clusterWarmupEpochs ?? 0),
    seed: 0,
    images,
    readState: async (names) => Object.fromEntries(names.map((name) => [name, state[name]!])),
    features: async () => features,
    views: () => Promise.reject(new Error('views are for the first epoch')),
    onProgress() {},
  };
  try {
    const { seconds, megabytes } = await measured(() => phase!.run(context));
    const { clusters, clusterIterations } = flatSettings(settings);
    const iterations = Number(clusterIterations);
    const featureMegabytes = features.data.byteLength / 2 ** 20;
    return {
      ...{ name: `${method}-${images}`, method, images, dimension: length, iterations },
      clusters: String(clusters),
      ...{ seconds, megabytes, featureMegabytes },
    };
  } finally {
    await engine.close();
  }
}
