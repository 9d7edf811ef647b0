import type { SearchAnswer } from '../../../src/server/protocol.ts';
import type { SyntheticRun } from './syntheticRun.ts';

/** Searches as the server does: words in paths and names of clusters, and folders. */
export function searchSynthetic(
  { images, path }: Pick<SyntheticRun, 'images' | 'path'>,
  nameOf: (row: number) => string,
  query: string,
  folder: string,
): SearchAnswer {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const hasAll = (text: string) => words.every((word) => text.toLowerCase().includes(word));
  const below = folder === '' ? '' : `${folder}/`;
  const rows: number[] = [];
  const counts = new Map<string, number>();
  for (let row = 0; row < images; row++) {
    const id = path(row);
    if (!id.startsWith(below)) continue;
    const parts = id.slice(below.length).split('/').slice(0, -1);
    for (const depth of parts.keys()) {
      if (depth > 0 && words.length === 0) break;
      const name = below + parts.slice(0, depth + 1).join('/');
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const isAsked = words.length > 0 || folder !== '';
    if (isAsked && hasAll(`${id} ${nameOf(row)}`)) rows.push(row);
  }
  const folders = [...counts]
    .filter(([name]) => hasAll(name))
    .map(([name, count]) => ({ path: name, images: count }))
    .sort((a, b) => b.images - a.images || (a.path < b.path ? -1 : 1));
  return { rows, total: rows.length, folders };
}
