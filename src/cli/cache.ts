/** `likeness cache`: the decoded images on this machine. */
import { plural, showBytes, showCount } from '../core/text.ts';
import { clearCaches, listCaches } from '../likeness.ts';
import type { Command } from './command.ts';

export const cacheCommand: Command = {
  name: 'cache',
  summary: 'Shows the cached images of earlier runs, or removes them.',
  details:
    'Every image is decoded once and stored in a packed file, which is found again by names, ' +
    'sizes and times of the files and by settings. The folder is ~/.cache/likeness, or ' +
    'LIKENESS_CACHE. Together the files take at most 20 GiB, and the least recently used are ' +
    'removed first. After a removal the images are decoded again.',
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
    for (const { bytes: size, lastUsed, contents } of caches) {
      const what = contents
        ? `${contents.source.name}, ${plural(contents.count, 'image')} of at most ${contents.size} px`
        : 'damaged or unfinished';
      terminal.say(
        `  ${showBytes(size).padStart(10)}  ${lastUsed.toISOString().slice(0, 10)}  ${what}`,
      );
    }
    return listing;
  },
};
