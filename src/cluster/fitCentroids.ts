/**
 * Centroids of K clusters, by one of several algorithms.
 *
 * - `kmeans`: spherical k-means on the rows.
 * - `smoothed-kmeans`: spherical k-means on rows that are averaged with their nearest neighbors
 *   (`smoothRows`). The centroid of a cluster is the mean direction of its rows as they were, so
 *   that new rows are assigned to the nearest centroid without neighbors. Of several starts the one
 *   with the smallest spread of the rows as they were counts: averaged rows lie so close together
 *   that their own objective may join two clusters and split a third.
 */
import type { Engine } from '../backends/index.ts';
import { abortSignal, callback, oneOf, optionCheck, wholeNumber } from '../core/options.ts';
import { randomAt } from '../core/random.ts';
import { distinctRows, type Features, featuresOf, normalizeRows } from './features.ts';
import { type KmeansOptions, type KmeansResult, kmeans } from './kmeans/kmeans.ts';
import { kmeansRestarts } from './kmeansRestarts.ts';
import { allRows, pickRows, type Rows } from './rows.ts';
import { smoothRows } from './smoothRows.ts';

/** Names of the algorithms. */
export const clusterAlgorithms = ['kmeans', 'smoothed-kmeans'] as const;
export type ClusterAlgorithm = (typeof clusterAlgorithms)[number];

export interface FitOptions {
  algorithm: ClusterAlgorithm;
  /** Independent starts of k-means. Default: fewer for more clusters. */
  restarts?: number | undefined;
  /** Most rows that centroids are fitted on. Default 100,000. */
  fitOn?: number | undefined;
  seed: number;
  /** Receives the number of steps of k-means that are done, over all of its starts. */
  onProgress?: KmeansOptions['onProgress'] | undefined;
  signal?: AbortSignal | undefined;
}

const checkFit = optionCheck<FitOptions>({
  algorithm: oneOf(clusterAlgorithms),
  restarts: wholeNumber(1),
  fitOn: wholeNumber(1),
  seed: wholeNumber(0),
  onProgress: callback,
  signal: abortSignal,
});

export interface FittedCentroids {
  /** `[K, D]`, rows of length 1. */
  readonly centroids: Features;
  /** Mean of `1 - cosine` between a row and the centroid of its cluster. */
  readonly spread: number;
}

/** Most rows that k-means is fitted on, and most whose neighbors are searched. */
const MAX_ROWS = 100_000;
const MAX_SMOOTHED = 30_000;
/** Most neighbors, and rows of a mean cluster per neighbor: fewer would join clusters. */
const MAX_NEIGHBORS = 10;
const ROWS_PER_NEIGHBOR = 5;
const STEPS = 3;
/** Number of seeds of single starts. */
const SEEDS = 2 ** 31;
/**
 * From this K on k-means starts from random rows: k-means++ passes over the rows once per cluster,
 * which would take longer than the iterations. The price: separate groups are split and joined more
 * often.
 */
const MAX_K_PLUS_PLUS = 5000;

/** Fits K centroids to unit rows `[N, D]`. The same seed gives the same centroids. */
export async function fitCentroids(
  engine: Engine,
  unit: Rows,
  k: number,
  given: FitOptions,
): Promise<FittedCentroids> {
  checkFit(given);
  const { algorithm, restarts, fitOn = MAX_ROWS, seed, onProgress, signal } = given;
  const start = k < MAX_K_PLUS_PLUS ? 'plusPlus' : 'random';
  const neighbors =
    algorithm === 'kmeans' ? 0 : smoothingNeighbors(Math.min(unit.count, fitOn, MAX_SMOOTHED), k);
  const starts = {
    start,
    restarts: restarts ?? kmeansRestarts(k, neighbors === 0 ? 'kmeans' : algorithm),
  } as const;
  const most = neighbors === 0 ? fitOn : Math.min(fitOn, MAX_SMOOTHED);
  const rows =
    unit.count > most
      ? await pickRows(unit, distinctRows(unit.count, most, randomAt(seed, 'clusterFit')).sort())
      : await allRows(unit);
  if (neighbors === 0) {
    const options = { engine, metric: 'spherical', ...starts, seed, onProgress, signal } as const;
    const found = await kmeans(rows, k, options);
    const centroids = normalizeRows(featuresOf(found.centroids, rows.dimension));
    return { centroids, spread: found.objective / rows.count };
  }
  const smooth = await smoothRows(rows, { engine, neighbors, steps: STEPS, signal });
  let best: FittedCentroids | undefined;
  let done = 0;
  for (let start = 0; start < starts.restarts; start++) {
    const own = { ...starts, restarts: 1, seed: (seed * starts.restarts + start) % SEEDS };
    const found = await kmeans(smooth, k, {
      ...{ engine, metric: 'spherical', ...own, signal },
      onProgress: () => onProgress?.(++done),
    });
    const fitted = meanDirections(rows, found);
    if (best === undefined || fitted.spread < best.spread) best = fitted;
  }
  return best!;
}

/**
 * Chooses the neighbors that rows are averaged with: 10, or a fifth of the rows of a mean cluster
 * where that is less. 0 where clusters are too small, and k-means runs on the rows themselves.
 */
export function smoothingNeighbors(count: number, k: number): number {
  return Math.min(MAX_NEIGHBORS, Math.floor(count / k / ROWS_PER_NEIGHBOR));
}

/** Mean direction of the rows of each cluster; an empty cluster keeps its own centroid. */
function meanDirections(
  { data, count, dimension: D }: Features,
  { assignments, sizes, centroids }: KmeansResult,
): FittedCentroids {
  const sums = new Float64Array(centroids.length);
  sizes.forEach((size, cluster) => {
    if (size > 0) return;
    for (let at = cluster * D; at < (cluster + 1) * D; at++) sums[at] = centroids[at]!;
  });
  for (let i = 0; i < count; i++) {
    const to = assignments[i]! * D;
    for (let d = 0; d < D; d++) sums[to + d]! += data[i * D + d]!;
  }
  // Cosines of unit rows to the direction of their sum add up to its length.
  let cosines = 0;
  sizes.forEach((size, cluster) => {
    if (size === 0) return;
    const sum = sums.subarray(cluster * D, (cluster + 1) * D);
    cosines += Math.sqrt(sum.reduce((squares, value) => squares + value * value, 0));
  });
  return {
    centroids: normalizeRows(featuresOf(Float32Array.from(sums), D)),
    spread: 1 - cosines / count,
  };
}
