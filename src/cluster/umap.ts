/**
 * UMAP in typed arrays: the fuzzy graph of nearest neighbors, and its layout in the plane by
 * stochastic gradient descent.
 *
 * Source: McInnes, Healy and Melville, "UMAP: Uniform Manifold Approximation and Projection", 2018
 * (arXiv:1802.03426), algorithms 2 to 5, with the constants of umap-learn 0.5.
 */
import type { Random } from '../core/random.ts';

/** Nearest neighbors of each row without itself, nearest first. */
export interface NearRows {
  readonly count: number;
  /** Neighbors per row, k. */
  readonly k: number;
  /** [N, k] */
  readonly indices: Int32Array;
  /** At least 0, [N, k]. */
  readonly distances: Float32Array;
}

/** Edges of an undirected graph, each in both directions. */
export interface FuzzyGraph {
  readonly heads: Int32Array;
  readonly tails: Int32Array;
  /** Membership in (0, 1]. */
  readonly weights: Float32Array;
}

/** Smallest bandwidth, as a fraction of the mean distance. */
const MIN_BANDWIDTH = 1e-3;
const TOLERANCE = 1e-5;
const MAX_ROUNDS = 64;

/**
 * Builds the fuzzy graph: the membership of a neighbor at distance d is `exp(-(d - rho) / sigma)`
 * with the distance `rho` of the nearest one, and sigma such that the memberships of a row sum to
 * `log2(k + 1)`. Both directions of an edge join as `a + b - ab`.
 */
export function fuzzyGraph({ count, k, indices, distances }: NearRows): FuzzyGraph {
  const mean = distances.reduce((sum, value) => sum + value, 0) / Math.max(1, distances.length);
  const directed = new Float32Array(count * k);
  for (let row = 0; row < count; row++) {
    const own = distances.subarray(row * k, (row + 1) * k);
    const rho = own.find((value) => value > 0) ?? 0;
    const sigma = bandwidthOf(own, rho, mean);
    for (let j = 0; j < k; j++) {
      const over = own[j]! - rho;
      directed[row * k + j] = over <= 0 || sigma === 0 ? 1 : Math.exp(-over / sigma);
    }
  }
  /** Membership of `to` in the neighbors of `from`. */
  const membership = (from: number, to: number) => {
    for (let at = from * k; at < (from + 1) * k; at++) if (indices[at] === to) return directed[at]!;
    return 0;
  };
  const edges = { heads: new Int32Array(2 * count * k), tails: new Int32Array(2 * count * k) };
  const weights = new Float32Array(2 * count * k);
  let size = 0;
  for (let row = 0; row < count; row++) {
    for (let at = row * k; at < (row + 1) * k; at++) {
      const other = indices[at]!;
      const [a, b] = [directed[at]!, membership(other, row)];
      if (b > 0 && other < row) continue; // written with the other row
      for (const [head, tail] of [
        [row, other],
        [other, row],
      ] as const) {
        edges.heads[size] = head;
        edges.tails[size] = tail;
        weights[size++] = a + b - a * b;
      }
    }
  }
  return {
    heads: edges.heads.subarray(0, size),
    tails: edges.tails.subarray(0, size),
    weights: weights.subarray(0, size),
  };
}

/** Finds sigma by bisection. */
function bandwidthOf(distances: Float32Array, rho: number, mean: number): number {
  const target = Math.log2(distances.length + 1);
  let [low, high, sigma] = [0, Number.POSITIVE_INFINITY, 1];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let sum = 0;
    for (const distance of distances) {
      sum += distance > rho ? Math.exp(-(distance - rho) / sigma) : 1;
    }
    if (Math.abs(sum - target) < TOLERANCE) break;
    if (sum > target) high = sigma;
    else low = sigma;
    sigma = high === Number.POSITIVE_INFINITY ? 2 * sigma : (low + high) / 2;
  }
  const own = distances.reduce((sum, value) => sum + value, 0) / Math.max(1, distances.length);
  return Math.max(sigma, MIN_BANDWIDTH * (rho > 0 ? own : mean));
}

export interface GraphLayout {
  /** Runs the next pass over the edges that are due. */
  pass(): void;
}

/** Draws of distant rows per edge. */
const NEGATIVES = 5;
/** Largest component of a step. */
const MAX_STEP = 4;

/**
 * Prepares the layout of a graph from first positions [N, 2], which it changes. An edge of weight w
 * is due in every `max(w) / w`-th pass: it pulls its ends together, and a few random rows push its
 * head away.
 *
 * @param curve `a` and `b` of the similarity `1 / (1 + a d^(2b))` in the plane
 * @param passes passes in all
 * @param rate factor of the first steps, which shrink to nothing over the passes
 */
export function layoutGraph(
  { heads, tails, weights }: FuzzyGraph,
  places: Float32Array,
  {
    curve: { a, b },
    passes,
    rate: first,
    random,
  }: { curve: { a: number; b: number }; passes: number; rate: number; random: Random },
): GraphLayout {
  const count = places.length / 2;
  const largest = weights.reduce((most, value) => Math.max(most, value), 0);
  // An edge that would never be due is left out.
  const due = Uint32Array.from(weights.keys()).filter((e) => weights[e]! >= largest / passes);
  const every = Float64Array.from(due, (e) => largest / weights[e]!);
  const next = every.slice();
  const nextNegative = every.map((period) => period / NEGATIVES);
  // Xorshift (Marsaglia 2003), from a state of the seed: Philox would take half of a pass.
  let state = random.bits() | 1;
  let done = 0;
  return {
    pass() {
      const rate = first * (1 - done / passes);
      for (let e = 0; e < due.length; e++) {
        if (next[e]! > done) continue;
        const [head, tail] = [2 * heads[due[e]!]!, 2 * tails[due[e]!]!];
        let [x, y] = [places[head]!, places[head + 1]!];
        const [dx, dy] = [x - places[tail]!, y - places[tail + 1]!];
        const squared = dx * dx + dy * dy;
        if (squared > 0) {
          const power = squared ** b;
          const pull = (-2 * a * b * power) / squared / (a * power + 1);
          const [stepX, stepY] = [rate * clipped(pull * dx), rate * clipped(pull * dy)];
          x += stepX;
          y += stepY;
          places[tail]! -= stepX;
          places[tail + 1]! -= stepY;
        }
        next[e]! += every[e]!;
        const period = every[e]! / NEGATIVES;
        const draws = Math.floor((done - nextNegative[e]!) / period);
        for (let draw = 0; draw < draws; draw++) {
          state ^= state << 13;
          state ^= state >>> 17;
          state ^= state << 5;
          const other = 2 * Math.floor(((state >>> 0) / 2 ** 32) * count);
          if (other === head) continue;
          const [ex, ey] = [x - places[other]!, y - places[other + 1]!];
          const far = ex * ex + ey * ey;
          const push = far > 0 ? (2 * b) / ((0.001 + far) * (a * far ** b + 1)) : 0;
          x += rate * clipped(push * ex);
          y += rate * clipped(push * ey);
        }
        nextNegative[e]! += Math.max(0, draws) * period;
        places[head] = x;
        places[head + 1] = y;
      }
      done++;
    },
  };
}

function clipped(step: number): number {
  return step > MAX_STEP ? MAX_STEP : step < -MAX_STEP ? -MAX_STEP : step;
}

/**
 * Fits `a` and `b` so that `1 / (1 + a d^(2b))` is near 1 up to a smallest distance and falls as
 * `exp(smallest - d)` beyond it. Gauss-Newton on 300 distances from 0 to 3.
 */
export function curveOf(smallest: number): { a: number; b: number } {
  let [a, b] = [1, 1];
  for (let round = 0; round < 100; round++) {
    let [aa, ab, bb, ga, gb] = [0, 0, 0, 0, 0];
    for (let i = 1; i < 300; i++) {
      const d = (3 * i) / 299;
      const wanted = d < smallest ? 1 : Math.exp(smallest - d);
      const power = d ** (2 * b);
      const value = 1 / (1 + a * power);
      const byA = -value * value * power;
      const byB = -value * value * a * power * 2 * Math.log(d);
      aa += byA * byA;
      ab += byA * byB;
      bb += byB * byB;
      ga += byA * (wanted - value);
      gb += byB * (wanted - value);
    }
    const determinant = aa * bb - ab * ab + 1e-12;
    const [stepA, stepB] = [(bb * ga - ab * gb) / determinant, (aa * gb - ab * ga) / determinant];
    a = Math.max(1e-3, a + 0.5 * stepA);
    b = Math.max(1e-3, b + 0.5 * stepB);
  }
  return { a, b };
}
