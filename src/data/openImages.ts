/** Images of a source, decoded once per size. */
import { resolve } from 'node:path';
import { type Reporter, silent } from '../core/reporter.ts';
import { plural, showCount } from '../core/text.ts';
import { openPixelCache } from './cache.ts';
import { defaultCacheDir } from './cache-folder.ts';
import { openSource, type SourceOptions } from './source.ts';
import type { PixelCache, Source } from './types.ts';

/** An open source, with its decoded images of every size that was asked for. */
export interface OpenImages {
  /** Path as the caller gave it. */
  readonly path: string;
  /** Entries and originals. */
  readonly source: Source;
  /** Absolute path of the folder of decoded images and other things measured on this machine. */
  readonly cacheDir: string;
  /**
   * Decodes the images to at most `size` pixels, or finds them in the cache.
   *
   * @throws the signal's reason where the reporter's signal is aborted.
   */
  pixels(options: { size: number; reporter?: Reporter }): Promise<PixelCache>;
  close(): Promise<void>;
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
  const source = await openSource(path, { ...options, signal: reporter.signal });
  for (const note of source.notes ?? []) reporter.note(note);
  const caches = new Map<number, PixelCache>();
  return {
    path,
    source,
    cacheDir: resolve(cacheDir),
    async pixels({ size, reporter = silent }) {
      const cache = caches.get(size) ?? (await decode(source, { size, cacheDir, reporter }));
      caches.set(size, cache);
      return cache;
    },
    close: () => source.close(),
  };
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
