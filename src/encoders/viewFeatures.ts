/** Features of random views by a pretrained model, computed once for each image and stored. */
import { reporterOf } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import { plural } from '../core/text.ts';
import { type CropSpec, openLoader } from '../views/index.ts';
import type { EmbedOptions, ImageEncoder, PixelSet } from './encoder.ts';
import { countOf, joined, storedRows } from './storedFeatures.ts';

export interface ViewFeaturesOptions extends EmbedOptions {
  /** Everything that the encoder's features depend on, but for the images. */
  key: object;
  images: PixelSet;
  /** Random views; their number `count` is V. */
  crop: CropSpec;
  seed: number;
}

/** Images per batch of views. */
const BATCH = 8;
/** Odd factor that spreads cache indices over 64 bits (golden ratio). */
const SPREAD = 0x9e3779b97f4a7c15n;

/**
 * Features of V random views of each image, [N, V, D].
 *
 * A view is a function of (seed, cache index, view), so that an interrupted call and a repeated one
 * end with the same values.
 */
export async function viewFeatures(
  encoder: ImageEncoder,
  { key, images, crop, seed, workers, reporter = reporterOf() }: ViewFeaturesOptions,
): Promise<Float32Array> {
  const { cache } = images;
  const { contents } = cache;
  const { count: V } = crop;
  const dimension = V * encoder.dimension;
  const rows = storedRows({
    ...{ key: { ...key, crop, seed }, model: `${encoder.title}, ${V} views`, dimension, images },
    // Equal images have views of their own.
    ...(contents && {
      keyOf: (index: number) => BigInt.asUintN(64, contents[index]! ^ (BigInt(index + 1) * SPREAD)),
    }),
    compute: (indices) =>
      newViewFeatures(encoder, { cache, indices }, { crop, seed, workers, reporter }),
    reporter,
  });
  return joined(rows, countOf(images) * dimension);
}

/** Computes features of V random views of each image and yields [n, V, D], in order. */
export async function* newViewFeatures(
  encoder: ImageEncoder,
  images: Required<PixelSet>,
  {
    crop,
    seed,
    workers,
    reporter = reporterOf(),
  }: Pick<ViewFeaturesOptions, 'crop' | 'seed' | 'workers' | 'reporter'>,
): AsyncGenerator<Float32Array> {
  const { cache, indices } = images;
  const { dimension: D } = encoder;
  const { count: V, size } = crop;
  const total = indices.length;
  const batchSize = Math.min(BATCH, total);
  const normalize = { mean: [0, 0, 0], std: [1, 1, 1] } as const;
  const views = { crops: [crop], normalize: structuredClone(normalize) as never };
  const loader = openLoader({ cache, indices, views, batchSize, seed, workers });
  const text = `${encoder.title}: ${plural(V, 'view')} per image`;
  const onProgress = beginStage(reporter, { stage: 'embed', text, total, unit: 'image' });
  let done = 0;
  try {
    for await (const { crops } of loader.pass()) {
      reporter.signal.throwIfAborted();
      const pixels = crops[0]!; // [V B, 3, s, s]
      const rows = Math.min(batchSize, total - done);
      const out = new Float32Array(rows * V * D);
      const bytes = batchSize * 3 * size * size;
      for (let v = 0; v < V; v++) {
        const view = pixels.subarray(v * bytes, (v + 1) * bytes);
        const features = await encoder.embedViews(view); // [B, D]
        for (let i = 0; i < rows; i++) {
          out.set(features.subarray(i * D, (i + 1) * D), (i * V + v) * D);
        }
      }
      done += rows;
      onProgress(done);
      yield out;
    }
  } finally {
    await loader.close();
  }
}
