/** Batches of a run that trains a head: features of a model, of views and of neighbors. */
import type { Engine } from '../backends/index.ts';
import { type Features, nearestNeighbors } from '../cluster/index.ts';
import type { Reporter } from '../core/reporter.ts';
import { plural } from '../core/text.ts';
import type { PixelCache } from '../data/index.ts';
import {
  featureEncoder,
  type ImageEncoder,
  type ModelSettings,
  modelKey,
  requireStandardization,
  standardized,
  viewFeatures,
} from '../encoders/index.ts';
import type { Tensors } from '../formats/index.ts';
import { methodNamed, type Settings, viewsOf } from '../methods/index.ts';
import type { CropSpec, Loader } from '../views/index.ts';
import { type CropOrigin, openFeatureLoader } from './featureLoader.ts';
import type { EvaluationImages } from './phase.ts';

/** A pretrained model: its settings, and its bytes with the standardization of its features. */
export interface Base {
  readonly settings: ModelSettings;
  readonly tensors: Tensors;
}

export interface HeadImages {
  base: Base;
  cache: PixelCache;
  /** Cache indices of the images to train on. */
  indices: Uint32Array;
  /** Worker threads that make the views. */
  workers: number;
  reporter: Reporter;
}

/** Views per image where the settings name no number. */
const VIEWS = 4;
/** Neighbors of a method that has no setting for them. */
const NEIGHBORS = 50;

/** Opens the model of a run for as long as `work` takes. */
export async function withBase<T>(
  engine: Engine,
  { settings, tensors }: Base,
  work: (encoder: ImageEncoder) => Promise<T>,
): Promise<T> {
  const { size } = settings.input;
  const encoder = await featureEncoder({ name: 'model', settings }).open({ engine, size, tensors });
  try {
    return await work(encoder);
  } finally {
    await encoder.close();
  }
}

/** Inputs of the trainer. */
export interface HeadInputs {
  loader: Loader<Float32Array<ArrayBuffer>>;
  evaluationImages: EvaluationImages;
}

/**
 * Computes the features that a method's steps read, or reads those that are stored, and opens a
 * loader over them. Features are standardized by the mean and deviation that the run holds.
 */
export async function openHeadInputs(
  engine: Engine,
  settings: Settings,
  images: HeadImages,
): Promise<HeadInputs> {
  const { base, cache, indices, workers, reporter } = images;
  const { dimension } = base.settings;
  const by = requireStandardization(base.tensors, base.settings);
  const { crops } = viewsOf(settings);
  const { pairs } = methodNamed(settings.method.name);
  const { seed } = settings.run;
  return withBase(engine, base, async (encoder) => {
    const plain = await encoder.embed({ cache, indices }, { workers, reporter }); // [N, D]
    const rows = standardized(plain.data, by);
    const origins = new Map<string, CropOrigin>();
    const originOf = async (crop: CropSpec): Promise<CropOrigin> => {
      if (pairs === 'neighbors') {
        // A step of single crops reads no neighbor.
        if (crops.length === 1 && crop.count === 1) {
          return { kind: 'neighbors', rows, neighbors: new Int32Array(), count: 0 };
        }
        return neighborsOf(engine, { plain, rows, settings, reporter });
      }
      const views = isDrawn(crop) ? (settings.views.storedViews ?? VIEWS) : 1;
      const key = modelKey(base.settings);
      const found = await viewFeatures(encoder, {
        ...{ key, images: { cache, indices }, crop: { ...crop, count: views }, seed },
        ...{ workers, reporter },
      }); // [N, V, D]
      return { kind: 'views', rows: standardized(found, by), views };
    };
    const groups: { count: number; origin: CropOrigin }[] = [];
    for (const crop of crops) {
      const name = pairs === 'neighbors' ? pairs : JSON.stringify({ ...crop, count: 0 });
      const origin = origins.get(name) ?? (await originOf(crop));
      origins.set(name, origin);
      groups.push({ count: crop.count, origin });
    }
    const { batchSize } = settings.data;
    return {
      loader: openFeatureLoader({ indices, dimension, groups, batchSize, seed }),
      evaluationImages: ({ batchSize: rowsPerBatch }) =>
        featureBatches({ indices, rows, dimension }, rowsPerBatch),
    };
  });
}

/** Tells if two views of an image differ. */
function isDrawn({ scale, ratio, steps }: CropSpec): boolean {
  return steps.length > 0 || scale[0] < scale[1] || ratio[0] < ratio[1] || scale[1] < 1;
}

/**
 * Nearest other images of each by the cosine of the model's features. Where there are few images
 * for the clusters, only as many as half of a cluster of equal size has.
 */
async function neighborsOf(
  engine: Engine,
  given: { plain: Features; rows: Float32Array; settings: Settings; reporter: Reporter },
): Promise<CropOrigin> {
  const { plain, rows, settings, reporter } = given;
  const { count: N } = plain;
  const {
    neighbors = NEIGHBORS,
    clusters,
    prototypes,
  } = settings.method as {
    neighbors?: number;
    clusters?: number | number[];
    prototypes?: number;
  };
  const K = Math.max(...[clusters ?? prototypes ?? 1].flat());
  const k = Math.max(1, Math.min(neighbors, Math.floor(N / (2 * K)), N - 1));
  reporter.progress({ stage: 'embed', text: `finding ${plural(k, 'neighbor')} of each image` });
  const { indices } = await nearestNeighbors(engine, plain, plain, { k, exclude: 'self' });
  return { kind: 'neighbors', rows, neighbors: indices, count: k };
}

async function* featureBatches(
  { indices, rows, dimension: D }: { indices: Uint32Array; rows: Float32Array; dimension: number },
  batchSize: number,
) {
  for (let start = 0; start < indices.length; start += batchSize) {
    const images = indices.slice(start, start + batchSize);
    yield { images, pixels: rows.slice(start * D, (start + images.length) * D) };
  }
}
