/**
 * Opens learning gates: a small seeded run of a method, measured with labels that training never
 * saw, beside the untrained encoder and raw pixels.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Engine, openEngine } from '../src/backends/index.ts';
import type { Values } from '../src/compile/index.ts';
import { openPixelCache, openSource, type PixelCache } from '../src/data/index.ts';
import {
  headClusters,
  type ImageEncoder,
  pixelEncoder,
  trainedEncoder,
  untrainedEncoder,
} from '../src/encoders/index.ts';
import { type Evaluation, evaluateFeatures } from '../src/evaluate/index.ts';
import {
  type FlatSettings,
  fitToCount,
  methodProgram,
  patchOf,
  type Settings,
  settingsFor,
  viewsOf,
} from '../src/methods/index.ts';
import { trainMethod } from '../src/train/index.ts';
import { evaluationBatches, openLoader } from '../src/views/index.ts';
import { writeFirst } from './fewPictures.cases.ts';
import { writeTextures } from './textures.cases.ts';

const sample = fileURLToPath(new URL('../sample', import.meta.url));

/**
 * Images of a gate: the shipped sample, the first ones of it, or textures that say nothing pixel by
 * pixel.
 */
export type Pictures = 'sample' | 'few' | 'textures';

/** The size of the cache that the preset's views are cut from. */
const CACHE_SIZE = 42;

export interface Learned {
  /**
   * NMI, ACC and ARI are of the clusters that the method learns itself, where it does; `kmeans` has
   * those of k-means.
   */
  readonly trained: Evaluation;
  /** State after the last step, and what it was trained with, for further checks. */
  readonly state: Values;
  readonly settings: Settings;
  /** Loss of every step. */
  readonly losses: readonly number[];
}

export interface Gate {
  /**
   * Trains on the training pictures with a small preset and the method's recipe, and measures on
   * the test ones.
   */
  learn(given: FlatSettings): Promise<Learned>;
  /** The same measures of an encoder before its first step, and of raw pixels. */
  baselines(given?: FlatSettings): Promise<{ untrained: Evaluation; rawPixels: Evaluation }>;
  close(): Promise<void>;
}

/** Opens the pictures and an engine. */
export async function openGate({ pictures }: { pictures: Pictures }): Promise<Gate> {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-gate-'));
  const engine = await openEngine();
  const path = pictures === 'sample' ? sample : join(folder, 'pictures');
  if (pictures === 'few') writeFirst(sample, path, { train: 600, test: 300 });
  if (pictures === 'textures') writeTextures(path, { train: 3000, test: 1000 });
  const source = await openSource(path);
  const cache = await openPixelCache(source, { size: CACHE_SIZE, cacheDir: folder });
  await source.close();
  const indices = Uint32Array.from(cache.entries.keys()).filter(
    (i) => cache.entries[i]!.split === 'train',
  );
  const settingsOf = (given: FlatSettings) =>
    fitToCount(settingsFor('tiny-28', patchOf(given).settings), {
      count: indices.length,
      given: new Set(Object.keys(given)),
    }).settings;

  return {
    async learn(given) {
      const settings = settingsOf(given);
      const {
        data: { batchSize },
        run: { seed },
      } = settings;
      const loader = openLoader({ cache, indices, views: viewsOf(settings), batchSize, seed });
      const losses: number[] = [];
      const { training } = await trainMethod({
        engine,
        method: methodProgram(settings, { images: indices.length }),
        loader,
        batchSize,
        seed,
        budget: { epochs: settings.schedule.epochs },
        evaluationImages: (shape) => evaluationBatches(cache, { ...shape, indices }),
        onEvent: (event) => {
          if (event.kind === 'step') losses.push(event.loss);
        },
      });
      await loader.close();
      const { state } = training;
      const trained = await measure(
        engine,
        cache,
        await trainedEncoder({ engine, settings, state }),
      );
      return { trained, state, settings, losses };
    },
    async baselines(given = {}) {
      const settings = settingsOf(given);
      const { count } = cache;
      const pixels = pixelEncoder('rawPixels', { size: settings.data.imageSize, images: count });
      return {
        untrained: await measure(
          engine,
          cache,
          await untrainedEncoder({ engine, settings, images: { cache, indices } }),
        ),
        rawPixels: await measure(engine, cache, pixels),
      };
    },
    async close() {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function measure(
  engine: Engine,
  cache: PixelCache,
  encoder: ImageEncoder,
): Promise<Evaluation> {
  try {
    const features = await encoder.embed({ cache });
    const learned = await headClusters(encoder, features);
    const labels = Int32Array.from(cache.entries, ({ label }) => label!);
    const split = cache.entries.map((entry) => entry.split);
    return await evaluateFeatures(
      engine,
      { features, labels, split, learned },
      { seed: 0, probe: { epochs: 1 } },
    );
  } finally {
    await encoder.close();
  }
}
