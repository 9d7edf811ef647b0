/** Names of images that are sorted into one folder per cluster. Nothing here touches the disk. */
import { JUNK } from './applyEdits.ts';

export interface SortItem {
  /** Id of the image in its source. */
  readonly id: string;
  /** Cluster of the image, -2 for junk; negative where it has none. */
  readonly cluster: number;
}

/** Longest file name in bytes that common file systems take, less space for a number. */
const MAX_NAME_BYTES = 240;

/**
 * Builds a name such as `cluster-007`, with more digits for more than a thousand clusters, or
 * `junk` for images that a person marked so.
 */
export function clusterFolderName(cluster: number, clusters: number): string {
  if (cluster === JUNK) return 'junk';
  if (cluster < 0) return 'unassigned';
  const digits = Math.max(3, String(Math.max(0, clusters - 1)).length);
  return `cluster-${String(cluster).padStart(digits, '0')}`;
}

export interface SortedNameOptions {
  /** Replaces the extension of files, such as `.png` for images of packed files. */
  readonly extension?: string;
  /** Names of clusters by their numbers. Default: none. */
  readonly names?: ReadonlyMap<number, string>;
}

/** Longest name of a cluster in a folder's name, in bytes, less space for its number. */
const MAX_FOLDER_BYTES = 200;
/** Names that Windows keeps for devices, and those of folders without a name. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d|junk|unassigned|cluster-\d+)(\.|$)/i;

/**
 * Builds the folder names of clusters: the name that a person gave, with `_` for characters that a
 * file system refuses, or the number.
 *
 * Equal and reserved names get the number behind them, as in `shoes (cluster-012)`.
 */
export function clusterFolderNames(
  numbers: Iterable<number>,
  names: ReadonlyMap<number, string>,
): ReadonlyMap<number, string> {
  const all = [...numbers];
  const clusters = all.reduce((most, cluster) => Math.max(most, cluster + 1), 0);
  const keyOf = (name: string) => name.normalize('NFC').toLowerCase();
  const safe = new Map(all.map((cluster) => [cluster, safeFolderName(names.get(cluster) ?? '')]));
  const counts = new Map<string, number>();
  for (const name of safe.values()) counts.set(keyOf(name), (counts.get(keyOf(name)) ?? 0) + 1);
  return new Map(
    all.map((cluster) => {
      const [name, number] = [safe.get(cluster)!, clusterFolderName(cluster, clusters)];
      if (name === '') return [cluster, number];
      const isClear = counts.get(keyOf(name)) === 1 && !RESERVED.test(name);
      return [cluster, isClear ? name : `${name} (${number})`];
    }),
  );
}

function safeFolderName(name: string): string {
  const plain = name.normalize('NFC').replace(/[\p{Cc}\p{Cf}/\\:*?"<>|]/gu, '_');
  return cutTo(plain, MAX_FOLDER_BYTES)
    .trim()
    .replace(/^\.+/, '_')
    .replace(/[. ]+$/, '');
}

/** Cuts the end of a text that has too many bytes. */
function cutTo(text: string, bytes: number): string {
  let result = text;
  while (Buffer.byteLength(result) > bytes) result = [...result].slice(0, -1).join('');
  return result;
}

/**
 * Names every item `folder/name`, in the order of the items.
 *
 * A file keeps a name that is unique in its cluster. Files of equal names get their parent folders
 * in front (`a/b/x.jpg` becomes `a_b_x.jpg`), and names that still collide get `-2`, `-3`, … in the
 * order of ids. Names that differ only in case or in Unicode form collide, as they do on many
 * disks. The order of the items never changes a name.
 */
export function sortedNames(
  items: readonly SortItem[],
  { extension, names = new Map() }: SortedNameOptions = {},
): string[] {
  const folders = clusterFolderNames(new Set(items.map(({ cluster }) => cluster)), names);
  const keyOf = (folder: string, name: string) =>
    `${folder}/${name}`.normalize('NFC').toLowerCase();
  const plain = items.map(({ id, cluster }) => {
    const parts = id.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
    const last = withExtension(parts.at(-1) ?? 'image', extension);
    return {
      folder: folders.get(cluster)!,
      name: last,
      long: [...parts.slice(0, -1), last].join('_'),
    };
  });
  const counts = new Map<string, number>();
  for (const { folder, name } of plain) {
    const key = keyOf(folder, name);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  // Unique names first, so that no other item can take them.
  const used = new Set<string>();
  for (const [key, count] of counts) if (count === 1) used.add(key);

  const targets = new Array<string>(items.length);
  const order = items
    .map((_, index) => index)
    .sort((a, b) => (items[a]!.id < items[b]!.id ? -1 : 1));
  for (const index of order) {
    const { folder, name, long } = plain[index]!;
    if (counts.get(keyOf(folder, name)) === 1) {
      targets[index] = `${folder}/${name}`;
      continue;
    }
    const short = shortened(long);
    let candidate = short;
    for (let copy = 2; used.has(keyOf(folder, candidate)); copy++)
      candidate = numbered(short, copy);
    used.add(keyOf(folder, candidate));
    targets[index] = `${folder}/${candidate}`;
  }
  return targets;
}

function split(name: string): [string, string] {
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot)];
}

function withExtension(name: string, extension: string | undefined): string {
  // Only names in packed files can have characters that a file system refuses.
  return extension === undefined
    ? name
    : `${split(name)[0].replace(/[\p{Cc}\\:*?"<>|]/gu, '_')}${extension}`;
}

function numbered(name: string, copy: number): string {
  const [stem, extension] = split(name);
  return `${stem}-${copy}${extension}`;
}

/** Cuts the front of a name that is too long, because its end tells more than its first folders. */
function shortened(name: string): string {
  let result = name;
  while (Buffer.byteLength(result) > MAX_NAME_BYTES) result = [...result].slice(1).join('');
  return result;
}
