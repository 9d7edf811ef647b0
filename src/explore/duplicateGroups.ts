/** Groups of duplicates without the images that are gone, from images that were compared once. */
import {
  groupsAt,
  linkageTree,
  type Merge,
  type PositionGroup,
  withEqual,
} from '../duplicates/groups.ts';
import type { StoredDuplicates } from './duplicatesFile.ts';
import type { Row } from './protocol.ts';

/** Pairs and equal images from which groups are made. */
export type ComparedPairs = Pick<StoredDuplicates, 'pairs' | 'equal' | 'least'> & {
  readonly images: readonly { readonly row: Row; readonly sameAs: Row }[];
};

/** Duplicates of the images that are there. {@link nearGroups} groups them at a threshold. */
export interface GroupedDuplicates {
  /** Groups of files with the same bytes, by their first row. */
  readonly exact: readonly PositionGroup[];
  /** Merges of complete linkage, most similar first. */
  readonly tree: readonly Merge[];
  /** Rows of images with equal pixels, two or more, rising. */
  readonly alike: readonly (readonly Row[])[];
}

/**
 * Leaves out images that are gone, and joins the others by complete linkage. With many pairs this
 * takes seconds, so the server does it in a worker.
 */
export function groupDuplicates(
  { pairs, equal, images, least }: ComparedPairs,
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
  const sameAs = new Map(images.map((image) => [image.row, image.sameAs]));
  const alike = twins.filter(({ length }) => length > 1);
  const bytes = alike.flatMap((own) => sameBytes(own, sameAs));
  return { exact: withEqual([], bytes), tree: linkageTree(here, least), alike };
}

/** Groups images that show the same picture in different files, at a threshold from `least`. */
export function nearGroups(
  { tree, alike }: GroupedDuplicates,
  { images }: Pick<ComparedPairs, 'images'>,
  threshold: number,
): PositionGroup[] {
  const sameAs = new Map(images.map((image) => [image.row, image.sameAs]));
  return withEqual(groupsAt(tree, threshold), alike).filter(
    ({ members: [first, ...others] }) =>
      !others.every((row) => sameAs.get(row) === sameAs.get(first!)),
  );
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
