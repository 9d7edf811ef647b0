/**
 * Learns a patch encoder from images: dictionary and whitening from drawn patches, then
 * standardization and principal components from the responses of drawn images.
 *
 * Source: Coates, Lee and Ng 2011 for the first layer (see `whitenedPatches`, `dictionary`).
 * Differences: two dictionaries, of color and of gray patches, so that color alone does not decide;
 * averages in a pyramid of grids in place of quadrants (Lazebnik, Schmid and Ponce, 2006), the root
 * of them, and whitened principal components with a memory of images (see `memory`), in place of a
 * supervised classifier that would weigh the responses.
 */
import type { Engine } from '../../backends/index.ts';
import { type Features, featuresOf, normalizeRows, whiten } from '../../cluster/index.ts';
import { type Reporter, reporterOf } from '../../core/reporter.ts';
import { beginStage } from '../../core/stage.ts';
import type { StoredTensor } from '../../formats/index.ts';
import { input } from '../../tensor/index.ts';
import type { PixelSet } from '../encoder.ts';
import { mostComponents, whitenedComponents } from '../whitenedComponents.ts';
import { dictionarySteps, filtersOf, learnDictionary } from './dictionary.ts';
import { averageOf } from './memory.ts';
import { drawImages, patchesOf } from './patchesOf.ts';
import { openPatchPart, type PatchTensors } from './program.ts';
import { type PatchSettings, patchGeometry } from './settings.ts';
import { grayPatches, normalizeContrast, whitenPatches } from './whitenedPatches.ts';

export interface LearnPatchesOptions {
  engine: Engine;
  images: PixelSet;
  /** Side S of the evaluation view, in pixels. */
  size: number;
  settings: PatchSettings;
  /** Seed of every draw. */
  seed: number;
  /** Worker threads that make the evaluation views. Default 1. */
  workers?: number;
  reporter?: Reporter;
  /** Called once both dictionaries are learned, before images are embedded. */
  onDictionaries?(): void;
}

/** Iterations of the principal axes: the last ones need not be exact. */
const AXIS_ITERATIONS = 5;

/**
 * Learns the tensors of a patch encoder.
 *
 * The same images, settings, seed and threads of the engine give the same tensors.
 */
export async function learnPatches(
  options: LearnPatchesOptions,
): Promise<Record<string, StoredTensor>> {
  const { engine, settings, size, seed, reporter = reporterOf() } = options;
  const { side } = patchGeometry(settings, size);
  const { iterations, contrast, zca } = settings;
  const { signal } = reporter;
  const drawing = { side, patches: settings.patches, reporter };
  const color = await patchesOf({ ...options, ...drawing }); // [n, 3 side²]
  const gray = grayPatches(color, side); // [n, side²]
  const tensors: Record<string, StoredTensor> = {};
  const parts = {
    color: { patches: color, channels: 3 },
    gray: { patches: gray, channels: 1 },
  } as const;
  for (const [part, name] of (['color', 'gray'] as const).entries()) {
    const { patches, channels } = parts[name];
    const d = channels * side * side;
    const filters = name === 'color' ? settings.colorFilters : settings.grayFilters;
    reporter.progress({ stage: 'patches', text: `whitening ${name} patches` });
    normalizeContrast(patches, d, contrast);
    const whitened = await whitenPatches(engine, featuresOf(patches, d), { zca });
    const onProgress = beginStage(reporter, {
      ...{ stage: 'patches', text: `learning the dictionary of ${name} patches`, unit: 'block' },
      total: dictionarySteps(whitened.count, iterations),
    });
    const dictionary = await learnDictionary(engine, whitened, {
      filters,
      iterations,
      seed,
      part,
      onProgress,
      signal,
    });
    const { weights, bias } = filtersOf(dictionary, whitened);
    tensors[`${name}.filters`] = {
      dtype: 'float32',
      shape: [filters, channels, side, side],
      data: weights,
    };
    tensors[`${name}.bias`] = { dtype: 'float32', shape: [filters], data: bias };
  }
  options.onDictionaries?.();
  return { ...tensors, ...(await learnComponents({ ...options, reporter }, tensors)) };
}

/**
 * Whitened principal components of the pooled responses, and the memory: the components of the
 * images, of length 1.
 */
async function learnComponents(
  options: LearnPatchesOptions & { reporter: Reporter },
  tensors: PatchTensors,
): Promise<Record<string, StoredTensor>> {
  const { engine, images, size, settings, seed, workers, reporter } = options;
  const indices = drawImages(images, settings.images, seed);
  const encoder = await openPatchPart({ engine, size, settings, tensors }, 'responses');
  let responses: Awaited<ReturnType<typeof encoder.embed>>;
  try {
    responses = await encoder.embed({ cache: images.cache, indices }, { workers, reporter }); // [n, F]
  } finally {
    await encoder.close();
  }
  const onProgress = beginStage(reporter, {
    ...{ stage: 'patches', text: 'computing principal components', unit: 'iteration' },
    total: AXIS_ITERATIONS,
  });
  const { count } = responses;
  const { components: most, imagesPerComponent, whitening } = settings;
  const { projection, offset, basis } = await whitenedComponents(engine, responses, {
    ...{ components: mostComponents(count, { most, imagesPerComponent }), whitening, seed },
    ...{ iterations: AXIS_ITERATIONS, onProgress },
  });
  const P = offset.data.length;
  reporter.progress({ stage: 'patches', text: 'averaging the memory of images' });
  const memory = normalizeRows(await whiten(engine, responses, basis)); // [n, P]
  return {
    projection,
    offset,
    'memory.keys': { dtype: 'float32', shape: [count, P], data: memory.data },
    'memory.values': {
      dtype: 'float32',
      shape: [count, P],
      data: await averages(engine, memory, settings),
    },
  };
}

/** Averages of the memory around each of its own rows, `[n, P]`. */
async function averages(
  engine: Engine,
  { data, count, dimension }: Features,
  { temperature }: PatchSettings,
): Promise<Float32Array> {
  const rows = Math.min(AVERAGE_ROWS, count);
  const z = input('z', [rows, dimension]);
  const memory = input('memory', [count, dimension]);
  const executable = await engine.compile({
    outputs: { y: averageOf(z, { keys: memory, values: memory }, temperature) },
    state: [{ current: memory }],
    name: 'averages of the memory',
  });
  try {
    await executable.writeState({ memory: data });
    const out = new Float32Array(count * dimension);
    for (let start = 0; start < count; start += rows) {
      // The last block overlaps the one before it, because blocks have one size.
      const from = Math.min(start, count - rows) * dimension;
      const block = data.slice(from, from + rows * dimension);
      out.set((await executable.run({ z: block })).y as Float32Array, from);
    }
    return out;
  } finally {
    await executable.dispose();
  }
}

/** Rows of the memory that are averaged at once. */
const AVERAGE_ROWS = 256;
