/** Grouping duplicates in a worker thread, so that the server answers meanwhile. */
import type { Reporter } from '../core/reporter.ts';
import { workerUrl } from '../core/workers.ts';
import type { DuplicatePair, Merge } from '../duplicates/index.ts';
import type { ComparedPairs, GroupedDuplicates } from './duplicateGroups.ts';
import type { Row } from './protocol.ts';
import { inWorker } from './workerJob.ts';

/** Numbers of many equal records, which threads copy at once. */
export interface PackedRecords {
  readonly rows: Int32Array;
  readonly similarities: Float64Array;
}

export interface GroupsRequest extends Omit<ComparedPairs, 'pairs'> {
  /** Packed by {@link packPairs}. */
  readonly pairs: PackedRecords;
  readonly gone: ReadonlySet<Row>;
}

export interface GroupsReply extends Omit<GroupedDuplicates, 'tree'> {
  /** Packed by {@link packTree}. */
  readonly tree: PackedRecords;
}

/**
 * Does the work of `groupDuplicates`. The worker ends with the reporter's signal.
 *
 * @throws the signal's reason
 */
export async function groupInWorker(
  { pairs, equal, least, images }: ComparedPairs,
  gone: ReadonlySet<Row>,
  reporter: Reporter,
): Promise<GroupedDuplicates> {
  const request: GroupsRequest = {
    ...{ pairs: packPairs(pairs), equal, least, gone },
    images: images.map(({ row, sameAs }) => ({ row, sameAs })),
  };
  const url = workerUrl(import.meta.url, './duplicateGroups.worker');
  const { tree, ...reply } = await inWorker<GroupsReply>(url, request, reporter);
  return { ...reply, tree: unpackTree(tree) };
}

/** Packs pairs as rows [P, 2] and similarities [P]. */
export function packPairs(pairs: readonly DuplicatePair[]): PackedRecords {
  const rows = new Int32Array(2 * pairs.length);
  const similarities = new Float64Array(pairs.length);
  for (const [i, { a, b, similarity }] of pairs.entries()) {
    rows.set([a, b], 2 * i);
    similarities[i] = similarity;
  }
  return { rows, similarities };
}

export function unpackPairs({ rows, similarities }: PackedRecords): DuplicatePair[] {
  return Array.from(similarities, (similarity, i) => ({
    ...{ a: rows[2 * i]!, b: rows[2 * i + 1]!, similarity },
  }));
}

/** Packs merges as rows [M, 4] and similarities [M, 2], those of the worst pairs second. */
export function packTree(tree: readonly Merge[]): PackedRecords {
  const rows = new Int32Array(4 * tree.length);
  const similarities = new Float64Array(2 * tree.length);
  for (const [i, { a, b, worst, similarity }] of tree.entries()) {
    rows.set([a, b, worst.a, worst.b], 4 * i);
    similarities.set([similarity, worst.similarity], 2 * i);
  }
  return { rows, similarities };
}

export function unpackTree({ rows, similarities }: PackedRecords): Merge[] {
  return Array.from({ length: similarities.length / 2 }, (_, i) => {
    const [a, b, first, second] = rows.subarray(4 * i, 4 * i + 4);
    const [similarity, least] = similarities.subarray(2 * i, 2 * i + 2);
    const worst = { a: first!, b: second!, similarity: least! };
    return { a: a!, b: b!, worst, similarity: similarity! };
  });
}
