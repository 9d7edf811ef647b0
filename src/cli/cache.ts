/** `likeness cache`: the decoded images that are kept for the next run. */

import { showBytes, showCount } from '../core/text.ts';
import { clearCaches, defaultCacheDir, listCaches } from '../data/index.ts';
import type { Command } from './command.ts';

export const cacheCommand: Command = {
  name: 'cache',
  summary: 'Shows the cached images of earlier runs, or removes them.',
  details:
    'Every image is decoded once and kept in a packed file, found again by content and settings. The folder is ~/.cache/likeness, or LIKENESS_CACHE; together the files take at most 20 GiB, the least recently used go first. Removing them costs nothing but decoding again.',
  arguments: [],
  options: [{ flags: '--clear', description: 'remove all cached images' }],
  examples: [
    { command: 'likeness cache', meaning: 'what is kept, and how much room it takes' },
    { command: 'likeness cache --clear', meaning: 'remove it all' },
  ],
  async run(_args, { clear }, terminal) {
    const folder = defaultCacheDir();
    if (clear === true) {
      const { removed, bytes } = clearCaches(folder);
      terminal.say(`removed ${showCount(removed)} file${removed === 1 ? '' : 's'}, ${showBytes(bytes)}`);
      return { folder, removed, bytes };
    }
    const caches = listCaches(folder);
    terminal.say(`${folder}: ${caches.length === 0 ? 'nothing cached' : showBytes(total(caches))}`);
    for (const { bytes, lastUsed, contents } of caches) {
      const what = contents
        ? `${contents.source.name}, ${showCount(contents.count)} images of at most ${contents.size} px`
        : 'damaged or unfinished';
      terminal.say(`  ${showBytes(bytes).padStart(10)}  ${lastUsed.toISOString().slice(0, 10)}  ${what}`);
    }
    return { folder, bytes: total(caches), caches };
  },
};

function total(caches: readonly { bytes: number }[]): number {
  return caches.reduce((sum, { bytes }) => sum + bytes, 0);
}
