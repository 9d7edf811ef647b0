/** Groups of duplicates at any threshold, from images that were compared once. */
import { plural } from '../core/text.ts';
import {
  byKeepRule,
  DEFAULT_THRESHOLD,
  type KeepRule,
  type PositionGroup,
} from '../duplicates/index.ts';
import { type GroupedDuplicates, nearGroups } from './duplicateGroups.ts';
import type { StoredDuplicates } from './duplicatesFile.ts';
import type { FileChanges } from './fileStamps.ts';
import type { OpenedRun } from './openedRun.ts';
import type { DuplicateGroupAnswer, DuplicatesAnswer } from './protocol.ts';

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
    near: nearGroups(grouped, stored, threshold).map(ordered),
    gone: stored.images.filter(({ row }) => changes.gone.has(row)).length,
    changed: changes.changed,
    ...{ kept: decidedRows(true), moved: decidedRows(false) },
  };
}

/** Sentence for the end of a comparison. */
export function comparedText(stored: StoredDuplicates, grouped: GroupedDuplicates): string {
  const groups = grouped.exact.length + nearGroups(grouped, stored, DEFAULT_THRESHOLD).length;
  return `${plural(groups, 'group')} of duplicates among ${plural(stored.compared, 'image')}`;
}
