/** Passes over all features: similar rows, and typical rows of clusters. Runs in a worker. */
import { partsOf, type Rows } from '../cluster/index.ts';

/** Rows with cosines, best first. */
export interface SimilarRows {
  readonly rows: Int32Array;
  readonly similarities: Float32Array;
}

export interface SimilarOptions {
  /** Number of rows. */
  readonly count: number;
  /** Row that is left out, such as the one that is asked for. */
  readonly without?: number | undefined;
  /** Marks the rows that may be found with 1, [N]. Default: all. */
  readonly among?: Uint8Array | undefined;
}

/**
 * Finds the rows [N, D] of length 1 with the largest cosines to a vector [D]. Of equal ones the
 * lower row comes first.
 */
export async function similarRows(
  features: Rows,
  vector: Float32Array,
  { count, without, among }: SimilarOptions,
): Promise<SimilarRows> {
  const { dimension: D } = features;
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1;
  const unit = vector.map((value) => value / length);
  // The best so far in falling order. Few rows pass the last one, so insertion is cheap.
  const rows: number[] = [];
  const best: number[] = [];
  for await (const { start, rows: size, data } of partsOf(features)) {
    for (let i = 0; i < size; i++) {
      const row = start + i;
      if (row === without || (among && among[row] !== 1)) continue;
      let dot = 0;
      for (let d = 0, at = i * D; d < D; d++, at++) dot += unit[d]! * data[at]!;
      if (best.length === count && dot <= best[count - 1]!) continue;
      let place = best.length;
      while (place > 0 && best[place - 1]! < dot) place--;
      best.splice(place, 0, dot);
      rows.splice(place, 0, row);
      if (best.length > count) {
        best.pop();
        rows.pop();
      }
    }
  }
  return { rows: Int32Array.from(rows), similarities: Float32Array.from(best) };
}

export interface Typicality {
  /** Cosine of each row to the mean of its cluster, NaN for rows without a cluster [N]. */
  readonly similarity: Float32Array;
  /** Rank of each row in its cluster, the most typical at 0; -1 without a cluster [N]. */
  readonly order: Int32Array;
  /** Mean cosine of the members of each cluster, in the order of `clusters`. */
  readonly cohesion: Float32Array;
  /** Numbers of the clusters that have members, rising. */
  readonly clusters: Int32Array;
}

/**
 * Computes how typical each row is of its cluster: `x · m / |m|` with `m` the mean of the members.
 *
 * @param assigned cluster of each row [N]; negative for rows without one
 */
export async function typicality(features: Rows, assigned: Int32Array): Promise<Typicality> {
  const { count, dimension: D } = features;
  const clusters = Int32Array.from(new Set(assigned.filter((cluster) => cluster >= 0))).sort();
  const placeOf = new Map([...clusters].map((cluster, place) => [cluster, place]));
  const places = assigned.map((cluster) => placeOf.get(cluster) ?? -1);
  const sums = new Float64Array(clusters.length * D);
  for await (const { start, rows, data } of partsOf(features)) {
    for (let i = 0; i < rows; i++) {
      const place = places[start + i]!;
      if (place < 0) continue;
      for (let d = 0, at = i * D, to = place * D; d < D; d++) sums[to + d]! += data[at + d]!;
    }
  }
  for (let place = 0; place < clusters.length; place++) {
    const mean = sums.subarray(place * D, (place + 1) * D);
    const length = Math.sqrt(mean.reduce((sum, value) => sum + value * value, 0)) || 1;
    for (let d = 0; d < D; d++) mean[d]! /= length;
  }
  const similarity = new Float32Array(count).fill(Number.NaN);
  const totals = new Float64Array(clusters.length);
  const sizes = new Float64Array(clusters.length);
  for await (const { start, rows, data } of partsOf(features)) {
    for (let i = 0; i < rows; i++) {
      const place = places[start + i]!;
      if (place < 0) continue;
      let dot = 0;
      for (let d = 0, at = i * D, to = place * D; d < D; d++) dot += data[at + d]! * sums[to + d]!;
      similarity[start + i] = dot;
      totals[place]! += dot;
      sizes[place]! += 1;
    }
  }
  return {
    similarity,
    order: ranksWithin(places, similarity, clusters.length),
    cohesion: Float32Array.from(totals, (total, place) => total / sizes[place]!),
    clusters,
  };
}

/** Ranks rows within their places by falling score; equal scores keep the order of the rows. */
export function ranksWithin(places: Int32Array, scores: Float32Array, count: number): Int32Array {
  const members: number[][] = Array.from({ length: count }, () => []);
  for (const [row, place] of places.entries()) if (place >= 0) members[place]!.push(row);
  const order = new Int32Array(places.length).fill(-1);
  for (const rows of members) {
    rows.sort((a, b) => scores[b]! - scores[a]! || a - b);
    for (const [rank, row] of rows.entries()) order[row] = rank;
  }
  return order;
}
