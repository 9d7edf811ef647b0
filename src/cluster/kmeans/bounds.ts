/**
 * Distance bounds that let k-means skip comparisons: a row is compared only with centroids that
 * may have become nearer than its own.
 *
 * A centroid that moved by `p(j)` is nearer to a row by at most `p(j)` (triangle inequality). For
 * row i, let `l(i)` be a lower bound of the distance to every centroid but its own, and `u(i)` an
 * upper bound of the distance to its own. F is a subset of the centroids that moved furthest.
 * - `l(i) - max_j p(j) > u(i)`: no other centroid can be nearer. No comparison is needed.
 * - `l(i) - max_{j not in F} p(j) > u(i)`: only a centroid of F can be nearer. After the first
 *   iterations most centroids hardly move, and a small F is enough for most rows.
 * - Otherwise the row is compared with all centroids.
 *
 * The result is exact. The engine's products are float32, and every test adds a margin for their
 * rounding. A row whose own centroid and another are within this margin is compared with all
 * centroids, so that ties are decided as in a full comparison.
 *
 * Sources: Hamerly, "Making k-means even faster", SDM 2010 (one lower and one upper bound per row);
 * Ding et al., "Yinyang k-means", ICML 2015 (bounds per group of centroids). Difference from both:
 * each iteration chooses the groups again, by how far their centroids moved, so that the remaining
 * comparisons are dense matrix products.
 */
import type { Features } from '../features.ts';
import { distanceRounding } from './centroidDistances.ts';
import type { CentroidSubset, Movement } from './movement.ts';

/** Products of some rows with the centroids of one subset. */
export interface Comparison {
  /** Row indices. */
  readonly rows: Int32Array;
  /** For each row, the place in the subset of the centroid with the largest product. */
  readonly at: Int32Array;
  /** The two largest products of each row. */
  readonly largest: Float32Array;
  readonly second: Float32Array;
}

/** Result of `settle` for a row that has to be compared with all centroids. */
export const UNDECIDED = -1;
/** Level of a row whose distance to its own centroid has to be computed first. */
export const NEEDS_DISTANCE = 255;

/** Deviation from 1 of the norm of a normalized float32 centroid. A zero centroid stays zero. */
const UNIT_TOLERANCE = 1e-6;

/**
 * Bounds of N rows. A level is the index of the centroid subset that a row is compared with;
 * level 0 compares with none, the last level with all.
 */
export class DistanceBounds {
  readonly #features: Features;
  /** 0 (Euclidean), or 1/2 where centroids have norm 1 and products have no offset (spherical). */
  readonly #shift: number;
  /** Largest relative error of a float32 sum of D products and an offset, in any order. */
  readonly #rounding: number;
  /** `|x|` of each row; NaN until its first full comparison. */
  readonly #norms: Float64Array;
  /** `l(i)` and `u(i)`. */
  readonly #lower: Float64Array;
  readonly #upper: Float64Array;
  /** The distance of row i to its own centroid is at least `u(i) - gap(i)`. */
  readonly #gap: Float64Array;
  #movement!: Movement;
  /** For each level, the largest movement of a centroid that this level does not compare. */
  #outside = new Float64Array();
  /** True when `shift` fits all centroids, so that products give distances. */
  #hasDistances = true;

  /**
   * Products are `s = x·c - |c|²/2 + shift`, so that `|x - c|² = |x|² - 2 (s - shift)`.
   *
   * @param shift 0 for Euclidean k-means, 1/2 for spherical k-means
   */
  constructor(features: Features, shift: number) {
    this.#features = features;
    this.#shift = shift;
    this.#rounding = distanceRounding(features.dimension);
    this.#norms = new Float64Array(features.count).fill(Number.NaN);
    this.#lower = new Float64Array(features.count);
    this.#upper = new Float64Array(features.count);
    this.#gap = new Float64Array(features.count);
  }

  /** Receives the movement of the centroids, before the rows of an iteration are classified. */
  update(movement: Movement): void {
    this.#movement = movement;
    this.#outside = Float64Array.from(movement.subsets, ({ maxOutside }) => maxOutside);
    this.#outside[this.#outside.length - 1] = Number.NEGATIVE_INFINITY;
    this.#hasDistances = this.#shift === 0 || Math.abs(movement.minNorm - 1) < UNIT_TOLERANCE;
  }

  /**
   * Writes the level of each row from row `start` on, or `NEEDS_DISTANCE`. Rows of level 0 are
   * settled by this call.
   */
  classify(start: number, levels: Uint8Array, assignments: Int32Array): void {
    const { distances } = this.#movement;
    const last = this.#outside.length - 1;
    for (let k = 0; k < levels.length; k++) {
      const i = start + k;
      if (Number.isNaN(this.#norms[i]!)) {
        levels[k] = last;
        continue;
      }
      const moved = distances[assignments[i]!]!;
      this.#upper[i]! += moved;
      this.#gap[i]! += 2 * moved;
      const upper = this.#upper[i]!;
      const level = this.#levelOf(i, upper);
      // The true distance is probably in the middle of its bounds. If it would save a comparison,
      // it is worth computing.
      const isWorthMeasuring = level === last && this.#levelOf(i, upper - this.#gap[i]! / 2) < last;
      if (level === 0) this.#lower[i]! -= this.#outside[0]!;
      levels[k] = isWorthMeasuring ? NEEDS_DISTANCE : level;
    }
  }

  /** Receives squared distances of rows to their own centroids, and writes their levels. */
  refine(rows: Int32Array, squares: Float32Array, levels: Uint8Array): void {
    for (let k = 0; k < rows.length; k++) {
      const i = rows[k]!;
      const upper = Math.sqrt(squares[k]! * (1 + this.#rounding));
      this.#upper[i] = upper;
      this.#gap[i] = upper - Math.sqrt(squares[k]! * (1 - this.#rounding));
      const level = this.#levelOf(i, upper);
      if (level === 0) this.#lower[i]! -= this.#outside[0]!;
      levels[k] = level;
    }
  }

  /** Receives the products of a level, and writes the cluster of each row or `UNDECIDED`. */
  settle(level: number, compared: Comparison, assignments: Int32Array, found: Int32Array): void {
    if (level === this.#outside.length - 1) this.#settleAll(compared, found);
    else this.#settleAmong(this.#movement.subsets[level]!, compared, assignments, found);
  }

  /** Settles rows by their products with all centroids. */
  #settleAll({ rows, at, largest, second }: Comparison, found: Int32Array): void {
    for (let k = 0; k < rows.length; k++) {
      const i = rows[k]!;
      if (Number.isNaN(this.#norms[i]!)) this.#norms[i] = this.#normOf(i);
      const norm = this.#norms[i]!;
      const error = this.#errorOf(norm);
      this.#setOwnDistance(i, largest[k]!, error);
      this.#lower[i] = this.#hasDistances ? this.#distanceOf(norm, second[k]! + error) : 0;
      found[k] = at[k]!;
    }
  }

  /** Settles rows by their products with a subset of the centroids. */
  #settleAmong(
    { centroids, maxOutside }: CentroidSubset,
    { rows, at, largest, second }: Comparison,
    assignments: Int32Array,
    found: Int32Array,
  ): void {
    for (let k = 0; k < rows.length; k++) {
      const i = rows[k]!;
      const own = assignments[i]!;
      const norm = this.#norms[i]!;
      const error = this.#errorOf(norm);
      const others = this.#hasDistances ? this.#lower[i]! - maxOutside : 0;
      if (centroids[at[k]!]! === own) {
        found[k] = own;
        this.#lower[i] = Math.min(others, this.#distanceOf(norm, second[k]! + error));
        this.#setOwnDistance(i, largest[k]!, error);
        continue;
      }
      // The product with the own centroid is at least the one that belongs to the upper bound.
      const least = (norm * norm - this.#upper[i]! * this.#upper[i]!) / 2 + this.#shift;
      const isDecided = !(largest[k]! >= least - error);
      found[k] = isDecided ? own : UNDECIDED;
      if (isDecided) this.#lower[i] = Math.min(others, this.#distanceOf(norm, largest[k]! + error));
    }
  }

  #setOwnDistance(i: number, product: number, error: number): void {
    const norm = this.#norms[i]!;
    const upper = this.#distanceOf(norm, product - error);
    this.#upper[i] = upper;
    this.#gap[i] = upper - this.#distanceOf(norm, product + error);
  }

  /**
   * Lowest level that suffices for a row at distance `own` from its centroid. Four rounding errors
   * of a product, added to the squared distance, cover what products cannot distinguish.
   */
  #levelOf(i: number, own: number): number {
    const margin = this.#lower[i]! - Math.sqrt(own * own + 4 * this.#errorOf(this.#norms[i]!));
    let level = 0;
    while (!(margin > this.#outside[level]!)) level++;
    return level;
  }

  /** Largest rounding error of a product with a row of this norm. */
  #errorOf(norm: number): number {
    return this.#rounding * this.#movement.maxNorm * (norm + this.#movement.maxNorm);
  }

  /** Distance that belongs to a product with a row of this norm. */
  #distanceOf(norm: number, product: number): number {
    return Math.sqrt(Math.max(0, norm * norm - 2 * (product - this.#shift)));
  }

  #normOf(i: number): number {
    const { data, dimension } = this.#features;
    let squares = 0;
    for (let d = i * dimension; d < (i + 1) * dimension; d++) squares += data[d]! * data[d]!;
    return Math.sqrt(squares);
  }
}
