/**
 * The contingency table of two labellings: how many samples carry class `y` and cluster `c`.
 *
 * Kept sparse (only the cells that occur), so that a labelling with one cluster per sample costs no more than any
 * other. All measures of agreement are functions of this table.
 */
import { LikenessError } from '../core/errors.ts';

/** Labels of N samples: whole numbers; a negative one means "not labelled". */
export type Labels = Int32Array | readonly number[];

export interface Contingency {
  /** Samples counted: those labelled on both sides. */
  readonly total: number;
  /** Samples left out because a label was negative. */
  readonly unlabeled: number;
  /** Values of the classes (rows) and of the clusters (columns), ascending. */
  readonly classes: Int32Array;
  readonly clusters: Int32Array;
  /** Samples per class and per cluster. */
  readonly classSizes: Float64Array;
  readonly clusterSizes: Float64Array;
  /** The cells that are not empty, by class and then cluster: indices into `classes` and `clusters`, and counts. */
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly counts: Float64Array;
}

/**
 * Counts the pairs of class and cluster of N samples; rows are classes, columns are clusters.
 *
 * Throws when the lengths differ, when a label is not a 32-bit whole number, or when there are samples and none is
 * labelled. No samples at all give an empty table, on which measures of agreement follow scikit-learn.
 *
 * @example contingency([0, 0, 1], [5, 5, 5]).counts // [2, 1]
 */
export function contingency(truth: Labels, clusters: Labels): Contingency {
  if (truth.length !== clusters.length) {
    throw new LikenessError(
      'metrics.lengths',
      `contingency: received ${truth.length} true labels and ${clusters.length} clusters; expected one of each per sample`,
    );
  }
  const y = whole('true label', truth);
  const c = whole('cluster', clusters);
  const kept: number[] = [];
  for (let i = 0; i < y.length; i++) if (y[i]! >= 0 && c[i]! >= 0) kept.push(i);
  if (kept.length === 0 && truth.length > 0) {
    throw new LikenessError(
      'metrics.empty',
      `contingency: received ${truth.length} samples, none labelled on both sides; expected at least one (labels are 0 or more)`,
    );
  }
  const classValues = distinct(y, kept);
  const clusterValues = distinct(c, kept);
  const rowOf = indexOf(classValues);
  const columnOf = indexOf(clusterValues);

  const classSizes = new Float64Array(classValues.length);
  const clusterSizes = new Float64Array(clusterValues.length);
  // One number per sample that names its cell; exact below 2^53.
  const cells = new Float64Array(kept.length);
  kept.forEach((sample, i) => {
    const row = rowOf.get(y[sample]!)!;
    const column = columnOf.get(c[sample]!)!;
    classSizes[row]! += 1;
    clusterSizes[column]! += 1;
    cells[i] = row * clusterValues.length + column;
  });
  cells.sort();
  const rows: number[] = [];
  const columns: number[] = [];
  const counts: number[] = [];
  for (let i = 0; i < cells.length; i++) {
    if (i > 0 && cells[i] === cells[i - 1]) {
      counts[counts.length - 1]! += 1;
    } else {
      rows.push(Math.floor(cells[i]! / clusterValues.length));
      columns.push(cells[i]! % clusterValues.length);
      counts.push(1);
    }
  }
  return {
    total: kept.length,
    unlabeled: truth.length - kept.length,
    classes: classValues,
    clusters: clusterValues,
    classSizes,
    clusterSizes,
    rows: Int32Array.from(rows),
    columns: Int32Array.from(columns),
    counts: Float64Array.from(counts),
  };
}

/** Throws for a table without samples, of which a share of samples says nothing. */
export function requireSamples(what: string, { total }: Contingency): void {
  if (total === 0) {
    throw new LikenessError('metrics.empty', `${what}: received no samples; expected at least one`);
  }
}

/** The table with all its cells, `[classes][clusters]`; refused above 25 million cells. */
export function denseTable(table: Contingency): Float64Array[] {
  const height = table.classes.length;
  const width = table.clusters.length;
  if (height * width > 25_000_000) {
    throw new LikenessError(
      'metrics.tooLarge',
      `the table of ${height} classes and ${width} clusters has more than 25 million cells; use fewer clusters`,
    );
  }
  const dense = Array.from({ length: height }, () => new Float64Array(width));
  table.counts.forEach((count, i) => {
    dense[table.rows[i]!]![table.columns[i]!] = count;
  });
  return dense;
}

function whole(what: string, labels: Labels): Int32Array {
  if (labels instanceof Int32Array) return labels;
  const bad = labels.findIndex((label) => (label | 0) !== label);
  if (bad >= 0) {
    throw new LikenessError(
      'metrics.label',
      `contingency: ${what} ${bad} is ${labels[bad]}; expected a whole number that fits 32 bits (negative: not labelled)`,
    );
  }
  return Int32Array.from(labels);
}

function distinct(labels: Int32Array, kept: readonly number[]): Int32Array {
  const values = new Set<number>();
  for (const sample of kept) values.add(labels[sample]!);
  return Int32Array.from(values).sort();
}

function indexOf(values: Int32Array): Map<number, number> {
  return new Map(Array.from(values, (value, index) => [value, index]));
}
