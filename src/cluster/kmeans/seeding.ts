/**
 * Initial centroids of k-means: distinct random rows, or greedy k-means++ on the engine.
 *
 * K-means++ draws each next centroid with probability proportional to the squared distance to the
 * nearest centroid so far, which spreads the centroids. The greedy variant, as in scikit-learn,
 * takes the best of `2 + ln K` such draws: the one that lowers the total squared distance most.
 * Distances are `|x|² + |c|² - 2 x·c`, one matrix product per centroid, with the rows stored on the
 * engine.
 *
 * Source: Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
 */
import type { Engine } from '../../backends/index.ts';
import { type Random, randomAt } from '../../core/random.ts';
import {
  add,
  argMin,
  gather,
  input,
  matmul,
  minimum,
  mul,
  relu,
  reshape,
  scalar,
  sub,
  sum,
  transpose,
} from '../../tensor/index.ts';
import { distinctRows, type Features, rowNorms, selectRows } from '../features.ts';

/** Draws K distinct rows as centroids `[K, D]`. */
export function randomStart(
  features: Features,
  k: number,
  seed: number,
  restart: number,
): Float32Array {
  return selectRows(
    features,
    distinctRows(features.count, k, randomAt(seed, 'kmeansRandomStart', restart)),
  ).data;
}

/** Least number of rows that take part, and rows for each cluster. */
const MIN_SAMPLE = 16_384;
const ROWS_PER_CLUSTER = 16;
/** Stands for infinity: near the largest float32. */
const INFINITE = 3e38;
/** A distance below this fraction of `|x|²` is rounding, so the row repeats a centroid. */
const DISTANCE_ROUNDING = 1e-6;

export interface PlusPlus {
  /** Draws centroids `[K, D]` for one restart. */
  start(restart: number): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/**
 * Prepares greedy k-means++. One compiled graph serves all restarts.
 *
 * At most `max(16384, 16 K)` rows, drawn by the seed, take part. More rows hardly change the
 * result, and each of the K draws passes over all of them.
 */
export async function preparePlusPlus(
  engine: Engine,
  features: Features,
  { k, seed }: { k: number; seed: number },
): Promise<PlusPlus> {
  const most = Math.max(MIN_SAMPLE, ROWS_PER_CLUSTER * k);
  const sample =
    features.count <= most
      ? features
      : selectRows(
          features,
          distinctRows(features.count, most, randomAt(seed, 'kmeansSample')).sort(),
        );
  const { count, dimension } = sample;
  const trials = 2 + Math.floor(Math.log(k));
  const squares = Float32Array.from(rowNorms(sample), (norm) => norm * norm);

  const x = input('x', [count, dimension]);
  const norms = input('norms', [count]);
  const nearest = input('nearest', [count]); // squared distance to the nearest centroid so far
  const drawn = input('drawn', [trials], 'int32');
  const products = matmul(x, transpose(gather(x, drawn))); // [count, trials]
  const distances = relu(
    sub(add(reshape(norms, [count, 1]), gather(norms, drawn)), mul(scalar(2), products)),
  );
  const after = minimum(distances, reshape(nearest, [count, 1])); // [count, trials]
  const best = argMin(sum(after, { axes: [0] }), 0); // []
  const next = reshape(gather(after, reshape(best, [1]), 1), [count]);
  const exe = await engine.compile({
    outputs: { best, next },
    state: [{ current: x }, { current: norms }, { current: nearest, next }],
  });
  await exe.writeState({ x: sample.data, norms: squares });

  async function start(restart: number): Promise<Float32Array> {
    const random = randomAt(seed, 'kmeansPlusPlus', restart);
    const chosen = new Set<number>();
    // The first centroid is uniform: all trials are the same row, and every distance is infinite.
    await exe.writeState({ nearest: new Float32Array(count).fill(INFINITE) });
    let candidates = new Int32Array(trials).fill(random.integer(count));
    const order: number[] = [];
    for (let i = 0; i < k; i++) {
      const result = await exe.run({ drawn: candidates });
      const row = candidates[(result.best as Int32Array)[0]!]!;
      order.push(row);
      chosen.add(row);
      if (i + 1 < k)
        candidates = drawByDistance(result.next as Float32Array, squares, chosen, trials, random);
    }
    return selectRows(sample, order).data;
  }
  return { start, dispose: () => exe.dispose() };
}

/**
 * Draws rows with probability proportional to their distance, or uniformly where all distances are
 * 0.
 */
function drawByDistance(
  distances: Float32Array,
  squares: Float32Array,
  chosen: ReadonlySet<number>,
  trials: number,
  random: Random,
): Int32Array<ArrayBuffer> {
  const cumulative = new Float64Array(distances.length);
  let total = 0;
  for (let i = 0; i < distances.length; i++) {
    if (distances[i]! > DISTANCE_ROUNDING * squares[i]! && !chosen.has(i)) total += distances[i]!;
    cumulative[i] = total;
  }
  const drawn = new Int32Array(trials);
  for (let t = 0; t < trials; t++) {
    drawn[t] =
      total > 0
        ? firstAbove(cumulative, random.uniform() * total)
        : otherRow(distances.length, chosen, random);
  }
  return drawn;
}

/** Finds the first index whose cumulative weight exceeds `target`. */
function firstAbove(cumulative: Float64Array, target: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle]! > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Draws a row that is not chosen yet, while there is one. */
function otherRow(count: number, chosen: ReadonlySet<number>, random: Random): number {
  let row = random.integer(count);
  while (chosen.has(row) && chosen.size < count) row = (row + 1) % count;
  return row;
}
