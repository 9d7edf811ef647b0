/**
 * What is known of distances from one iteration of k-means to the next, so that a row is compared only with centroids that can have become
 * nearer than its own.
 *
 * A centroid that moved by `p(j)` is nearer to a row by at most `p(j)` (triangle inequality). With `l(i)` at or below the distance of row i
 * to every centroid but its own, and `u(i)` at or above its distance to its own:
 * - `l(i) - max_j p(j) > u(i)`: no other centroid can be nearer. Nothing to compare.
 * - `l(i) - max_{j not in F} p(j) > u(i)`, F some centroids that moved furthest: only one of F can be. After the first few
 *   iterations most centroids stay nearly where they are, and a small F is enough for most rows.
 * - otherwise the row is compared with all.
 *
 * Exact: the engine's products are float32, and each test leaves room for their rounding. A row whose own centroid and another are
 * within that room of each other is compared with all, so that ties are decided as without bounds.
 *
 * Sources: Hamerly, "Making k-means even faster", SDM 2010 (one lower and one upper bound per row); Ding et al., "Yinyang k-means",
 * ICML 2015 (bounds by groups of centroids). Difference from both: groups are chosen anew in each iteration by how far their
 * centroids moved, so that what is left to compare are dense products.
 */
import type { Features } from '../features.ts';
import { roundingOf } from './centroidDistances.ts';

/** Some centroids that moved further than all others. */
export interface Fast {
  /** `[F]`, in rising order. */
  readonly centroids: Int32Array;
  /** What any other moved by at most. */
  readonly rest: number;
}

/** How far centroids moved in one update. */
export interface Movement {
  /** `[K, D]`, where they are now. */
  readonly centroids: Float32Array;
  /** `[K]`, distances. */
  readonly by: Float64Array;
  /** One F after the other, growing: the first of none, the last of all centroids. */
  readonly levels: readonly Fast[];
  /** Lengths of the longest and the shortest centroid. */
  readonly longest: number;
  readonly shortest: number;
}

/** Distances between centroids `[K, D]` before and after, and those that moved furthest (of equal ones the lower): `sizes` of them. */
export function movementOf(
  before: Float32Array,
  after: Float32Array,
  { dimension, sizes }: { dimension: number; sizes: readonly number[] },
): Movement {
  const K = after.length / dimension;
  const by = new Float64Array(K);
  let [longest, shortest] = [0, Number.POSITIVE_INFINITY];
  for (let j = 0, at = 0; j < K; j++) {
    let moved = 0;
    let squares = 0;
    for (const end = at + dimension; at < end; at++) {
      moved += (after[at]! - before[at]!) ** 2;
      squares += after[at]! ** 2;
    }
    by[j] = Math.sqrt(moved);
    longest = Math.max(longest, Math.sqrt(squares));
    shortest = Math.min(shortest, Math.sqrt(squares));
  }
  const order = Array.from(by.keys()).sort((a, b) => by[b]! - by[a]! || a - b);
  const levels = sizes.map((F) => ({
    centroids: Int32Array.from(order.slice(0, F)).sort(),
    rest: F < K ? by[order[F]!]! : 0,
  }));
  return { centroids: after, by, levels, longest, shortest };
}

/** What the engine found for some rows. */
export interface Compared {
  /** Row numbers, and for each the place of the largest product among those compared, with the two largest products. */
  readonly rows: Int32Array;
  readonly at: Int32Array;
  readonly largest: Float32Array;
  readonly second: Float32Array;
}

/** What `settle` says of a row that has to be compared with all centroids. */
export const UNCLEAR = -1;
/** The level of a row whose distance to its own centroid has to be known first. */
export const MEASURE = 255;

export interface Bounds {
  /** Centroids have moved. */
  moved(movement: Movement): void;
  /** Writes the level that each row needs, or `MEASURE`, from row `start` on, and takes note of those that need none. */
  need(start: number, levels: Uint8Array, clusters: Int32Array): void;
  /** Takes in squared distances of rows to their own centroids, and writes the level that each needs then. */
  measured(rows: Int32Array, squares: Float32Array, levels: Uint8Array): void;
  /** Takes in products with the centroids of a level and writes the cluster of each row, or `UNCLEAR`. */
  settle(level: number, compared: Compared, clusters: Int32Array, found: Int32Array): void;
}

/** How far from 1 the length of a normalised centroid can be: the rounding of float32. A centroid of zeros stays one. */
const UNIT = 1e-6;

/**
 * Bounds for rows and centroids of which products `s = x·c - |c|²/2 + shift` are known, so that `|x - c|² = |x|² - 2 (s - shift)`.
 *
 * @param shift 0 (Euclidean), or 1/2 where centroids have length 1 and products are `x·c` (spherical)
 */
export function createBounds({ data, count, dimension }: Features, shift: number): Bounds {
  const lengths = new Float64Array(count).fill(Number.NaN); // |x|; not a number: the row was never compared
  const lower = new Float64Array(count); // l(i)
  const upper = new Float64Array(count); // u(i)
  const gap = new Float64Array(count); // the distance to the own centroid is at least u(i) - gap(i)
  /** Largest relative error of a sum of D products and an offset in float32, in any order. */
  const rounding = roundingOf(dimension);
  let movement: Movement;
  let isDistance = true; // whether `shift` fits all centroids
  let rests = new Float64Array(); // of each level; nothing is left beside the last

  function lengthOf(i: number): number {
    let squares = 0;
    for (let d = i * dimension; d < (i + 1) * dimension; d++) squares += data[d]! * data[d]!;
    return Math.sqrt(squares);
  }
  /** How far a product with a row of this length is from its true value at most. */
  const errorOf = (length: number) => rounding * movement.longest * (length + movement.longest);
  /** Distance that a product means for a row of this length. */
  const distanceOf = (length: number, product: number) =>
    Math.sqrt(Math.max(0, length * length - 2 * (product - shift)));
  /** Room for what products cannot tell, of distances squared. */
  const roomOf = (length: number) => 4 * errorOf(length);
  /** The lowest level that is enough where all others are this much further than the own centroid, and products can tell it. */
  function levelFor(margin: number): number {
    let level = 0;
    while (!(margin > rests[level]!)) level++;
    return level;
  }

  /** After products with all centroids. */
  function settleAll({ rows, at, largest, second }: Compared, found: Int32Array): void {
    for (let k = 0; k < rows.length; k++) {
      const i = rows[k]!;
      if (Number.isNaN(lengths[i]!)) lengths[i] = lengthOf(i);
      const length = lengths[i]!;
      const error = errorOf(length);
      upper[i] = distanceOf(length, largest[k]! - error);
      gap[i] = upper[i]! - distanceOf(length, largest[k]! + error);
      lower[i] = isDistance ? distanceOf(length, second[k]! + error) : 0;
      found[k] = at[k]!;
    }
  }

  /** After products with F. */
  function settleAmong(
    { centroids, rest }: Fast,
    { rows, at, largest, second }: Compared,
    clusters: Int32Array,
    found: Int32Array,
  ): void {
    for (let k = 0; k < rows.length; k++) {
      const i = rows[k]!;
      const own = clusters[i]!;
      const best = centroids[at[k]!]!;
      const length = lengths[i]!;
      const error = errorOf(length);
      const others = isDistance ? lower[i]! - rest : 0;
      let cluster = own;
      if (best !== own) {
        // The own centroid's product is at least what its upper bound means.
        const least = (length * length - upper[i]! * upper[i]!) / 2 + shift;
        if (largest[k]! >= least - error) cluster = UNCLEAR;
      }
      found[k] = cluster;
      if (best === own) {
        lower[i] = Math.min(others, distanceOf(length, second[k]! + error));
        upper[i] = distanceOf(length, largest[k]! - error);
        gap[i] = upper[i]! - distanceOf(length, largest[k]! + error);
      } else if (cluster === own) {
        lower[i] = Math.min(others, distanceOf(length, largest[k]! + error));
      }
    }
  }

  return {
    moved(next) {
      movement = next;
      rests = Float64Array.from(next.levels, ({ rest }) => rest);
      rests[rests.length - 1] = Number.NEGATIVE_INFINITY;
      isDistance = shift === 0 || Math.abs(next.shortest - 1) < UNIT;
    },
    need(start, levels, clusters) {
      const { by } = movement;
      const last = rests.length - 1;
      for (let k = 0; k < levels.length; k++) {
        const i = start + k;
        const length = lengths[i]!;
        if (Number.isNaN(length)) {
          levels[k] = last;
          continue;
        }
        const own = clusters[i]!;
        const moved = by[own]!;
        const room = roomOf(length);
        upper[i]! += moved;
        gap[i]! += 2 * moved;
        const level = levelFor(lower[i]! - Math.sqrt(upper[i]! * upper[i]! + room));
        if (level === last) {
          // Where the own centroid is likely to be: half of what is uncertain is nearer.
          const likely = upper[i]! - gap[i]! / 2;
          if (levelFor(lower[i]! - Math.sqrt(likely * likely + room)) < last) {
            levels[k] = MEASURE;
            continue;
          }
        }
        if (level === 0) lower[i]! -= rests[0]!;
        levels[k] = level;
      }
    },
    measured(rows, squares, levels) {
      for (let k = 0; k < rows.length; k++) {
        const i = rows[k]!;
        upper[i] = Math.sqrt(squares[k]! * (1 + rounding));
        gap[i] = upper[i]! - Math.sqrt(squares[k]! * (1 - rounding));
        const level = levelFor(lower[i]! - Math.sqrt(upper[i]! * upper[i]! + roomOf(lengths[i]!)));
        if (level === 0) lower[i]! -= rests[0]!;
        levels[k] = level;
      }
    },
    settle(level, compared, clusters, found) {
      if (level === rests.length - 1) settleAll(compared, found);
      else settleAmong(movement.levels[level]!, compared, clusters, found);
    },
  };
}
