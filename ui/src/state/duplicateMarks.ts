import type {
  DuplicateGroupAnswer,
  DuplicateImageAnswer,
  DuplicatesAnswer,
  EditOperation,
  Row,
} from '../../../src/server/protocol.ts';

/** Decisions of a person by row: true keeps an image, false moves it. Others follow the rule. */
export type Marks = ReadonlyMap<Row, boolean>;
type Group = Pick<DuplicateGroupAnswer, 'rows'>;
type Images = ReadonlyMap<Row, Pick<DuplicateImageAnswer, 'bytes' | 'isPage'>>;

/** Reads the decisions that the run has stored. */
export function marksOf({ kept, moved }: Pick<DuplicatesAnswer, 'kept' | 'moved'>): Marks {
  return new Map([
    ...kept.map((row) => [row, true] as const),
    ...moved.map((row) => [row, false] as const),
  ]);
}

/** Writes the difference of decisions as an operation; null where there is none. */
export function changeOf(before: Marks, after: Marks): EditOperation | null {
  const rows = [...new Set([...before.keys(), ...after.keys()])].filter(
    (row) => before.get(row) !== after.get(row),
  );
  if (rows.length === 0) return null;
  const those = (mark: boolean | undefined) => rows.filter((row) => after.get(row) === mark);
  const [keep, move, byRule] = [those(true), those(false), those(undefined)];
  return {
    type: 'duplicates',
    ...(keep.length > 0 && { keep }),
    ...(move.length > 0 && { move }),
    ...(byRule.length > 0 && { byRule }),
  };
}

/**
 * Finds the rows of a group that are kept: those that are marked so, else the first that is not
 * marked otherwise, else the first. Pages of a file of several are always kept.
 */
export function keptOf({ rows }: Group, marks: Marks, images: Images): Set<Row> {
  const kept = new Set(rows.filter((row) => marks.get(row) === true));
  if (kept.size === 0) kept.add(rows.find((row) => marks.get(row) !== false) ?? rows[0]!);
  for (const row of rows) if (images.get(row)?.isPage) kept.add(row);
  return kept;
}

/** Keeps one image of a group alone. */
export function keepOnly({ rows }: Group, row: Row, marks: Marks): Marks {
  return new Map([...marks, ...rows.map((other) => [other, other === row] as const)]);
}

/** Keeps all images of a group. */
export function keepAll({ rows }: Group, marks: Marks): Marks {
  return new Map([...marks, ...rows.map((row) => [row, true] as const)]);
}

/** Keeps an image of a group, or not; the last that is kept stays. */
export function toggleKept(group: Group, row: Row, marks: Marks, images: Images): Marks {
  const kept = keptOf(group, marks, images);
  if (kept.has(row) && kept.size === 1) return marks;
  // The others are as they are shown, whatever the rule would choose for them.
  const shown = group.rows.map((other) => [other, kept.has(other) !== (other === row)] as const);
  return new Map([...marks, ...shown]);
}

/** Follows the rule for a group again. */
export function byRule({ rows }: Group, marks: Marks): Marks {
  return new Map([...marks].filter(([row]) => !rows.includes(row)));
}

export interface MovePlan {
  /** Rows whose files are moved. */
  readonly rows: readonly Row[];
  /** Size of these files. */
  readonly bytes: number;
  /** Number of groups of which files are moved. */
  readonly groups: number;
  /** Number of all images of the groups. */
  readonly images: number;
}

/** Lists the files that the decisions move. */
export function planOf(groups: readonly Group[], marks: Marks, images: Images): MovePlan {
  const rows: Row[] = [];
  let [touched, all] = [0, 0];
  for (const group of groups) {
    const kept = keptOf(group, marks, images);
    const others = group.rows.filter((row) => !kept.has(row));
    rows.push(...others);
    all += group.rows.length;
    if (others.length > 0) touched++;
  }
  const bytes = rows.reduce((sum, row) => sum + (images.get(row)?.bytes ?? 0), 0);
  return { rows, bytes, groups: touched, images: all };
}
