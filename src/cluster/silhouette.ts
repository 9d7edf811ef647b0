/**
 * Simplified silhouette: how much nearer each row is to its own centroid than to the next one.
 *
 * `s_i = (b_i - a_i) / max(a_i, b_i)`: `a_i` is the Euclidean distance to the own centroid, `b_i`
 * the smallest distance to another. Centroids replace the mean distances to all rows of a cluster
 * (the `silhouette` of the metrics), so that the work is N K instead of N².
 *
 * - Range: -1 to 1, and 0 to 1 where every row belongs to its nearest centroid. Near 1: clusters
 *   are far apart compared with their width. Near 0: rows lie between clusters.
 * - 0 for rows alone in their cluster, for rows on two centroids at once, and for K = 1.
 *
 * References: Hruschka, de Castro and Campello, "Evolutionary algorithms for clustering
 * gene-expression data", ICDM 2004 (simplified); Rousseeuw 1987 (the silhouette).
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { silhouetteOf } from '../metrics/index.ts';
import { add, input, matmul, reshape, topK } from '../tensor/index.ts';
import { type Block, blocksOf } from './blocks.ts';
import { type Features, requireSameDimension } from './features.ts';
import { meansOf, partsOf, type Rows } from './rows.ts';

export interface Silhouette {
  /** Mean of all rows. */
  readonly mean: number;
  /** `[N]`, value of each row. */
  readonly values: Float32Array;
}

/**
 * Computes the simplified silhouette of rows `[N, D]` for assignments `[N]` and centroids `[K, D]`.
 */
export async function simplifiedSilhouette(
  engine: Engine,
  features: Features | Rows,
  assignments: Int32Array,
  centroids: Features,
): Promise<Silhouette> {
  requireSameDimension('silhouette', features, centroids);
  const { count } = features;
  const k = centroids.count;
  if (assignments.length !== count || assignments.some((cluster) => cluster < 0 || cluster >= k)) {
    throw new LikenessError(
      'silhouette.assignments',
      `silhouette: received ${assignments.length} assignments for ${count} rows; ` +
        `expected one per row, 0 to ${k - 1}`,
    );
  }
  const values = new Float32Array(count);
  if (k === 1) return { mean: 0, values };
  const sizes = new Int32Array(k);
  for (const cluster of assignments) sizes[cluster]! += 1;

  let sum = 0;
  for await (const { start, rows, data, nearest } of nearestTwo(engine, features, centroids)) {
    for (let row = 0; row < rows; row++) {
      const i = start + row;
      const own = assignments[i]!;
      const other = nearest[2 * row] === own ? nearest[2 * row + 1]! : nearest[2 * row]!;
      const a = distance(data, row, centroids, own);
      const b = distance(data, row, centroids, other);
      values[i] = sizes[own] === 1 ? 0 : silhouetteOf(a, b);
      sum += values[i]!;
    }
  }
  return { mean: sum / count, values };
}

/**
 * Yields rows in blocks with their two nearest centroids `[rows, 2]`, from one product per block.
 */
async function* nearestTwo(
  engine: Engine,
  features: Features | Rows,
  centroids: Features,
): AsyncGenerator<Block & { nearest: Int32Array }> {
  const { count, dimension } = features;
  const k = centroids.count;
  const blocks = blocksOf(count, Math.max(k, dimension));
  const x = input('x', [blocks.size, dimension]);
  const c = input('c', [dimension, k]);
  const offset = input('offset', [k]);
  const { indices } = topK(add(matmul(x, c), reshape(offset, [1, k])), { k: 2 });
  const exe = await engine.compile({
    outputs: { indices },
    state: [{ current: c }, { current: offset }],
  });
  try {
    // Centered, because float32 products of rows far from the origin lose digits.
    const means = await meansOf(features);
    const columns = new Float32Array(k * dimension);
    const offsets = new Float32Array(k);
    for (let j = 0; j < k; j++) {
      for (let d = 0; d < dimension; d++) {
        const value = centroids.data[j * dimension + d]! - means[d]!;
        columns[d * k + j] = value;
        offsets[j]! -= (value * value) / 2;
      }
    }
    await exe.writeState({ c: columns, offset: offsets });
    for await (const part of partsOf(features, blocks)) {
      const moved = new Float32Array(blocks.size * dimension);
      for (let at = 0; at < part.data.length; at++)
        moved[at] = part.data[at]! - means[at % dimension]!;
      const found = await exe.run({ x: moved }, { transfer: true });
      yield { ...part, nearest: found.indices as Int32Array };
    }
  } finally {
    await exe.dispose();
  }
}

function distance(
  a: Float32Array,
  i: number,
  { data: b, dimension: D }: Features,
  j: number,
): number {
  let squares = 0;
  for (let d = 0; d < D; d++) squares += (a[i * D + d]! - b[j * D + d]!) ** 2;
  return Math.sqrt(squares);
}
