/** Images of a source, as programs open them. */
import { z } from 'zod';
import { type Reporter, type ReporterOptions, reporterOf, silent } from '../core/reporter.ts';
import {
  type OpenImages,
  openImages as openSourceImages,
  type SourceOptions,
} from '../data/index.ts';
import { choicesAsStored, readStoredSource, type StoredSource } from '../run/index.ts';
import { checkOptions, oneOf, path } from './options.ts';

/** Images of a folder, a tar file or a packed data set. Each is decoded once and cached on disk. */
export interface Images extends OpenImages, AsyncDisposable {
  /** Name for titles, such as the folder's name. */
  readonly name: string;
  /** Number of files or records. Some may turn out to be unreadable. */
  readonly count: number;
  /** Names of the classes where images have labels. Labels are read for evaluation alone. */
  readonly labelNames?: readonly string[];
}

export interface OpenImagesOptions extends ReporterOptions, SourceOptions {
  /** Folder of decoded images. Default `~/.cache/likeness`, or `LIKENESS_CACHE`. */
  cacheDir?: string;
  /**
   * Run whose `exclude`, `classes`, `labels` and `pages` are used where they are not given and the
   * source is its own. Functions of a model that are given a path do this themselves.
   */
  run?: string;
}

const rangeError = 'expected two numbers, the first below the second, such as [0, 4095]';

/** Options about the images of a source, which `inspect` takes too. */
export const sourceShape = {
  exclude: z.array(z.string(), { error: 'expected a list of patterns' }).readonly().optional(),
  classes: z.array(z.string(), { error: 'expected a list of names' }).readonly().optional(),
  labels: path(),
  pages: oneOf(['first', 'all']),
  range: z
    .tuple([z.number(), z.number()], { error: rangeError })
    .refine(([black, white]) => black < white, { error: rangeError })
    .readonly()
    .optional(),
};

/**
 * Opens a folder of images, a tar file, or a packed data set (CIFAR, STL-10, IDX).
 *
 * Images are decoded when something first needs them. The callbacks receive that progress unless
 * the function that needs them has callbacks of its own.
 *
 * @example
 * const images = await openImages('photos');
 * console.log(`${images.count} images`);
 * @throws LikenessError `source.*` where there is nothing to read.
 */
export async function openImages(source: string, options: OpenImagesOptions = {}): Promise<Images> {
  checkOptions({ cacheDir: path(), run: path(), ...sourceShape }, options);
  const { cacheDir, run, exclude, classes, labels, pages, range, ...callbacks } = options;
  const own = reporterOf(callbacks);
  const stored = run === undefined ? undefined : await readStoredSource(run);
  const choices = choicesAsStored(
    stored,
    { path: source, given: { exclude, classes, labels, pages, range } },
    own,
  );
  const opened = await openSourceImages(source, { cacheDir, ...choices, reporter: own });
  return {
    ...opened,
    name: opened.source.name,
    count: opened.source.entries.length,
    labelNames: opened.source.labelNames,
    ranged: ({ range, reporter = own } = {}) => opened.ranged({ range, reporter }),
    pixels: ({ size, range, reporter = own }) => opened.pixels({ size, range, reporter }),
    [Symbol.asyncDispose]: opened.close,
  };
}

/**
 * Images that a function was given, and a function that closes them if it has opened them itself.
 */
export interface GivenImages {
  images: OpenImages;
  release(): Promise<void>;
}

export interface TakeOptions {
  /** Receives notes and progress of a source that is opened. Default: nobody. */
  reporter?: Reporter;
  /** Source of a run, whose ways of reading are used for its own images. */
  stored?: StoredSource | undefined;
}

/** Takes open images as they are, and opens a source that is given by its path. */
export async function takeImages(
  given: OpenImages | string,
  { reporter = silent, stored }: TakeOptions = {},
): Promise<GivenImages> {
  if (typeof given !== 'string') return { images: given, release: async () => {} };
  const choices = choicesAsStored(stored, { path: given, given: {} }, reporter);
  const images = await openSourceImages(given, { ...choices, reporter });
  return { images, release: images.close };
}

/** Calls `work` with the images and closes them afterwards if they were given as a path. */
export async function withImages<T>(
  given: OpenImages | string,
  work: (images: OpenImages) => Promise<T>,
  options?: TakeOptions,
): Promise<T> {
  const { images, release } = await takeImages(given, options);
  try {
    return await work(images);
  } finally {
    await release();
  }
}

/** Decodes the images for a run's settings, with the callbacks of a call. */
export function reporterFor(options: ReporterOptions): Reporter {
  const { onProgress, onNote, onWarning, signal } = options;
  return reporterOf({ onProgress, onNote, onWarning, signal });
}
