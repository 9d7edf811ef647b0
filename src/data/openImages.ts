/** Images of a source, decoded once per size. */
import { resolve } from 'node:path';
import { type Reporter, silent } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import { plural, showCount } from '../core/text.ts';
import { openPixelCache } from './cache.ts';
import { defaultCacheDir } from './cache-folder.ts';
import { rangeText, withOwnRange } from './ownRange.ts';
import { openSource, type SourceOptions } from './source.ts';
import type { PixelCache, Source, ValueRange } from './types.ts';
import { withRange } from './withRange.ts';

/** An open source, with its decoded images of every size that was asked for. */
export interface OpenImages {
  /** Path as the caller gave it. */
  readonly path: string;
  /** Entries and originals. */
  readonly source: Source;
  /** Absolute path of the folder of decoded images and other things measured on this machine. */
  readonly cacheDir: string;
  /**
   * Finds the range of images of more than 8 bits, and returns the source with it: the range of
   * `openImages`, else `range`, else one from a sample of the images, which a note tells.
   */
  ranged(options?: RangedOptions): Promise<Source>;
  /**
   * Decodes the images to at most `size` pixels, or finds them in the cache.
   *
   * @throws the signal's reason where the reporter's signal is aborted.
   */
  pixels(options: { size: number } & RangedOptions): Promise<PixelCache>;
  close(): Promise<void>;
}

export interface RangedOptions {
  /** Range of the run whose encoder sees the images. */
  range?: ValueRange | undefined;
  reporter?: Reporter;
}

export interface OpenOptions extends SourceOptions {
  /** Folder of decoded images. Default `~/.cache/likeness`, or `LIKENESS_CACHE`. */
  cacheDir?: string;
  /** Receives the choice of labels and folders that are left out, as notes. */
  reporter?: Reporter;
}

/**
 * Opens a folder of images, a tar file, or a packed data set (CIFAR, STL-10, IDX).
 *
 * @throws LikenessError `source.*` where there is nothing that can be read.
 */
export async function openImages(
  path: string,
  { cacheDir = defaultCacheDir(), reporter = silent, ...options }: OpenOptions = {},
): Promise<OpenImages> {
  const onListed = beginStage(reporter, { stage: 'list', text: 'listing', unit: 'image' });
  const source = await openSource(path, { ...options, onListed, signal: reporter.signal });
  for (const note of source.notes ?? []) reporter.note(note);
  const caches = new Map<string, PixelCache>();
  const ranges = new Map<string, Promise<Source>>();
  async function ranged({ range, reporter = silent }: RangedOptions = {}): Promise<Source> {
    const own = await ranges.get(String(undefined));
    // The run that these images have made has their own range, which is said already.
    if (range && own && String(own.choices?.range) === String(range)) return own;
    const key = String(range);
    const found =
      ranges.get(key) ??
      rangedSource(source, { range, reporter }).catch((error) => {
        ranges.delete(key);
        throw error;
      });
    ranges.set(key, found);
    return found;
  }
  return {
    path,
    source,
    cacheDir: resolve(cacheDir),
    ranged,
    async pixels({ size, range, reporter = silent }) {
      const own = await ranged({ range, reporter });
      const key = `${size} ${own.choices?.range}`;
      const cache = caches.get(key) ?? (await decode(own, { size, cacheDir, reporter }));
      caches.set(key, cache);
      return cache;
    },
    close: () => source.close(),
  };
}

/** The source with its range, which is said. */
async function rangedSource(
  source: Source,
  { range, reporter }: { range: ValueRange | undefined; reporter: Reporter },
): Promise<Source> {
  const given = source.choices?.range;
  if (given) {
    if (range && String(range) !== String(given)) {
      const message = `\`range\`: ${rangeText(given)}, but ${rangeText(range)} in the run`;
      reporter.warn({ code: 'images.range', message: `${message}. Features may differ` });
    }
    return source;
  }
  if (!range) return withOwnRange(source, reporter);
  const message = `images of more than 8 bits: ${rangeText(range)}, as in the run`;
  reporter.note({ code: 'images.range', message });
  return withRange(source, range);
}

function decode(
  source: Source,
  { size, cacheDir, reporter }: { size: number; cacheDir: string; reporter: Reporter },
): Promise<PixelCache> {
  return openPixelCache(source, {
    size,
    cacheDir,
    signal: reporter.signal,
    onProgress: ({ done, total, skipped }) =>
      reporter.progress({
        stage: 'decode',
        text:
          `decoding ${showCount(done)} of ${plural(total, 'image')}` +
          (skipped > 0 ? `, ${showCount(skipped)} skipped` : ''),
        done,
        total,
      }),
  });
}
