/** Places of rows that a layout does not have, from the places of their nearest rows in it. */
import type { Neighbors } from '../cluster/index.ts';

/** Exponent of the cosines in the weights of neighbors. */
const SHARPNESS = 16;
/** Neighbors within so many times the usual distance in the plane belong together. */
const TOGETHER = 3;

/** Weight of a neighbor by its cosine. */
const weightOf = (similarity: number) => Math.max(1e-6, similarity) ** SHARPNESS;

/**
 * Radius within which neighbors belong together: three times the median of the distances in the
 * plane between rows of the layout and their neighbors.
 *
 * @param places layout [M, 2]
 * @param rows rows of the layout whose neighbors are given, [Q]
 * @param near their neighbors in the layout, [Q, k], themselves among them
 */
export function radiusOf(
  places: Float32Array,
  rows: ArrayLike<number>,
  { indices, k }: Pick<Neighbors, 'indices' | 'k'>,
): number {
  const distances: number[] = [];
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < k; j++) {
      const other = indices[i * k + j]!;
      if (other !== rows[i]) distances.push(distanceOf(places, rows[i]!, other));
    }
  }
  if (distances.length === 0) return Number.POSITIVE_INFINITY;
  distances.sort((a, b) => a - b);
  return TOGETHER * distances[distances.length >> 1]!;
}

/**
 * Places a row at the mean of its neighbors that lie together, weighted by `cosine^16`.
 *
 * The mean of neighbors in two groups would lie between them, where no image is. So the mean is
 * that of the neighbors around one of them, the one with the largest weight within the radius.
 *
 * @param places layout [M, 2]
 * @param at index of the row in `near`
 * @returns x and y
 */
export function placeByNeighbors(
  places: Float32Array,
  { indices, similarities, k }: Neighbors,
  at: number,
  radius: number,
): [number, number] {
  const own = Array.from({ length: k }, (_, j) => ({
    row: indices[at * k + j]!,
    weight: weightOf(similarities[at * k + j]!),
  }));
  let best = { weight: Number.NEGATIVE_INFINITY, x: 0, y: 0 };
  for (const { row: center } of own) {
    let [weight, x, y] = [0, 0, 0];
    for (const other of own) {
      if (distanceOf(places, center, other.row) > radius) continue;
      weight += other.weight;
      x += other.weight * places[2 * other.row]!;
      y += other.weight * places[2 * other.row + 1]!;
    }
    // Neighbors come by falling cosine, so that the nearest decides among equal groups.
    if (weight > best.weight) best = { weight, x: x / weight, y: y / weight };
  }
  return [best.x, best.y];
}

function distanceOf(places: Float32Array, a: number, b: number): number {
  return Math.hypot(places[2 * a]! - places[2 * b]!, places[2 * a + 1]! - places[2 * b + 1]!);
}
