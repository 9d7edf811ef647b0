/**
 * The interface of everything that turns images into feature vectors, and the factory behind all
 * implementations.
 */
import { type Features, featuresOf, type Rows, requireFinite } from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import { type Reporter, reporterOf } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import { type CacheLayout, type EvaluationSpec, evaluationBatches } from '../views/index.ts';
import { filled, runBatches } from './runBatches.ts';

/** Decoded images, with what their features are stored by where they come from a pixel cache. */
export interface DecodedImages extends CacheLayout {
  /** Hash of size and pixels of each image. */
  readonly contents?: BigUint64Array;
  readonly source?: { readonly name: string };
}

/** Images of a pixel cache. */
export interface PixelSet {
  readonly cache: DecodedImages;
  /** Cache indices, in this order. Default: all images. */
  readonly indices?: Uint32Array;
}

export interface EmbedOptions {
  /** Worker threads that make the evaluation views. Default 1. */
  workers?: number;
  /** Receives progress of stage `embed`; its signal ends the work between two batches. */
  reporter?: Reporter;
}

/** The parts of a trained method above its encoder. */
export interface EncoderHeads {
  /** Prototypes [K, D] as stored; callers normalize them. Absent where the method has none. */
  readonly prototypes?: Features;
  /**
   * Embeddings [N, D], rows of length 1, of features [N, F] (not normalized), computed as they are
   * read.
   */
  project(features: Features | Rows): Rows;
  /** Number M of clusters that the method learns itself; absent where it learns none. */
  readonly clusters?: number;
  /**
   * Probabilities [N, M] of the learned clusters, of features [N, F]; absent where there are none.
   */
  assign?(features: Features | Rows): Promise<Features>;
}

/** Image size and batch size that a network is compiled for. */
export interface CompiledShape {
  readonly size: number;
  readonly batchSize?: number;
}

/**
 * Turns images into feature vectors. Clustering, evaluation, embedding and assignment work on any
 * of them.
 */
export interface ImageEncoder {
  /** Stable identifier, such as `trained`, `untrained` or `rawPixels`. */
  readonly id: string;
  /** Name for tables, such as `raw pixels`. */
  readonly title: string;
  /** Dimension D of the features. */
  readonly dimension: number;
  /** Evaluation view that the encoder takes. */
  readonly input: EvaluationSpec;
  /** Describes how the features are made, for the protocol of an evaluation. */
  readonly protocol?: string;
  /** Yields the features in the order of the images, a batch [b, D] at a time. */
  parts(images: PixelSet, options?: EmbedOptions): AsyncGenerator<Float32Array>;
  /** Returns all features [N, D]. */
  embed(images: PixelSet, options?: EmbedOptions): Promise<Features>;
  /** Features [n, D] of evaluation views [n, 3, s, s], uint8; a network takes at most one batch. */
  embedViews(pixels: Uint8Array): Promise<Float32Array>;
  /** Absent where nothing was trained on top of the features. */
  readonly heads?: EncoderHeads;
  /** Opens the same network for images of another size; absent where the input size is fixed. */
  resized?(shape: CompiledShape): Promise<ImageEncoder>;
  close(): Promise<void>;
}

/** An encoder that is a method's network, with its heads. */
export interface NetworkEncoder extends ImageEncoder {
  readonly heads: EncoderHeads;
  resized(shape: CompiledShape): Promise<NetworkEncoder>;
}

/** An encoder without its loops: `run` takes `batchSize` views at once. */
export interface BatchEncoder
  extends Omit<ImageEncoder, 'input' | 'parts' | 'embed' | 'embedViews'> {
  readonly size: number;
  /** Shorter side before cropping, in pixels. Default: `size`. */
  readonly resize?: number;
  /** Default: `crop`. */
  readonly fit?: EvaluationSpec['fit'];
  /** Default: `bilinear`. */
  readonly kernel?: EvaluationSpec['kernel'];
  readonly batchSize: number;
  /** Features [B, D] of views [B, 3, s, s], uint8. */
  run(pixels: Uint8Array): Promise<Float32Array> | Float32Array;
}

/** Adds the loops from images to features to a function that embeds one batch. */
export function encoderOf<About extends BatchEncoder>({
  size,
  resize = size,
  fit = 'crop',
  kernel,
  batchSize,
  run,
  ...about
}: About) {
  const input = { size, resize, fit, ...(kernel && { kernel }) } as const;
  const { dimension, title } = about;
  const perImage = 3 * size * size;

  async function* parts(
    { cache, indices }: PixelSet,
    { workers = 1, reporter = reporterOf() }: EmbedOptions = {},
  ): AsyncGenerator<Float32Array> {
    const total = indices?.length ?? cache.widths.length;
    const batches = filled(
      evaluationBatches(cache, { ...input, batchSize, indices, workers }),
      batchSize,
    );
    const embedBatch = async ({ images }: Values) => ({
      features: await run(images as Uint8Array),
    });
    const { signal } = reporter;
    let done = 0;
    const onProgress = beginStage(reporter, { stage: 'embed', text: title, total, unit: 'image' });
    for await (const { rows, outputs } of runBatches(batches, embedBatch, { signal })) {
      const features = outputs.features!; // [rows, D]
      requireFinite(features, dimension, done);
      done += rows;
      onProgress(done);
      yield features;
    }
  }
  return {
    ...about,
    input,
    parts,
    async embed(images: PixelSet, options?: EmbedOptions) {
      const count = images.indices?.length ?? images.cache.widths.length;
      const data = new Float32Array(count * dimension); // [N, D]
      let at = 0;
      for await (const part of parts(images, options)) {
        data.set(part, at);
        at += part.length;
      }
      return featuresOf(data, dimension);
    },
    async embedViews(pixels: Uint8Array) {
      const count = pixels.length / perImage;
      if (!Number.isInteger(count) || count < 1 || count > batchSize) {
        throw new LikenessError(
          'encoder.views',
          `views: received ${pixels.length} bytes; expected 1 to ${batchSize} images of ${perImage} bytes`,
        );
      }
      let whole = pixels;
      if (count < batchSize) {
        whole = new Uint8Array(batchSize * perImage);
        whole.set(pixels);
      }
      const features = (await run(whole)).subarray(0, count * dimension);
      requireFinite(features, dimension);
      return features;
    },
  };
}
