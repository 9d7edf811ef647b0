/** Features that are computed once per image, and read from the folder of decoded images again. */
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { type Features, featuresOf } from '../cluster/index.ts';
import { reasonOf } from '../core/errors.ts';
import { type Reporter, reporterOf } from '../core/reporter.ts';
import { type FeatureCache, openFeatureCache } from '../data/index.ts';
import type { DecodedImages, EmbedOptions, ImageEncoder, PixelSet } from './encoder.ts';

/** Rows that are read at once. */
const BLOCK = 256;

export interface StoredRowsOptions {
  /** Everything that the rows depend on, but for the images. */
  key: unknown;
  /** Name of the model. */
  model: string;
  /** D */
  dimension: number;
  images: PixelSet;
  /** Key of the row of an image, by its cache index; absent: its pixels. */
  keyOf?(index: number): bigint;
  /** Yields the rows of these images, cache indices in order, some at a time. */
  compute(indices: Uint32Array): AsyncIterable<Float32Array>;
  reporter?: Reporter | undefined;
}

/**
 * Yields rows [n, D] of images in order. Rows that no earlier call has stored are computed and
 * stored first, part by part, so that a killed process loses its last part alone.
 *
 * Images that come from no pixel cache are computed each time. Where nothing can be written, a
 * warning says so.
 */
export async function* storedRows(options: StoredRowsOptions): AsyncGenerator<Float32Array> {
  const { key, model, dimension, images, compute, reporter = reporterOf() } = options;
  const { cache } = images;
  const indices = images.indices ?? Uint32Array.from(cache.widths, (_, i) => i);
  const { contents } = cache;
  if (!contents) {
    yield* compute(indices);
    return;
  }
  const { keyOf = (index) => contents[index]! } = options;
  const hash = createHash('sha256').update(JSON.stringify({ key, dimension })).digest('hex');
  const source = cache.source?.name ?? '';
  const store = openFeatureCache(dirname(cache.file), { key: hash, source, model, dimension });
  try {
    const missing = indices.filter((index) => !store.has(keyOf(index)));
    const add = appending(store, reporter);
    let done = 0;
    if (missing.length > 0) {
      for await (const rows of compute(missing)) {
        const count = rows.length / dimension;
        add(Array.from(missing.subarray(done, done + count), keyOf), rows);
        done += count;
      }
    }
    for (let start = 0; start < indices.length; start += BLOCK) {
      yield store.read(Array.from(indices.subarray(start, start + BLOCK), keyOf));
    }
  } finally {
    store.close();
  }
}

/** Appends to a store; the first failure to write is a warning, and further ones are silent. */
function appending(store: FeatureCache, reporter: Reporter): FeatureCache['append'] {
  let isSaid = false;
  return (keys, rows) => {
    try {
      store.append(keys, rows);
    } catch (error) {
      if (isSaid) return;
      isSaid = true;
      const message = `features are not stored for later commands: ${reasonOf(error)}`;
      reporter.warn({ code: 'cache.features', message });
    }
  };
}

export interface StoredFeaturesOptions extends Pick<StoredRowsOptions, 'key' | 'model'> {
  /** Most bytes of the features of a set; those of a larger one are computed each time. */
  maxBytes?: number;
}

/** An encoder whose features of evaluation views are stored beside the decoded images. */
export function withStoredFeatures<E extends ImageEncoder>(
  encoder: E,
  { key, model, maxBytes = Infinity }: StoredFeaturesOptions,
): E {
  const { dimension } = encoder;
  const parts = (images: PixelSet, options: EmbedOptions = {}) => {
    const bytes = countOf(images) * dimension * Float32Array.BYTES_PER_ELEMENT;
    if (bytes > maxBytes) return encoder.parts(images, options);
    return storedRows({
      ...{ key, model, dimension, images, reporter: options.reporter },
      compute: (indices) => encoder.parts({ cache: images.cache, indices }, options),
    });
  };
  return {
    ...encoder,
    parts,
    async embed(images: PixelSet, options?: EmbedOptions): Promise<Features> {
      return featuresOf(
        await joined(parts(images, options), countOf(images) * dimension),
        dimension,
      );
    },
  };
}

/** Number of images of a set. */
export function countOf({ cache, indices }: { cache: DecodedImages; indices?: Uint32Array }) {
  return indices?.length ?? cache.widths.length;
}

/** Joins parts to one array of `length` values. */
export async function joined(
  parts: AsyncIterable<Float32Array>,
  length: number,
): Promise<Float32Array> {
  const data = new Float32Array(length);
  let at = 0;
  for await (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return data;
}
