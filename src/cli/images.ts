/** A source as commands use it: opened, decoded into the cache, with a progress line and a word on what was skipped. */
import {
  decodeImage,
  defaultCacheDir,
  measureSource,
  openPixelCache,
  openSource,
  type PixelCache,
  type Source,
} from '../data/index.ts';
import type { ImageFacts } from '../methods/index.ts';
import { showCount, type Terminal } from './terminal.ts';

/** Opens a source and its pixel cache; the source stays open for reading originals until the caller closes it. */
export async function openImages(
  path: string,
  { size, terminal, source: opened }: { size: number; terminal: Terminal; source?: Source },
): Promise<{ source: Source; cache: PixelCache }> {
  const source = opened ?? (await openSource(path));
  const cache = await openPixelCache(source, {
    size,
    signal: terminal.signal,
    onProgress: ({ done, total, skipped }) =>
      terminal.progress(
        `decoding ${showCount(done)} of ${showCount(total)} images${skipped > 0 ? `, ${showCount(skipped)} skipped` : ''}`,
      ),
  });
  terminal.endProgress();
  return { source, cache };
}

/** Says how many files were skipped, with the first few reasons. */
export function saySkipped(terminal: Terminal, cache: PixelCache): void {
  const { skipped } = cache;
  if (skipped.length === 0) return;
  terminal.warn(
    `skipped ${showCount(skipped.length)} file${skipped.length === 1 ? '' : 's'} (all are listed in skipped.csv):`,
  );
  for (const { id, reason } of skipped.slice(0, 3)) terminal.warn(`  ${id}: ${reason}`);
}

/** Images looked at to tell colour from grey. */
const COLOUR_SAMPLES = 12;

/** What a preset is chosen by, from a look at some images. */
export async function imageFacts(source: Source): Promise<Omit<ImageFacts, 'count'>> {
  const sizes = await measureSource(source);
  let colour: ImageFacts['colour'] = 'grey';
  const total = source.entries.length;
  const count = Math.min(COLOUR_SAMPLES, total);
  for (let i = 0; i < count && colour === 'grey'; i++) {
    try {
      const { pixels } = await decodeImage(await source.read(Math.floor((i * total) / count)), { size: 32 });
      if (hasColour(pixels)) colour = 'colour';
    } catch {
      // An unreadable image is counted when the cache is made.
    }
  }
  return { medianShortSide: sizes?.medianShortSide ?? 0, colour };
}

/** Whether some pixel's channels differ by more than compression makes them. */
function hasColour(pixels: Uint8Array): boolean {
  for (let i = 0; i + 2 < pixels.length; i += 3) {
    const [r, g, b] = [pixels[i]!, pixels[i + 1]!, pixels[i + 2]!];
    if (Math.max(r, g, b) - Math.min(r, g, b) > 16) return true;
  }
  return false;
}

/** Cache size for views of a size: half as large again, so that a crop of part of an image keeps some detail. */
export function cacheSizeFor(largestCrop: number): number {
  return Math.ceil(largestCrop * 1.5);
}

/** Images of a split; all of them when the source has no such split. */
export function indicesOfSplit(cache: PixelCache, split: 'train' | 'test' | 'all'): Uint32Array {
  const all = Uint32Array.from({ length: cache.count }, (_, i) => i);
  if (split === 'all' || !cache.entries.some((entry) => entry.split === split)) return all;
  return all.filter((i) => cache.entries[i]!.split === split);
}

/**
 * Positions, among the images at these indices, of those without a label where others have one: images that are there
 * to learn from, such as STL-10's unlabelled ones. None where no image has a label.
 */
export function unlabelledAmong({ entries }: Pick<PixelCache, 'entries'>, indices: Uint32Array): Uint32Array {
  const positions = Uint32Array.from(indices.keys());
  const without = positions.filter((position) => entries[indices[position]!]!.label === undefined);
  return without.length < indices.length ? without : new Uint32Array(0);
}

export { defaultCacheDir };
