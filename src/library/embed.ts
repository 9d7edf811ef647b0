/** Features of images, in memory or as a file. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { normalizeRows } from '../cluster/index.ts';
import type { Reporter, ReporterOptions } from '../core/reporter.ts';
import { indicesOfSplit, type OpenImages, type PixelCache, reportSkipped } from '../data/index.ts';
import { type ImageEncoder, type RowsSeen, rowsSeen } from '../encoders/index.ts';
import { makeFolder } from '../formats/index.ts';
import { type Run, type StoredSource, writeSkipped } from '../run/index.ts';
import {
  type FeatureFormat,
  type FeatureTable,
  featureFormatOf,
  writeFeatures,
} from './featureFiles.ts';
import { type Images, reporterFor, withImages } from './images.ts';
import { checkOptions, flag, oneOf, splitNames } from './options.ts';
import { withEncoder } from './runEncoder.ts';
import { warnOfSame } from './warnOfSame.ts';

export interface EmbedOptions extends ReporterOptions {
  /** Images to embed. Default `all`. */
  split?: 'train' | 'test' | 'all';
  /** Divides every feature by its length, so that dot products are cosines. Default true. */
  normalize?: boolean;
}

/** Features of images. */
export interface Embeddings {
  /** Ids of the images: paths relative to the source. */
  readonly ids: readonly string[];
  /** Features [N, D], row by row. */
  readonly data: Float32Array;
  /** N */
  readonly count: number;
  /** D */
  readonly dimension: number;
  /** Label of each image, -1 without one, [N]; absent where no image has a label. */
  readonly labels?: Int32Array;
  readonly labelNames?: readonly string[];
}

/** Files that `embedTo` has written. */
export interface EmbedToResult {
  /** Absolute paths. */
  readonly files: readonly string[];
  readonly format: FeatureFormat;
  /** Number of images. */
  readonly count: number;
  readonly dimension: number;
  readonly normalized: boolean;
  /** Number of files that could not be used. */
  readonly skipped: number;
  /** Absolute path of the list of these files, where there are any. */
  readonly skippedFile?: string;
}

const shape = { split: oneOf(splitNames), normalize: flag };

/** Opens an encoder for as long as `work` takes. */
export type EncoderUse = <T>(work: (encoder: ImageEncoder) => Promise<T>) => Promise<T>;

/** Encoder of a model, and the decoding of its images. */
export interface EmbedSource {
  use: EncoderUse;
  /** Side of the cached images, in pixels. */
  cacheSize: number;
  workers: number;
  /** Source of the run, whose ways of reading are used for its own images. */
  stored?: StoredSource;
  /** Origin of the features, for file formats with metadata. */
  about: Readonly<Record<string, string>>;
}

/** Describes a run's encoder as the source of embeddings. */
export function embedSourceOf(run: Run): EmbedSource {
  const { method, step, view, config } = run;
  return {
    use: (work) => withEncoder(run, {}, work),
    cacheSize: view.cacheSize,
    workers: view.workers,
    stored: config.source,
    about: { method, step: String(step) },
  };
}

/** Embeds images into memory. */
export async function embedImages(
  source: EmbedSource,
  given: Images | string,
  options: EmbedOptions = {},
): Promise<Embeddings> {
  checkOptions(shape, options);
  const reporter = reporterFor(options);
  return withImages(
    given,
    async (images) => {
      const set = await imageSet(source, images, options, reporter);
      return source.use(async (encoder) => {
        const features = await encoder.embed(set, { workers: source.workers, reporter });
        const { data, count, dimension } =
          options.normalize === false ? features : normalizeRows(features);
        const seen = rowsSeen(dimension);
        seen.add(data);
        warnOfSame(encoder, { set, seen, reporter });
        return { ...namesOf(set.cache, set.indices), data, count, dimension };
      });
    },
    { reporter, stored: source.stored },
  );
}

/** Embeds images into a file, some rows at a time. */
export async function embedToFile(
  source: EmbedSource,
  file: string,
  given: Images | string,
  options: EmbedOptions = {},
): Promise<EmbedToResult> {
  checkOptions(shape, options);
  const { normalize = true } = options;
  const format = featureFormatOf(file);
  await makeFolder(dirname(file));
  const reporter = reporterFor(options);
  const skippedFile = `${file}.skipped.csv`;
  return withImages(
    given,
    async (images) => {
      const set = await imageSet(source, images, { ...options, skippedFile }, reporter);
      return source.use(async (encoder) => {
        const { dimension } = encoder;
        const parts = encoder.parts(set, { workers: source.workers, reporter });
        const table: FeatureTable = {
          ...namesOf(set.cache, set.indices),
          dimension,
          about: {
            source: set.cache.source.name,
            ...source.about,
            normalised: normalize ? 'l2' : 'no',
          },
        };
        const seen = rowsSeen(dimension);
        const rows = normalize ? unitParts(parts, dimension) : parts;
        const files = await writeFeatures(file, table, seenParts(rows, seen));
        warnOfSame(encoder, { set, seen, reporter });
        return {
          files: files.map((name) => resolve(name)),
          ...{ format, count: set.indices.length, dimension, normalized: normalize },
          skipped: set.cache.skipped.length,
          ...(set.cache.skipped.length > 0 && { skippedFile: resolve(skippedFile) }),
        };
      });
    },
    { reporter, stored: source.stored },
  );
}

async function imageSet(
  { cacheSize, stored }: EmbedSource,
  images: OpenImages,
  { split = 'all', skippedFile }: EmbedOptions & { skippedFile?: string },
  reporter: Reporter,
): Promise<{ cache: PixelCache; indices: Uint32Array }> {
  const cache = await images.pixels({ size: cacheSize, range: stored?.range, reporter });
  const { length } = cache.skipped;
  // An earlier list is replaced, also where nothing is skipped any more.
  const isListed = skippedFile !== undefined && (length > 0 || existsSync(skippedFile));
  if (isListed) await writeSkipped(skippedFile, cache.skipped);
  reportSkipped(cache, reporter, length > 0 ? { listedIn: skippedFile } : {});
  return { cache, indices: indicesOfSplit(cache, split) };
}

/** Passes rows on, and shows them. */
async function* seenParts(parts: AsyncIterable<Float32Array>, seen: RowsSeen) {
  for await (const data of parts) {
    seen.add(data);
    yield data;
  }
}

/** Divides rows by their length. */
async function* unitParts(parts: AsyncIterable<Float32Array>, dimension: number) {
  for await (const data of parts) {
    yield normalizeRows({ data, count: data.length / dimension, dimension }).data; // [b, D]
  }
}

/** Collects ids and labels of images of a cache. */
function namesOf(
  { entries, labelNames }: PixelCache,
  indices: Uint32Array,
): Pick<FeatureTable, 'ids' | 'labels' | 'labelNames'> {
  const chosen = Array.from(indices, (index) => entries[index]!);
  const labeled = chosen.some(({ label }) => label !== undefined);
  return {
    ids: chosen.map(({ id }) => id),
    labelNames,
    ...(labeled && { labels: Int32Array.from(chosen, ({ label }) => label ?? -1) }),
  };
}
