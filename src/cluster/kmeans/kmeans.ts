/**
 * K-means clustering, Euclidean and spherical, on the engine.
 *
 * Lloyd's iteration: assign each row to its nearest centroid, then move each centroid to the mean
 * of its rows.
 * - Euclidean: minimizes `sum_i |x_i - c(i)|²`. The nearest centroid has the largest
 *   `x·c - |c|²/2`.
 * - Spherical: rows and centroids have norm 1. Minimizes `sum_i (1 - x_i·c(i))`; the centroid is
 *   the normalized mean.
 *
 * With few clusters one compiled graph compares a block of rows with the centroids of all restarts
 * (`fullScorer.ts`). With many, distance bounds leave out centroids that cannot be nearest
 * (`boundedScorer.ts`). Both give the same labels. Sums of rows (`clusterSums.ts`) and centroids
 * (`centroidUpdate.ts`) are computed in float64.
 *
 * Empty clusters are refilled by splitting large ones (`emptyClusters.ts`). As in faiss, the last
 * assignment follows the last update, so a cluster can still be empty in the result when rows
 * repeat each other.
 *
 * Sources: Lloyd 1982; Dhillon and Modha, "Concept decompositions", 2001 (spherical); faiss
 * `Clustering.cpp` (repair). Differences from faiss: early stop, k-means++ start, no subsampling.
 */
import type { Engine } from '../../backends/index.ts';
import { LikenessError } from '../../core/errors.ts';
import {
  abortSignal,
  callback,
  checkedLater,
  numberFrom,
  type OptionShape,
  oneOf,
  optionCheck,
  wholeNumber,
} from '../../core/options.ts';
import {
  columnMeans,
  type FeatureInput,
  type Features,
  featuresOf,
  normalizeRows,
  sharedValues,
  toFeatures,
} from '../features.ts';
import { withEngine } from '../withEngine.ts';
import { squaredDistancesToOwn } from './centroidDistances.ts';
import { lloyd } from './lloyd.ts';
import { type KmeansMetric, type KmeansRun, newRun } from './run.ts';
import { preparePlusPlus, randomStart } from './seeding.ts';

export interface KmeansOptions {
  /**
   * Distance to minimize. Default `'euclidean'`; `'spherical'` compares directions only (cosines).
   */
  metric?: KmeansMetric;
  /** First centroids: greedy k-means++ (default), distinct random rows, or given ones `[K, D]`. */
  start?: 'plusPlus' | 'random' | Float32Array;
  /**
   * Independent starts; the result has the lowest objective. Default 1. Given centroids are one
   * start.
   */
  restarts?: number;
  /** Largest number of centroid updates. Default 100. */
  iterations?: number;
  /**
   * Stops when the squared shift of all centroids, summed, is at most this fraction of the mean
   * variance of a column, as in scikit-learn. Default 1e-4; with 0 only when no label changes.
   */
  tolerance?: number;
  /** Seed of all random draws. Default 0. */
  seed?: number;
  /** Engine to run on. Default: a new one, closed at the end. */
  engine?: Engine;
  /** Receives the number of starts that are drawn and of updates that are done, together. */
  onProgress?: (done: number) => void;
  signal?: AbortSignal;
}

/** Schemas of the options; those of restarts and of given centroids depend on K and the rows. */
export const kmeansShape: OptionShape<KmeansOptions> = {
  metric: oneOf(['euclidean', 'spherical']),
  start: checkedLater,
  restarts: checkedLater,
  iterations: wholeNumber(0),
  tolerance: numberFrom(0),
  seed: wholeNumber(0),
  engine: checkedLater,
  onProgress: callback,
  signal: abortSignal,
};
const checkKmeans = optionCheck(kmeansShape);

export interface KmeansResult {
  /** `[K, D]`; of norm 1 when spherical. */
  readonly centroids: Float32Array;
  readonly k: number;
  readonly dimension: number;
  /** `[N]`, the nearest centroid of each row, 0 to K - 1; the lower index on a tie. */
  readonly assignments: Int32Array;
  /** `[K]`, rows per cluster. */
  readonly sizes: Float64Array;
  /** Value of the objective, 0 or more. */
  readonly objective: number;
  /** Centroid updates of the best restart. */
  readonly iterations: number;
  /** True when the best restart met the tolerance before the limit of iterations. */
  readonly converged: boolean;
  /** Empty clusters that were refilled during the iterations. */
  readonly repaired: number;
  /** Clusters without rows in the result. */
  readonly empty: number;
}

/**
 * Clusters N rows into K clusters. The same seed gives the same result.
 *
 * Throws `LikenessError` when `k` is not an integer from 1 to N. With K = N each row is a cluster.
 *
 * @example
 * const rows = [[0, 0], [0, 1], [9, 9], [9, 8]];
 * const { assignments } = await kmeans(rows, 2);
 * assignments[0] === assignments[1]; // true
 * assignments[0] === assignments[2]; // false
 */
export async function kmeans(
  features: FeatureInput,
  k: number,
  given: KmeansOptions = {},
): Promise<KmeansResult> {
  checkKmeans(given);
  const { engine, ...options } = given;
  return withEngine(engine, (engine) => fitKmeans(engine, toFeatures(features), k, options));
}

async function fitKmeans(
  engine: Engine,
  features: Features,
  k: number,
  {
    metric = 'euclidean',
    start = 'plusPlus',
    restarts = 1,
    iterations = 100,
    tolerance = 1e-4,
    seed = 0,
    onProgress,
    signal,
  }: Omit<KmeansOptions, 'engine'>,
): Promise<KmeansResult> {
  const { count, dimension } = features;
  requireOptions(features, k, { start, restarts });
  // Centering does not change Euclidean distances, but float32 products of rows far from the origin
  // would lose digits.
  const means = metric === 'euclidean' ? columnMeans(features) : new Float64Array(dimension);
  const work =
    metric === 'euclidean'
      ? centered(features, means)
      : normalizeRows(features, sharedValues(features.data.length));
  if (k === count) return oneRowEach(work, means);

  let done = 0;
  const onStep = () => onProgress?.(++done);
  const asked = { k, metric, start, restarts, seed, onStep };
  const starts = await initialCentroids(engine, work, means, asked);
  const runs = starts.map((centroids, index) => newRun(centroids, { index, count, k }));
  await lloyd(engine, work, runs, { metric, iterations, tolerance, seed, onStep, signal });
  return bestOf(engine, work, runs, { means, metric });
}

function requireOptions(
  { count, dimension }: Features,
  k: number,
  { start, restarts }: Required<Pick<KmeansOptions, 'start' | 'restarts'>>,
): void {
  if (!Number.isInteger(k) || k < 1 || k > count) {
    throw new LikenessError(
      'kmeans.k',
      `kmeans: received k = ${k} for ${count} rows; expected a whole number from 1 to ${count}`,
    );
  }
  if (!Number.isInteger(restarts) || restarts < 1) {
    throw new LikenessError(
      'kmeans.restarts',
      `kmeans: received restarts = ${restarts}; expected 1 or more`,
    );
  }
  if (start instanceof Float32Array && start.length !== k * dimension) {
    throw new LikenessError(
      'kmeans.start',
      `kmeans: received ${start.length} values as first centroids; expected ${k} x ${dimension}`,
    );
  }
}

function centered({ data, count, dimension }: Features, means: Float64Array): Features {
  const moved = sharedValues(data.length);
  for (let from = 0; from < data.length; from += dimension)
    for (let d = 0; d < dimension; d++) moved[from + d] = data[from + d]! - means[d]!;
  return { data: moved, count, dimension };
}

/** Centroids `[K, D]` of each restart, in the space of `work`. */
async function initialCentroids(
  engine: Engine,
  work: Features,
  means: Float64Array,
  {
    k,
    metric,
    start,
    restarts,
    seed,
    onStep,
  }: { k: number; onStep(): void } & Required<
    Pick<KmeansOptions, 'metric' | 'start' | 'restarts' | 'seed'>
  >,
): Promise<Float32Array[]> {
  if (start instanceof Float32Array) {
    const given = featuresOf(start, work.dimension);
    return [metric === 'spherical' ? normalizeRows(given).data : centered(given, means).data];
  }
  const indices = Array.from({ length: restarts }, (_, i) => i);
  if (start === 'random') return indices.map((restart) => randomStart(work, k, seed, restart));
  const plusPlus = await preparePlusPlus(engine, work, { k, seed });
  try {
    const starts: Float32Array[] = [];
    for (const restart of indices) {
      starts.push(await plusPlus.start(restart));
      onStep();
    }
    return starts;
  } finally {
    await plusPlus.dispose();
  }
}

/** Result of the run with the lowest objective, the first on a tie. */
async function bestOf(
  engine: Engine,
  work: Features,
  runs: readonly KmeansRun[],
  { means, metric }: { means: Float64Array; metric: KmeansMetric },
): Promise<KmeansResult> {
  const objectives: number[] = [];
  for (const run of runs) objectives.push(await objectiveOf(engine, work, run, metric));
  const best = runs[objectives.indexOf(Math.min(...objectives))]!;
  const { dimension } = work;
  return {
    centroids: best.centroids.map((value, i) => value + means[i % dimension]!),
    k: best.sizes.length,
    dimension,
    assignments: best.assignments,
    sizes: best.sizes,
    objective: objectives[best.index]!,
    iterations: best.iterations,
    converged: best.state === 'converged',
    repaired: best.repaired,
    empty: best.sizes.filter((size) => size === 0).length,
  };
}

async function objectiveOf(
  engine: Engine,
  work: Features,
  run: KmeansRun,
  metric: KmeansMetric,
): Promise<number> {
  const total = (await squaredDistancesToOwn(engine, work, run)).reduce(
    (sum, square) => sum + square,
    0,
  );
  // For unit vectors |x - c|² = 2 (1 - x·c).
  return metric === 'spherical' ? total / 2 : total;
}

function oneRowEach(work: Features, means: Float64Array): KmeansResult {
  const { count, dimension } = work;
  return {
    centroids: work.data.map((value, i) => value + means[i % dimension]!),
    k: count,
    dimension,
    assignments: Int32Array.from({ length: count }, (_, i) => i),
    sizes: new Float64Array(count).fill(1),
    objective: 0,
    iterations: 0,
    converged: true,
    repaired: 0,
    empty: 0,
  };
}
