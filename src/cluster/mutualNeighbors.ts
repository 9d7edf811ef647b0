/**
 * Agglomerative clustering by mutual nearest neighbors.
 *
 * Row j is the m-th nearest neighbor of row i, and i is the n-th nearest of j. Their mutual
 * neighborhood value is `m + n`, from 2. Pairs are joined in the order of this value, and pairs of
 * one value in the order of their distance, until K clusters are left.
 *
 * The lists of the k nearest neighbors give all values up to 2k, so the sparse graph is enough for
 * any number of rows.
 *
 * Source: Gowda and Krishna, Pattern Recognition 10, 1978, which Contrastive Clustering cites for
 * agglomerative clustering. There the merges end where no list has both rows of a pair. Here pairs
 * of which only one list has the other follow, with rank k + 1 for the missing one; then the
 * smallest cluster joins the one with the nearest mean. A tree of pairs joins chains of rows, so
 * that a few rows far from all others may be clusters of their own.
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { abortSignal, checkedLater, optionCheck, wholeNumber } from '../core/options.ts';
import { type DisjointSets, disjointSets } from './disjointSets.ts';
import { type EuclideanNeighbors, euclideanNeighbors } from './euclideanNeighbors.ts';
import { type FeatureInput, type Features, toFeatures } from './features.ts';
import { withEngine } from './withEngine.ts';

export interface MutualNeighborOptions {
  /** Length k of the lists of neighbors, at most N - 1. Default 20. */
  neighbors?: number;
  /** Engine to run on. Default: a new one, closed at the end. */
  engine?: Engine;
  signal?: AbortSignal;
}

const checkMutual = optionCheck<MutualNeighborOptions>({
  neighbors: wholeNumber(1),
  engine: checkedLater,
  signal: abortSignal,
});

/**
 * Clusters rows `[N, D]` into K clusters and returns the cluster of each row, `[N]`, numbered by
 * their first row. Nothing is drawn.
 *
 * Throws `LikenessError` when `k` is not an integer from 1 to N.
 *
 * @example
 * await mutualNeighborClusters([[0], [1], [9], [8]], 2); // [0, 0, 1, 1]
 */
export async function mutualNeighborClusters(
  rows: FeatureInput,
  k: number,
  given: MutualNeighborOptions = {},
): Promise<Int32Array> {
  checkMutual(given);
  const { engine, neighbors = 20, signal } = given;
  const features = toFeatures(rows);
  const { count } = features;
  if (!Number.isInteger(k) || k < 1 || k > count) {
    throw new LikenessError(
      'mutualNeighbors.k',
      `mutualNeighbors: received k = ${k} for ${count} rows; expected a whole number from 1 to ` +
        `${count}`,
    );
  }
  if (count === 1) return new Int32Array(1);
  const near = await withEngine(engine, (engine) =>
    euclideanNeighbors(engine, features, { k: Math.min(neighbors, count - 1), signal }),
  );
  const sets = disjointSets(count);
  for (const { a, b } of orderedPairs(near)) {
    if (sets.count === k) break;
    sets.join(a, b);
  }
  joinSmallest(sets, features, k);
  return sets.numbered();
}

/** Two rows with their mutual neighborhood value and squared distance. */
export interface MutualPair {
  readonly a: number;
  readonly b: number;
  readonly value: number;
  readonly squared: number;
}

/**
 * Lists all pairs of which at least one is a neighbor of the other, by value, then by distance. A
 * list that lacks the other row counts k + 1.
 */
export function orderedPairs({ k, indices, squared }: EuclideanNeighbors): MutualPair[] {
  const count = indices.length / k;
  const rankIn = (row: number, other: number) =>
    indices.subarray(row * k, (row + 1) * k).indexOf(other) + 1 || k + 1;
  const pairs: MutualPair[] = [];
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < k; i++) {
      const other = indices[row * k + i]!;
      const back = rankIn(other, row);
      // A mutual pair is in two lists and is taken from the list of its first row.
      if (back <= k && other < row) continue;
      const [a, b] = [Math.min(row, other), Math.max(row, other)];
      pairs.push({ a, b, value: i + 1 + back, squared: squared[row * k + i]! });
    }
  }
  return pairs.sort((p, q) => p.value - q.value || p.squared - q.squared || p.a - q.a || p.b - q.b);
}

/** Joins the smallest cluster with the one of the nearest mean, until K are left. */
function joinSmallest(sets: DisjointSets, { data, count, dimension }: Features, k: number): void {
  if (sets.count <= k) return;
  const clusters = new Map<number, { size: number; sums: Float64Array }>();
  for (let row = 0; row < count; row++) {
    const root = sets.rootOf(row);
    const own = clusters.get(root) ?? { size: 0, sums: new Float64Array(dimension) };
    clusters.set(root, own);
    own.size++;
    for (let d = 0; d < dimension; d++) own.sums[d]! += data[row * dimension + d]!;
  }
  while (clusters.size > k) {
    const [root, smallest] = [...clusters].reduce((least, entry) =>
      entry[1].size < least[1].size ? entry : least,
    );
    clusters.delete(root);
    let nearest = { root: -1, squared: Number.POSITIVE_INFINITY };
    for (const [other, { size, sums }] of clusters) {
      let squared = 0;
      for (let d = 0; d < dimension; d++) {
        squared += (sums[d]! / size - smallest.sums[d]! / smallest.size) ** 2;
      }
      if (squared < nearest.squared) nearest = { root: other, squared };
    }
    const joined = clusters.get(nearest.root)!;
    joined.size += smallest.size;
    for (let d = 0; d < dimension; d++) joined.sums[d]! += smallest.sums[d]!;
    sets.join(root, nearest.root);
  }
}
