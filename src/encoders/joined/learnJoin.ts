/** Joins patch features that were learned and a network that was trained from the same images. */
import type { Engine } from '../../backends/index.ts';
import type { Values } from '../../compile/index.ts';
import { type Reporter, reporterOf } from '../../core/reporter.ts';
import { beginStage } from '../../core/stage.ts';
import type { StoredTensor } from '../../formats/index.ts';
import type { PixelSet } from '../encoder.ts';
import { drawImages } from '../patches/patchesOf.ts';
import type { PatchTensors } from '../patches/program.ts';
import { networkShapes, trainedEncoder } from '../trainedEncoder.ts';
import { mostComponents, whitenedComponents } from '../whitenedComponents.ts';
import { JOIN, NETWORK, PATCHES, prefixed, requireNetwork } from './program.ts';
import type { JoinedSettings } from './settings.ts';

export interface LearnJoinOptions {
  engine: Engine;
  /** Images that both parts were learned from. */
  images: PixelSet;
  size: number;
  settings: JoinedSettings;
  /** Tensors of the patch encoder. */
  patches: PatchTensors;
  /** Weights and running statistics of the network by name; other values are ignored. */
  state: Values;
  /** Seed of the draws. */
  seed: number;
  /** Worker threads that make the evaluation views. Default 1. */
  workers?: number;
  reporter?: Reporter;
}

/** Iterations of the principal axes: the last ones need not be exact. */
const AXIS_ITERATIONS = 5;

/**
 * Learns the tensors of a joined encoder: those of both parts, and the components of the network's
 * features of drawn images.
 *
 * The same images, settings, parts, seed and threads of the engine give the same tensors.
 */
export async function learnJoin({
  engine,
  images,
  size,
  settings,
  patches,
  state,
  seed,
  workers,
  reporter = reporterOf(),
}: LearnJoinOptions): Promise<Record<string, StoredTensor>> {
  const network = requireNetwork(settings);
  const indices = drawImages(images, settings.patches.images, seed);
  const encoder = await trainedEncoder({ engine, settings: network, state, size });
  let features: Awaited<ReturnType<typeof encoder.embed>>;
  try {
    const drawn = { cache: images.cache, indices };
    features = await encoder.embed(drawn, { workers, reporter }); // [n, F]
  } finally {
    await encoder.close();
  }
  const onProgress = beginStage(reporter, {
    ...{ stage: 'learn', text: 'computing components of the network', unit: 'iteration' },
    total: AXIS_ITERATIONS,
  });
  const { components: most, imagesPerComponent, whitening } = settings;
  const { projection, offset } = await whitenedComponents(engine, features, {
    components: mostComponents(features.count, { most, imagesPerComponent }),
    ...{ whitening, iterations: AXIS_ITERATIONS, seed, onProgress },
  });
  const weights: Record<string, StoredTensor> = {};
  for (const [name, shape] of networkShapes(network)) {
    weights[name] = { dtype: 'float32', shape, data: state[name] as Float32Array };
  }
  return {
    ...prefixed(patches, PATCHES),
    ...prefixed(weights, NETWORK),
    ...prefixed({ projection, offset }, JOIN),
  };
}
