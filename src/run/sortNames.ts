/** Names of images that are sorted into one folder per cluster. Nothing here touches the disk. */

export interface SortItem {
  /** Id of the image in its source. */
  readonly id: string;
  /** Cluster of the image; negative where it has none. */
  readonly cluster: number;
}

/** Longest file name in bytes that common file systems take, less space for a number. */
const MAX_NAME_BYTES = 240;

/** Builds a name such as `cluster-007`, with more digits for more than a thousand clusters. */
export function clusterFolderName(cluster: number, clusters: number): string {
  if (cluster < 0) return 'unassigned';
  return `cluster-${String(cluster).padStart(Math.max(3, String(Math.max(0, clusters - 1)).length), '0')}`;
}

/**
 * Names every item `folder/name`, in the order of the items.
 *
 * A file keeps a name that is unique in its cluster. Files of equal names get their parent folders
 * in front (`a/b/x.jpg` becomes `a_b_x.jpg`), and names that still collide get `-2`, `-3`, … in the
 * order of ids. Names that differ only in case or in Unicode form collide, as they do on many
 * disks. The order of the items never changes a name.
 *
 * @param extension replaces the extension where given (`.png` for images of packed files).
 */
export function sortedNames(
  items: readonly SortItem[],
  { extension }: { extension?: string } = {},
): string[] {
  const clusters = items.reduce((most, item) => Math.max(most, item.cluster + 1), 0);
  const keyOf = (folder: string, name: string) =>
    `${folder}/${name}`.normalize('NFC').toLowerCase();
  const plain = items.map(({ id, cluster }) => {
    const parts = id.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
    const last = withExtension(parts.at(-1) ?? 'image', extension);
    return {
      folder: clusterFolderName(cluster, clusters),
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
