/** Outliers: rows that are far from all others. */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { abortSignal, callback, optionCheck, wholeNumber } from '../core/options.ts';
import { randomAt } from '../core/random.ts';
import { distinctRows, type Features } from './features.ts';
import { nearestNeighbors } from './neighbors.ts';
import { partsOf, pickRows, type Rows } from './rows.ts';

export interface OutlierOptions {
  /** Neighbor whose distance counts, from 1. Default 10, at most the number of other rows. */
  k?: number;
  /** Rows that are looked through for neighbors; of more a random sample. Default 50,000. */
  sample?: number;
  /** Seed of the sample. Default 0. */
  seed?: number;
  /** Receives the number of finished rows. */
  onProgress?: (done: number, of: number) => void;
  signal?: AbortSignal;
}

const checkOutliers = optionCheck<OutlierOptions>({
  k: wholeNumber(1),
  sample: wholeNumber(2),
  seed: wholeNumber(0),
  onProgress: callback,
  signal: abortSignal,
});

export interface OutlierScores {
  /** Neighbor whose distance counts. */
  readonly k: number;
  /** Cosine distance of each row and its k-th nearest neighbor, 0 to 2, [N]. */
  readonly distances: Float32Array;
  /** Nearest other row of each row, [N]; -1 where there is none. */
  readonly nearest: Int32Array;
}

/**
 * Scores rows [N, D] by the distance to their k-th nearest neighbor. The largest are outliers.
 *
 *     s_i = 1 - cos(x_i, x_i(k))
 *
 * x_i(k) is the k-th nearest of the other rows. A row with fewer than k copies or likes of its own
 * is an outlier, too. Ramaswamy, Rastogi and Shim, "Efficient algorithms for mining outliers from
 * large data sets", 2000; definition 2.1. Among the measures that Campos et al. compare ("On the
 * evaluation of unsupervised outlier detection", 2016) it is one of the most reliable.
 *
 * @throws LikenessError `option.*`, `outliers.rows` for no rows
 */
export async function outlierScores(
  engine: Engine,
  features: Features | Rows,
  options: OutlierOptions = {},
): Promise<OutlierScores> {
  checkOutliers(options);
  const { sample: most = 50_000, seed = 0, onProgress = () => {}, signal } = options;
  const { count, dimension } = features;
  if (count === 0) {
    throw new LikenessError('outliers.rows', 'outliers: received no rows; expected at least one');
  }
  const size = Math.min(most, count);
  const rows =
    size === count
      ? Int32Array.from({ length: count }, (_, i) => i)
      : Int32Array.from(distinctRows(count, size, randomAt(seed, 'outlierSample'))).sort();
  const k = Math.min(options.k ?? 10, size - 1);
  const distances = new Float32Array(count);
  const nearest = new Int32Array(count).fill(-1);
  if (k < 1) return { k: 0, distances, nearest };
  const bank = await pickRows(features, rows);
  for await (const part of partsOf(features)) {
    const queries = { data: part.data, count: part.rows, dimension };
    const near = await nearestNeighbors(engine, queries, bank, {
      k: k + 1,
      onProgress: () => signal?.throwIfAborted(),
    });
    for (let i = 0; i < part.rows; i++) {
      const row = part.start + i;
      const own = [...near.indices.subarray(i * near.k, (i + 1) * near.k)];
      // A row that ties have pushed out of its own list, or that is not in the sample.
      const self = own.findIndex((index) => rows[index] === row);
      own.splice(self < 0 ? own.length - 1 : self, 1);
      const last = self >= 0 && self < k ? k : k - 1;
      distances[row] = Math.max(0, 1 - near.similarities[i * near.k + last]!);
      nearest[row] = rows[own[0]!]!;
    }
    onProgress(part.start + part.rows, count);
  }
  return { k, distances, nearest };
}
