/**
 * Rows averaged with their nearest neighbors, which makes groups denser and the gaps between them
 * wider.
 *
 * With the k nearest neighbors N(i) of row i by cosine, found once, each step is
 *
 *     x_i <- normalize((x_i + Σ_{j in N(i)} x_j) / (k + 1))
 *
 * Rows of one group share most neighbors and move to one place. Properties of a single row average
 * out.
 *
 * Sources: Zhang, Liu, Li and Wu, "Attributed graph clustering via adaptive graph convolution",
 * IJCAI 2019 (averages over a graph before clustering); Cheng, "Mean shift, mode seeking, and
 * clustering", 1995 (blurring). Differences: neighbors are found in the rows, each row has as many,
 * and rows keep norm 1.
 */
import type { Engine } from '../backends/index.ts';
import { abortSignal, checkedLater, optionCheck, wholeNumber } from '../core/options.ts';
import {
  type FeatureInput,
  type Features,
  normalizeRows,
  sharedValues,
  toFeatures,
} from './features.ts';
import { nearestNeighbors } from './neighbors.ts';
import { withEngine } from './withEngine.ts';

export interface SmoothOptions {
  /** Neighbors k per row, at most N - 1. Default 10. */
  neighbors?: number;
  /** Number of steps. Default 3. */
  steps?: number;
  /** Engine to run on. Default: a new one, closed at the end. */
  engine?: Engine;
  signal?: AbortSignal;
}

const checkSmooth = optionCheck<SmoothOptions>({
  neighbors: wholeNumber(1),
  steps: wholeNumber(0),
  engine: checkedLater,
  signal: abortSignal,
});

/**
 * Averages rows `[N, D]` with their nearest neighbors and returns unit rows `[N, D]`.
 *
 * The cost is that of exact neighbors, `2 N² D` operations, and `N k D` additions per step.
 *
 * @example
 * const rows = [[1, 0], [1, 0.2], [0, 1], [0.2, 1]];
 * const smooth = await smoothRows(rows, { neighbors: 1 }); // rows 0 and 1 become nearly equal
 * @throws LikenessError `neighbors.k` for more neighbors than other rows
 */
export async function smoothRows(
  features: FeatureInput,
  given: SmoothOptions = {},
): Promise<Features> {
  checkSmooth(given);
  const { neighbors: k = 10, steps = 3, engine, signal } = given;
  const { count, dimension, data } = toFeatures(features);
  let rows = normalizeRows({ data, count, dimension }, sharedValues(data.length));
  if (steps === 0) return rows;
  const { indices } = await withEngine(engine, (engine) =>
    nearestNeighbors(engine, rows, rows, { k, exclude: 'self' }),
  );
  for (let step = 0; step < steps; step++) {
    signal?.throwIfAborted();
    rows = normalizeRows(averaged(rows, indices, k), sharedValues(data.length));
  }
  return rows;
}

/** Sums of each row and its neighbors; their directions are those of the means. */
function averaged(
  { data, count, dimension: D }: Features,
  indices: Int32Array,
  k: number,
): Features {
  const out = new Float32Array(count * D);
  const sum = new Float64Array(D);
  for (let i = 0; i < count; i++) {
    for (let d = 0; d < D; d++) sum[d] = data[i * D + d]!;
    for (let n = i * k; n < (i + 1) * k; n++) {
      const from = indices[n]! * D;
      for (let d = 0; d < D; d++) sum[d]! += data[from + d]!;
    }
    out.set(sum, i * D);
  }
  return { data: out, count, dimension: D };
}
