/** Edits that outlive a clustering: names, locks, junk, and decisions about duplicates. */
import { munkres } from 'munkres';
import { plural } from '../core/text.ts';
import { contingency, denseTable } from '../metrics/index.ts';
import { type EditedClusters, type FoundClusters, JUNK } from './applyEdits.ts';
import type { Operation } from './operations.ts';

/** Jaccard index of members from which two clusters count as the same. */
const MIN_JACCARD = 0.5;

export interface KeptEdits {
  /** Operations on the new clusters. */
  readonly operations: readonly Operation[];
  /** Sentence on what was kept; undefined where there was nothing to keep. */
  readonly text?: string;
}

/** Clusters before a new clustering, with their edits. */
export interface EditedBefore {
  readonly ids: readonly string[];
  readonly edited: EditedClusters;
  readonly operations: readonly Operation[];
}

/**
 * Carries edits over to a new clustering.
 *
 * A name goes to the new cluster whose members agree: pairs of the largest Jaccard indices by the
 * Hungarian method, at least 0.5. A locked cluster keeps its members exactly, as the cluster that
 * it matches or as a new one. Junk stays junk, and decisions about duplicates stay. Merges, splits
 * and moves of unlocked clusters are not carried over, because the new clustering may have found
 * the groups itself.
 */
export function keepEdits(before: EditedBefore, found: FoundClusters): KeptEdits {
  const { ids, edited, operations: done } = before;
  if (done.length === 0) return { operations: [] };
  const clusterBefore = new Map(ids.map((id, row) => [id, edited.clusters[row]!]));
  const rowNow = new Map(found.ids.map((id, row) => [id, row]));
  const own = found.ids.map((id) => clusterBefore.get(id) ?? NEW_IMAGE);
  const matches = matchClusters(own, found.clusters);
  const stay = (image: (row: number) => boolean) =>
    ids.filter((id, row) => image(row) && rowNow.has(id));
  const moves: Operation[] = [];
  const names: Operation[] = [];
  const locks: Operation[] = [];
  let next = found.k;
  for (const before of edited.numbers) {
    let cluster = matches.get(before);
    if (edited.locked.has(before)) {
      const members = stay((row) => edited.clusters[row] === before);
      if (members.length === 0) continue;
      const isMixed = own.some((old, row) => found.clusters[row] === cluster && old !== before);
      if (cluster === undefined || isMixed) {
        moves.push({ type: 'move', images: members, to: 'new' });
        cluster = next++;
      } else {
        const images = members.filter((id) => found.clusters[rowNow.get(id)!] !== cluster);
        if (images.length > 0) moves.push({ type: 'move', images, to: cluster });
      }
      locks.push({ type: 'lock', cluster, locked: true });
    }
    const name = edited.names.get(before);
    if (cluster !== undefined && name !== undefined) names.push({ type: 'name', cluster, name });
  }
  const images = stay((row) => edited.clusters[row] === JUNK);
  const junk: Operation[] = images.length === 0 ? [] : [{ type: 'junk', images, junk: true }];
  const [keep, move] = [true, false].map((isKept) =>
    stay((row) => edited.decided.get(row) === isKept),
  ) as [string[], string[]];
  const duplicates: Operation[] =
    keep.length + move.length === 0
      ? []
      : [
          {
            type: 'duplicates',
            ...(keep.length > 0 && { keep }),
            ...(move.length > 0 && { move }),
          },
        ];
  const counts = [
    ...(names.length > 0 ? [plural(names.length, 'name')] : []),
    ...(locks.length > 0 ? [plural(locks.length, 'locked cluster')] : []),
    ...(images.length > 0 ? [plural(images.length, 'junk image')] : []),
    ...(duplicates.length > 0 ? [plural(keep.length + move.length, 'decided duplicate')] : []),
  ];
  const text =
    `kept ${counts.length === 0 ? 'no edit' : counts.join(', ')} of the clusters before. All ` +
    `${plural(done.length, 'edit')} of them are in edits.before.json`;
  // Locks come last, because they refuse moves.
  return { operations: [...moves, ...names, ...junk, ...duplicates, ...locks], text };
}

/** Cluster of an image that the clustering before did not have. */
const NEW_IMAGE = -1;

/** Finds the new cluster that each cluster of before matches. Negative numbers match none. */
function matchClusters(
  before: readonly number[],
  now: ArrayLike<number>,
): ReadonlyMap<number, number> {
  const both = before.flatMap((cluster, row) => (cluster >= 0 ? [row] : []));
  if (both.length === 0) return new Map();
  const table = contingency(
    Int32Array.from(both, (row) => before[row]!),
    Int32Array.from(both, (row) => now[row]!),
  );
  const shared = denseTable(table);
  const jaccard = shared.map((counts, i) =>
    counts.map((count, j) => count / (table.classSizes[i]! + table.clusterSizes[j]! - count)),
  );
  // The package looks for the smallest sum.
  const pairs = munkres(jaccard.map((row) => row.map((share) => -share)));
  return new Map(
    pairs
      .filter(([row, column]) => jaccard[row]![column]! >= MIN_JACCARD)
      .map(([row, column]) => [table.classes[row]!, table.clusters[column]!]),
  );
}
