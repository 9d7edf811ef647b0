/**
 * Initial centroids for k-means: distinct random rows, or greedy k-means++ on the engine.
 *
 * k-means++ draws each next centroid with probability proportional to the squared distance to the nearest one so
 * far, which spreads them out. Greedy: of `2 + ln K` such draws the one that lowers the total most is taken, as in
 * scikit-learn. Source: Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
 *
 * Distances are `|x|² + |c|² - 2 x·c`, one product per new centroid, with the rows held on the device.
 */
import { type Random, randomAt } from '../../core/random.ts';
import type { Engine } from '../../runtime/index.ts';
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
import { type Features, rowNorms, selectRows } from '../features.ts';

/** `count` distinct whole numbers below `n`, in random order. */
export function distinctRows(n: number, count: number, random: Random): Int32Array {
  return random.shuffle(Int32Array.from({ length: n }, (_, i) => i)).slice(0, count);
}

/** K rows chosen at random without repetition, `[K, D]`. */
export function randomStart(features: Features, k: number, seed: number, restart: number): Float32Array {
  return selectRows(features, distinctRows(features.count, k, randomAt(seed, 'cluster', restart, 0, 1))).data;
}

/** Chooses K rows by greedy k-means++; one compiled graph serves any number of restarts. */
export interface PlusPlus {
  start(restart: number): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/**
 * Prepares greedy k-means++ over these rows.
 *
 * At most `max(16384, 16 K)` rows, drawn by the seed, take part: more change the start little and cost K passes.
 */
export async function preparePlusPlus(
  engine: Engine,
  features: Features,
  { k, seed }: { k: number; seed: number },
): Promise<PlusPlus> {
  const most = Math.max(16_384, 16 * k);
  const sample =
    features.count <= most
      ? features
      : selectRows(features, distinctRows(features.count, most, randomAt(seed, 'cluster', 0, 0, 2)).sort());
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
    const random = randomAt(seed, 'cluster', restart, 0, 3);
    const chosen = new Set<number>();
    // The first is uniform: all trials are the same row, and no distance is yet known.
    await exe.writeState({ nearest: new Float32Array(count).fill(3e38) });
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

/** Rows drawn with probability proportional to their distance; uniform among the rest where all distances are 0. */
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
    // A distance below the rounding of its own terms is 0: this row repeats a centroid.
    if (distances[i]! > 1e-6 * squares[i]! && !chosen.has(i)) total += distances[i]!;
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

/** The first index whose cumulative weight exceeds `target`. */
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

function otherRow(count: number, chosen: ReadonlySet<number>, random: Random): number {
  let row = random.integer(count);
  while (chosen.has(row) && chosen.size < count) row = (row + 1) % count;
  return row;
}
