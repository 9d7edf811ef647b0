/**
 * Contingency table of two labelings: the number of samples with class `y` and cluster `c`.
 *
 * The table is sparse, so that a labeling with one cluster per sample costs no more than any other.
 * All measures of agreement are functions of this table.
 */
import { LikenessError } from '../core/errors.ts';

/** Integer (at most 32 bits) or text. A negative integer marks a sample without a label. */
export type Label = number | string;

/** Labels of N samples, all numbers or all strings. */
export type Labels<L extends Label = Label> = ArrayLike<L>;

export interface Contingency<Y extends Label = Label, C extends Label = Label> {
  /** Samples with a label on both sides. */
  readonly total: number;
  /** Samples that are left out because a label is negative. */
  readonly unlabeled: number;
  /** Values of the classes (rows) and clusters (columns) in ascending order. */
  readonly classes: readonly Y[];
  readonly clusters: readonly C[];
  /** Samples of each class and cluster. */
  readonly classSizes: Float64Array;
  readonly clusterSizes: Float64Array;
  /** Non-empty cells in row-major order: indices into `classes` and `clusters`, and samples. */
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly counts: Float64Array;
}

/**
 * Counts the samples of each pair of class and cluster.
 *
 * Without any samples the table is empty, and measures of agreement follow scikit-learn.
 *
 * @throws LikenessError `metrics.lengths` when the lengths differ, `metrics.label` when a label is
 * neither a 32-bit integer nor a string, `metrics.empty` when no sample has a label on both sides
 *
 * @example contingency([0, 0, 1], ['b', 'b', 'b']).counts // [2, 1]
 */
export function contingency<Y extends Label, C extends Label>(
  truth: Labels<Y>,
  clusters: Labels<C>,
): Contingency<Y, C> {
  if (truth.length !== clusters.length) {
    throw new LikenessError(
      'metrics.lengths',
      `contingency: received ${truth.length} true labels and ${clusters.length} clusters; ` +
        'expected one of each per sample',
    );
  }
  requireLabels('true label', truth);
  requireLabels('cluster', clusters);
  const samples: number[] = [];
  for (let i = 0; i < truth.length; i++) {
    if (isLabeled(truth[i]!) && isLabeled(clusters[i]!)) samples.push(i);
  }
  if (samples.length === 0 && truth.length > 0) {
    throw new LikenessError(
      'metrics.empty',
      `contingency: received ${truth.length} samples, none labeled on both sides; ` +
        'expected at least one (labels are 0 or more)',
    );
  }
  const classValues = distinct(truth, samples);
  const clusterValues = distinct(clusters, samples);
  const rowOf = new Map(classValues.map((value, index) => [value, index]));
  const columnOf = new Map(clusterValues.map((value, index) => [value, index]));

  const classSizes = new Float64Array(classValues.length);
  const clusterSizes = new Float64Array(clusterValues.length);
  // The number of a sample's cell, exact below 2^53.
  const cells = new Float64Array(samples.length);
  samples.forEach((sample, i) => {
    const row = rowOf.get(truth[sample]!)!;
    const column = columnOf.get(clusters[sample]!)!;
    classSizes[row]! += 1;
    clusterSizes[column]! += 1;
    cells[i] = row * clusterValues.length + column;
  });
  return {
    total: samples.length,
    unlabeled: truth.length - samples.length,
    classes: classValues,
    clusters: clusterValues,
    classSizes,
    clusterSizes,
    ...countCells(cells.sort(), clusterValues.length),
  };
}

/** Counts equal cell numbers, which are in ascending order. */
function countCells(
  cells: Float64Array,
  width: number,
): Pick<Contingency, 'rows' | 'columns' | 'counts'> {
  const rows: number[] = [];
  const columns: number[] = [];
  const counts: number[] = [];
  for (let i = 0; i < cells.length; i++) {
    if (i > 0 && cells[i] === cells[i - 1]) {
      counts[counts.length - 1]! += 1;
    } else {
      rows.push(Math.floor(cells[i]! / width));
      columns.push(cells[i]! % width);
      counts.push(1);
    }
  }
  return {
    rows: Int32Array.from(rows),
    columns: Int32Array.from(columns),
    counts: Float64Array.from(counts),
  };
}

/** Throws for a table without samples, for which a fraction of samples is undefined. */
export function requireSamples(name: string, { total }: Contingency): void {
  if (total === 0) {
    throw new LikenessError('metrics.empty', `${name}: received no samples; expected at least one`);
  }
}

/** Cells of the largest dense table: 200 MB. */
const MAX_CELLS = 25_000_000;

/** Converts the table to a dense one, `[classes][clusters]`. Throws above 25 million cells. */
export function denseTable(table: Contingency): Float64Array[] {
  const height = table.classes.length;
  const width = table.clusters.length;
  if (height * width > MAX_CELLS) {
    throw new LikenessError(
      'metrics.tooLarge',
      `contingency: received ${height} classes and ${width} clusters; ` +
        'expected at most 25 million cells. Use fewer clusters.',
    );
  }
  const dense = Array.from({ length: height }, () => new Float64Array(width));
  table.counts.forEach((count, i) => {
    dense[table.rows[i]!]![table.columns[i]!] = count;
  });
  return dense;
}

function requireLabels(name: string, labels: Labels): void {
  if (labels instanceof Int32Array) return;
  const kind = typeof labels[0] === 'string' ? 'string' : 'number';
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    const isValid = typeof label === kind && (typeof label === 'string' || (label | 0) === label);
    if (isValid) continue;
    throw new LikenessError(
      'metrics.label',
      `contingency: ${name} ${i} is ${label}; expected ` +
        (kind === 'string'
          ? 'a string like the labels before it'
          : 'a whole number that fits 32 bits (negative: without a label)'),
    );
  }
}

const isLabeled = (label: Label) => typeof label === 'string' || label >= 0;

/** Lists the values of the given samples in ascending order. */
function distinct<L extends Label>(labels: Labels<L>, samples: readonly number[]): L[] {
  const values = new Set<L>();
  for (const sample of samples) values.add(labels[sample]!);
  return [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
