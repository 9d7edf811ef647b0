/** Finding images by words of their paths and clusters, and by folders. */
import { isBelow } from '../duplicates/index.ts';
import type { OpenedRun } from './openedRun.ts';
import type { FolderAnswer, SearchAnswer } from './protocol.ts';

/** Most rows that a search returns. */
const MAX_FOUND = 100_000;
/** Most folders that a search returns. */
const MAX_FOLDERS = 60;

/**
 * Finds the rows whose path, or whose cluster's name, has every word of a text, within a folder
 * where one is given. Upper and lower case are the same. Without words all rows of the folder are
 * found, and none without a folder.
 */
export function search(
  { ids, clusters }: Pick<OpenedRun, 'ids' | 'clusters'>,
  text: string,
  folder = '',
): SearchAnswer {
  const words = plain(text).split(/\s+/).filter(Boolean);
  const edited = clusters?.edits.current();
  const names = new Map(
    [...(edited?.names ?? [])].map(([cluster, name]) => [cluster, plain(name)]),
  );
  const rows: number[] = [];
  let total = 0;
  const counts = new Map<string, number>();
  const isAsked = words.length > 0 || folder !== '';
  for (const [row, id] of ids.entries()) {
    if (folder !== '' && !isBelow(id, folder)) continue;
    countFolders(counts, id, folder, { deep: words.length > 0 });
    const path = plain(id);
    const name = edited ? names.get(edited.clusters[row]!) : undefined;
    const isFound = words.every((word) => path.includes(word) || name?.includes(word));
    if (!isAsked || !isFound) continue;
    if (rows.length < MAX_FOUND) rows.push(row);
    total++;
  }
  return { rows, total, folders: foldersWith(counts, words) };
}

/** Counts an image in the folders of its path below another: the next one, or all of them. */
function countFolders(
  counts: Map<string, number>,
  id: string,
  below: string,
  { deep }: { deep: boolean },
): void {
  let end = id.indexOf('/', below === '' ? 0 : below.length + 1);
  while (end >= 0) {
    const folder = id.slice(0, end);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
    if (!deep) return;
    end = id.indexOf('/', end + 1);
  }
}

/** Lists the folders whose path has every word, those with most images first. */
function foldersWith(
  counts: ReadonlyMap<string, number>,
  words: readonly string[],
): FolderAnswer[] {
  return [...counts]
    .filter(([path]) => {
      const text = plain(path);
      return words.every((word) => text.includes(word));
    })
    .map(([path, images]) => ({ path, images }))
    .sort((a, b) => b.images - a.images || (a.path < b.path ? -1 : 1))
    .slice(0, MAX_FOLDERS);
}

const plain = (text: string) => text.normalize('NFC').toLowerCase();
