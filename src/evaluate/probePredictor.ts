/** Standardized rows of a linear probe, and the accuracy of its predictions on them. */
import type { Engine, Executable, SessionSettings } from '../backends/index.ts';
import { columnMeans, columnVariances, type Features, sharedValues } from '../cluster/index.ts';
import type { Program, Values } from '../compile/index.ts';
import { argMax, gather, input, linear } from '../tensor/index.ts';
import type { Labeled } from './knn.ts';

/** Most rows predicted at once. */
const PREDICTED_ROWS = 1024;

/**
 * Multiplications of a product up to which one thread computes it: more threads would wait for each
 * other longer than they work. Accuracies are the same with any number.
 */
const ONE_THREAD = 2 ** 24;

/** Standardized rows [N, D] in shared memory, which the engine reads in place, and labels [N]. */
export interface StandardizedRows {
  readonly x: Float32Array;
  readonly count: number;
  readonly labels: Int32Array;
}

/** Predictions for the rows of one set. */
export interface Predictor {
  /**
   * Fraction of the given rows that weights W [classes, D] and b [classes] predict right.
   *
   * @param rows indices of rows of the set
   */
  accuracy(weights: Values, classes: number, rows: Int32Array): Promise<number>;
  close(): Promise<void>;
}

/** Threads for a product [rows, D] x [D, classes]: one for a small product. */
export function probeSession(of: {
  rows: number;
  dimension: number;
  classes: number;
}): SessionSettings {
  return of.rows * of.dimension * of.classes <= ONE_THREAD ? { threads: 1 } : {};
}

/**
 * Prepares predictions for the rows of one set. Its programs see no other rows, and each is
 * compiled once per number of classes.
 */
export function openPredictor(engine: Engine, set: StandardizedRows): Predictor {
  const { x, count, labels } = set;
  const dimension = x.length / count;
  // Rows are independent here, so a block need not be as small as a batch of few labeled rows.
  const size = Math.min(PREDICTED_ROWS, count);
  const compiled = new Map<number, Promise<Executable>>();
  return {
    async accuracy(weights, classes, rows) {
      if (!compiled.has(classes)) {
        const session = probeSession({ rows: size, dimension, classes });
        const program = prediction({ classes, dimension, count, size });
        compiled.set(classes, engine.compile(program, { session }));
      }
      const predict = await compiled.get(classes)!;
      let right = 0;
      for (let start = 0; start < rows.length; start += size) {
        const part = rows.subarray(start, start + size);
        const order = new Int32Array(size);
        order.set(part);
        const { predicted } = await predict.run({ x, order, ...weights });
        part.forEach((row, i) => {
          if (predicted![i] === labels[row]) right++;
        });
      }
      return right / rows.length;
    },
    close: () => disposeAll(compiled),
  };
}

/** Disposes of all programs that were compiled. */
export async function disposeAll(
  compiled: ReadonlyMap<unknown, Promise<Executable>>,
): Promise<void> {
  for (const executable of await Promise.allSettled(compiled.values()))
    if (executable.status === 'fulfilled') await executable.value.dispose();
}

/** Predicts the classes of a block of rows. */
function prediction({
  classes,
  dimension,
  count,
  size,
}: Record<'classes' | 'dimension' | 'count' | 'size', number>): Program {
  const x = gather(input('x', [count, dimension]), input('order', [size], 'int32')); // [size, D]
  const W = input('W', [classes, dimension]);
  const b = input('b', [classes]);
  return { outputs: { predicted: argMax(linear(x, W, b), 1) }, state: [] }; // [size]
}

/**
 * Division of centered columns: `each` divides every column by its own deviation, `common` all
 * columns by the root of their mean variance.
 */
export type ColumnScale = 'each' | 'common';

/**
 * Returns a function that standardizes rows by column means and deviations; a constant column
 * becomes 0.
 */
export function standardizer(by: Features, scale: ColumnScale): (set: Labeled) => StandardizedRows {
  const means = columnMeans(by);
  const variances = columnVariances(by, means);
  const mean = variances.reduce((sum, variance) => sum + variance, 0) / variances.length;
  const scales = variances.map((variance, d) =>
    // Below the rounding of float32 around its mean a column is constant.
    variance > 1e-12 * Math.max(1e-24, means[d]! * means[d]!)
      ? 1 / Math.sqrt(scale === 'common' ? mean : variance)
      : 0,
  );
  return ({ features: { data, count, dimension }, labels }) => {
    const x = sharedValues(data.length);
    for (let at = 0; at < data.length; at += dimension)
      for (let d = 0; d < dimension; d++) x[at + d] = (data[at + d]! - means[d]!) * scales[d]!;
    return { x, count, labels };
  };
}
