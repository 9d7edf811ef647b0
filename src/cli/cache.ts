/** `likeness cache`: the decoded images on this machine. */
import { plural, showBytes, showCount } from '../core/text.ts';
import { type CacheListing, clearCaches, listCaches } from '../likeness.ts';
import type { Command } from './command.ts';

export const cacheCommand: Command = {
  name: 'cache',
  summary: 'Shows the cached images of earlier runs, or removes them.',
  details:
    'Every image is decoded once and stored in a packed file, which is found again by names, ' +
    'sizes and times of the files and by settings. The folder is ~/.cache/likeness, or ' +
    'LIKENESS_CACHE. Together the files take at most 20 GiB, and the least recently used are ' +
    'removed first. After a removal the images are decoded again. Features of runs ' +
    'and pretrained models and thumbnails of explore are stored there too, and computed again ' +
    'after a removal. Thumbnails of a source take at most 2 GiB. The scores ' +
    'of baselines, such as raw pixels, that evaluate has measured on some images stay 90 days.',
  arguments: [],
  options: [{ flags: '--clear', description: 'remove all cached images' }],
  examples: [
    { command: 'likeness cache', meaning: 'list the cached images and their sizes' },
    { command: 'likeness cache --clear', meaning: 'remove all cached images' },
  ],
  async run(_args, { clear }, terminal) {
    if (clear === true) {
      const cleared = clearCaches();
      const { removed, bytes } = cleared;
      terminal.say(
        `removed ${showCount(removed)} file${removed === 1 ? '' : 's'}, ${showBytes(bytes)}`,
      );
      return cleared;
    }
    const listing = listCaches();
    const { folder, bytes, caches } = listing;
    terminal.say(`${folder}: ${caches.length === 0 ? 'nothing cached' : showBytes(bytes)}`);
    for (const cache of caches.filter(({ scores }) => !scores)) {
      const { bytes: size, lastUsed } = cache;
      const what = contentsOf(cache);
      terminal.say(
        `  ${showBytes(size).padStart(10)}  ${lastUsed.toISOString().slice(0, 10)}  ${what}`,
      );
    }
    const scored = caches.filter(({ scores }) => scores).length;
    if (scored > 0) terminal.say(`and the scores of ${plural(scored, 'baseline')}`);
    return listing;
  },
};

/** Describes a cache in words. */
function contentsOf({
  contents,
  features,
  thumbnails,
  facts,
}: CacheListing['caches'][number]): string {
  if (contents) {
    const { source, count, size } = contents;
    return `${source.name}, ${plural(count, 'image')} of at most ${size} px`;
  }
  if (thumbnails) return `${thumbnails.source}, ${plural(thumbnails.count, 'thumbnail')}`;
  if (facts) return 'sizes and dates of images';
  if (!features) return 'damaged or unfinished';
  const { source, count, model } = features;
  return `${source}, features of ${plural(count, 'image')} by ${model}`;
}
