/** Folders and files of a source that are left out: those that programs make, and by patterns. */
import picomatch from 'picomatch';
import { LikenessError } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import { selectEntries } from './selectEntries.ts';
import type { Source } from './types.ts';

/**
 * Folders of thumbnails, trash and snapshots, by lower-case name. Synology and QNAP, Windows,
 * macOS, Linux desktops, digiKam, Picasa and Syncthing make them.
 */
const folders = new Set([
  ...['@eadir', '#recycle', '#snapshot', '@recycle', '@recently-snapshot', '@tmp', '.@__thumb'],
  ...[
    '@transcode',
    '$recycle.bin',
    'recycler',
    'recycled',
    'system volume information',
    'found.000',
    'lost+found',
  ],
  ...[
    'network trash folder',
    'temporary items',
    '__macosx',
    '.trash',
    '.trashes',
    '.thumbnails',
    '.thumb',
    '.thumbs',
    '.dtrash',
  ],
  ...['.picasaoriginals', '.stversions', '.stfolder', '.sync', '.snapshot', '.snapshots'],
]);
/** Trash of a user on another disk, such as `.Trash-1000`. */
const userTrash = /^\.trash-\d+$/;
/** Folders of previews, by their extension. */
const previews = /\.(lrdata|cocatalog|cosessiondb|aplibrary|migratedaplibrary)$/;
/** Libraries of Apple Photos and iPhoto, and the folders of originals in them. */
const library = /\.(photoslibrary|photolibrary|migratedphotolibrary)$/;
const originals = new Set(['originals', 'masters', 'original']);

/**
 * Tells if a folder holds no photographs of its own, such as `@eaDir`, `#recycle`, `$RECYCLE.BIN`,
 * `.thumbnails`, or the previews in a `*.photoslibrary`.
 *
 * @param parent name of the folder around it
 */
export function isLeftOut(name: string, parent: string): boolean {
  const lower = name.toLowerCase();
  if (folders.has(lower) || userTrash.test(lower) || previews.test(lower)) return true;
  const around = parent.toLowerCase();
  // Capture One keeps previews beside the photographs, in CaptureOne/Cache.
  if (around === 'captureone' && lower === 'cache') return true;
  return library.test(around) && !originals.has(lower);
}

/** Tells if a path, such as that of a member of an archive, lies in a folder that is left out. */
export function liesInLeftOut(path: string): boolean {
  const parts = path.split('/');
  return parts.slice(0, -1).some((name, i) => isLeftOut(name, parts[i - 1] ?? ''));
}

/** Sentence that names the folders; undefined for none. */
export function leftOutText(ids: readonly string[]): string | undefined {
  if (ids.length === 0) return undefined;
  const names = [...new Set(ids.map((id) => id.slice(id.lastIndexOf('/') + 1)))];
  const more = names.length > 3 ? ` and ${names.length - 3} other names` : '';
  return (
    `left out ${ids.length} folder${ids.length === 1 ? '' : 's'} of thumbnails, trash or ` +
    `previews: ${names.slice(0, 3).join(', ')}${more}`
  );
}

/** Sentence about files and folders that patterns exclude. */
export function excludedText(count: number): string {
  return `excluded ${plural(count, 'file or folder', 'files and folders')} by pattern`;
}

/** Patterns of `exclude`, with a count of what each call has matched. */
export interface Excluder {
  readonly patterns: readonly string[];
  matches(id: string): boolean;
  /** Patterns that have matched nothing so far. */
  unused(): string[];
}

/**
 * Compiles glob patterns, such as `raw/**` or `*_thumb.*`. A pattern without a slash is compared
 * with the name of every folder and file, another with the path relative to the source.
 *
 * @throws LikenessError `option.invalid` for an empty pattern
 */
export function excluderOf(patterns: readonly string[]): Excluder {
  const tests = patterns.map((pattern) => {
    const tidy = pattern.replace(/^\.?\//, '').replace(/\/+$/, '');
    if (tidy === '') {
      throw new LikenessError(
        'option.invalid',
        `exclude: received "${pattern}"; expected a pattern such as "thumbs/**" or "*_small.*"`,
      );
    }
    return picomatch([tidy], { dot: true, basename: !tidy.includes('/') });
  });
  const used = new Set<number>();
  return {
    patterns,
    matches(id) {
      let found = false;
      for (const [i, test] of tests.entries()) {
        if (!test(id)) continue;
        used.add(i);
        found = true;
      }
      return found;
    },
    unused: () => patterns.filter((_, i) => !used.has(i)),
  };
}

/** Source without the images whose ids match. */
export function withoutExcluded(source: Source, { patterns, matches }: Excluder): Source {
  const kept = Uint32Array.from(source.entries.keys()).filter(
    (index) => !matches(source.entries[index]!.id),
  );
  const message = excludedText(source.entries.length - kept.length);
  return {
    ...selectEntries(source, { kept, tag: patterns }),
    notes: [...(source.notes ?? []), { code: 'images.excluded', message }],
  };
}
