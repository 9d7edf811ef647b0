/** Groups of duplicates at any threshold, from images that were compared once. */
import { plural } from '../core/text.ts';
import {
  byKeepRule,
  DEFAULT_THRESHOLD,
  groupsAt,
  type KeepRule,
  linkageTree,
  type PositionGroup,
  withEqual,
} from '../duplicates/index.ts';
import type { StoredDuplicates } from './duplicatesFile.ts';
import type { FileChanges } from './fileStamps.ts';
import type { OpenedRun } from './openedRun.ts';
import type { DuplicateGroupAnswer, DuplicatesAnswer, Row } from './protocol.ts';

/** Duplicates without the images that are gone, ready to be grouped. */
export interface GroupedDuplicates {
  /** Groups of files with the same bytes, by their first row. */
  readonly exact: readonly PositionGroup[];
  /** Groups of images that show the same picture, at a threshold from `least`. */
  at(threshold: number): PositionGroup[];
}

/** Leaves out images that are gone, and prepares the groups of the others. */
export function groupDuplicates(
  { pairs, equal, images, least }: StoredDuplicates,
  gone: ReadonlySet<Row>,
): GroupedDuplicates {
  const isHere = (row: Row) => !gone.has(row);
  const twins = equal.map((own) => own.filter(isHere));
  // Pairs are those of the first of equal images. Where it is gone, the next one has them.
  const standIn = new Map(equal.map((own, i) => [own[0]!, twins[i]![0]]));
  const rowFor = (row: Row) =>
    standIn.has(row) ? standIn.get(row) : isHere(row) ? row : undefined;
  const here = pairs.flatMap(({ a, b, similarity }) => {
    const [p, q] = [rowFor(a), rowFor(b)];
    if (p === undefined || q === undefined) return [];
    return [{ a: Math.min(p, q), b: Math.max(p, q), similarity }];
  });
  const tree = linkageTree(here, least);
  const sameAs = new Map(images.map((image) => [image.row, image.sameAs]));
  const alike = twins.filter(({ length }) => length > 1);
  const bytes = alike.flatMap((own) => sameBytes(own, sameAs));
  return {
    exact: withEqual([], bytes),
    at: (threshold) =>
      withEqual(groupsAt(tree, threshold), alike).filter(
        ({ members: [first, ...others] }) =>
          !others.every((row) => sameAs.get(row) === sameAs.get(first!)),
      ),
  };
}

/** Lists the rows of equal images that have the same bytes, two or more. */
function sameBytes(rows: readonly Row[], sameAs: ReadonlyMap<Row, Row>): Row[][] {
  const byFirst = new Map<Row, Row[]>();
  for (const row of rows) {
    const first = sameAs.get(row)!;
    byFirst.set(first, [...(byFirst.get(first) ?? []), row]);
  }
  return [...byFirst.values()].filter(({ length }) => length > 1);
}

/** Question of a page about duplicates. */
export interface DuplicatesQuestion {
  readonly threshold: number;
  readonly keep: KeepRule;
  /** Folder whose images are kept before all others. */
  readonly prefer?: string | undefined;
}

/** Answers with the groups at a threshold, the image to keep first. */
export function answerDuplicates(
  { ids, key, clusters }: OpenedRun,
  stored: StoredDuplicates,
  { grouped, changes }: { grouped: GroupedDuplicates; changes: FileChanges },
  { threshold, keep, prefer }: DuplicatesQuestion,
): DuplicatesAnswer {
  const facts = new Map(
    stored.images.map((image) => [image.row, { ...image, id: ids[image.row]!, index: image.row }]),
  );
  const ordered = ({ members, worst }: PositionGroup): DuplicateGroupAnswer => ({
    rows: byKeepRule(
      members.map((row) => facts.get(row)!),
      keep,
      { prefer },
    ).map(({ row }) => row),
    worst,
  });
  const decided = clusters?.edits.current().decided;
  const decidedRows = (isKept: boolean) =>
    stored.images.map(({ row }) => row).filter((row) => decided?.get(row) === isKept);
  return {
    ...{ key, least: stored.least, threshold, keep, compared: stored.compared },
    ...(prefer !== undefined && { prefer }),
    exact: grouped.exact.map(ordered),
    near: grouped.at(threshold).map(ordered),
    gone: stored.images.filter(({ row }) => changes.gone.has(row)).length,
    changed: changes.changed,
    ...{ kept: decidedRows(true), moved: decidedRows(false) },
  };
}

/** Sentence for the end of a comparison. */
export function comparedText(stored: StoredDuplicates): string {
  const { exact, at } = groupDuplicates(stored, new Set());
  const groups = exact.length + at(DEFAULT_THRESHOLD).length;
  return `${plural(groups, 'group')} of duplicates among ${plural(stored.compared, 'image')}`;
}
