/**
 * K-means, Euclidean and spherical, with the distances as blocked matrix products on the engine.
 *
 * Lloyd's iteration: assign each row to its nearest centroid, then move each centroid to the mean of its rows.
 * - Euclidean: minimises `sum_i |x_i - c(i)|²`. The nearest centroid is the one of largest `x·c - |c|²/2`.
 * - Spherical: rows and centroids have length 1; minimises `sum_i (1 - x_i·c(i))`; centroid = normalised mean.
 *
 * With few clusters one compiled graph scores a block of rows against the centroids of all restarts at once (`fullScorer.ts`);
 * with many, rows are compared only with centroids that can be their nearest (`boundedScorer.ts`). The sums of rows per cluster
 * (`clusterSums.ts`), the centroids (`centroidUpdate.ts`) and the objective (`centroidDistances.ts`) are the engine's too, in double precision.
 *
 * Empty clusters are repaired by splitting (`emptyClusters.ts`); as in faiss, the last assignment comes after the
 * last update, so a cluster can still be empty in the result when rows repeat each other.
 *
 * Sources: Lloyd 1982; Dhillon and Modha, "Concept decompositions", 2001 (spherical); faiss `Clustering.cpp`
 * (repair). Differences from faiss: early stop, k-means++ start, all rows are used.
 */
import { LikenessError } from '../../core/errors.ts';
import { randomAt } from '../../core/random.ts';
import type { Engine } from '../../runtime/index.ts';
import {
  columnMeans,
  columnVariances,
  type Features,
  featuresOf,
  normalizeRows,
  sharedValues,
} from '../features.ts';
import { prepareBoundedScorer } from './boundedScorer.ts';
import { squaredDistancesToOwn } from './centroidDistances.ts';
import { prepareCentroidUpdate } from './centroidUpdate.ts';
import { splitForEmpty } from './emptyClusters.ts';
import { prepareFullScorer } from './fullScorer.ts';
import { isActive, type KmeansMetric, type KmeansRun, newRun } from './scorer.ts';
import { preparePlusPlus, randomStart } from './seeding.ts';

/** Clusters from which on bounds of what rows need to be compared with take less time than they save. */
const WORTH_BOUNDS = 400;

export interface KmeansOptions {
  /** Clusters, 1 to N. */
  k: number;
  /** Euclidean by default; spherical compares directions only (cosines). */
  metric?: KmeansMetric;
  /** First centroids: greedy k-means++, distinct random rows, or given ones `[K, D]`. */
  start?: 'plusPlus' | 'random' | Float32Array;
  /** Independent starts, of which the lowest objective is kept. A given start has one. */
  restarts?: number;
  /** Most updates of the centroids. */
  iterations?: number;
  /**
   * Stops when the centroids' squared shift, summed, is at most this part of the mean variance of a column (as in
   * scikit-learn). 0: only when no row changes its cluster.
   */
  tolerance?: number;
  seed?: number;
  signal?: AbortSignal;
}

export interface KmeansResult {
  /** `[K, D]`; of length 1 when spherical. */
  readonly centroids: Float32Array;
  readonly k: number;
  readonly dimension: number;
  /** `[N]`, the nearest centroid of each row, 0 to K - 1; the lower one on a tie. */
  readonly assignments: Int32Array;
  /** `[K]`, rows per cluster. */
  readonly sizes: Float64Array;
  /** What is minimised, at `centroids` and `assignments`: 0 or more. */
  readonly objective: number;
  /** Updates made by the restart that was kept, and whether it came to rest before the limit. */
  readonly iterations: number;
  readonly converged: boolean;
  /** Splits of large clusters into empty ones along the way. */
  readonly repaired: number;
  /** Clusters without a row in the result. */
  readonly empty: number;
}

/**
 * Groups N rows into K clusters; the same seed gives the same result.
 *
 * Throws when K is not between 1 and N. K = N gives each row its own cluster.
 *
 * @example
 * const { assignments } = await kmeans(engine, featuresOf(data, 128), { k: 10, metric: 'spherical', restarts: 3 });
 */
export async function kmeans(
  engine: Engine,
  features: Features,
  {
    k,
    metric = 'euclidean',
    start = 'plusPlus',
    restarts = 1,
    iterations = 100,
    tolerance = 1e-4,
    seed = 0,
    signal,
  }: KmeansOptions,
): Promise<KmeansResult> {
  const { count, dimension } = features;
  requireCounts(features, k, start, restarts);
  // Euclidean distances do not change when the mean is taken away; rounding does, for data far from the origin.
  const means = metric === 'euclidean' ? columnMeans(features) : new Float64Array(dimension);
  const work =
    metric === 'euclidean'
      ? shifted(features, means)
      : normalizeRows(features, sharedValues(features.data.length));
  if (k === count) return oneEach(work, means);

  const starts = await initialCentroids(engine, work, means, { k, metric, start, restarts, seed });
  const runs = starts.map((centroids, index) => newRun(centroids, { index, count, k }));
  let restless: number | undefined;
  const prepare = k < WORTH_BOUNDS ? prepareFullScorer : prepareBoundedScorer;
  const scorer = await prepare(engine, work, { k, restarts: runs.length, metric });
  const update = await prepareCentroidUpdate(engine, { k, dimension, metric });
  try {
    while (runs.some(isActive)) {
      signal?.throwIfAborted();
      const assigned = scorer.assign(runs);
      restless ??= tolerance === 0 ? 0 : tolerance * meanVariance(work); // while the engine works
      const sums = await assigned;
      for (const run of runs) {
        if (run.state === 'settling') run.state = run.iterations < iterations ? 'converged' : 'stopped';
        if (run.state !== 'moving') continue;
        const { changed, total } = sums[run.index]!;
        if (changed === 0) {
          run.state = 'converged';
          continue;
        }
        const { centroids, shift } = await update.run(total, run.sizes, run.centroids);
        run.centroids = centroids;
        run.iterations++;
        const isRepaired = repair(run, { dimension, metric, seed });
        // One more assignment follows, so that labels belong to the last centroids.
        if ((!isRepaired && shift <= restless) || run.iterations >= iterations) run.state = 'settling';
      }
    }
  } finally {
    await update.dispose();
    await scorer.dispose();
  }
  return finish(engine, work, runs, { means, metric });
}

function requireCounts(features: Features, k: number, start: KmeansOptions['start'], restarts: number): void {
  if (!Number.isInteger(k) || k < 1 || k > features.count) {
    throw new LikenessError(
      'kmeans.k',
      `kmeans: received k = ${k} for ${features.count} rows; expected a whole number from 1 to ${features.count}`,
    );
  }
  if (!Number.isInteger(restarts) || restarts < 1) {
    throw new LikenessError('kmeans.restarts', `kmeans: received restarts = ${restarts}; expected 1 or more`);
  }
  if (start instanceof Float32Array && start.length !== k * features.dimension) {
    throw new LikenessError(
      'kmeans.start',
      `kmeans: received ${start.length} values as first centroids; expected ${k} x ${features.dimension}`,
    );
  }
}

function shifted({ data, count, dimension }: Features, means: Float64Array): Features {
  const moved = sharedValues(data.length);
  for (let from = 0; from < data.length; from += dimension)
    for (let d = 0; d < dimension; d++) moved[from + d] = data[from + d]! - means[d]!;
  return { data: moved, count, dimension };
}

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
  }: Required<Pick<KmeansOptions, 'k' | 'metric' | 'start' | 'restarts' | 'seed'>>,
): Promise<Float32Array[]> {
  if (start instanceof Float32Array) {
    const given = featuresOf(start, work.dimension);
    return [metric === 'spherical' ? normalizeRows(given).data : shifted(given, means).data];
  }
  const indices = Array.from({ length: restarts }, (_, i) => i);
  if (start === 'random') return indices.map((restart) => randomStart(work, k, seed, restart));
  const plusPlus = await preparePlusPlus(engine, work, { k, seed });
  try {
    const starts: Float32Array[] = [];
    for (const restart of indices) starts.push(await plusPlus.start(restart));
    return starts;
  } finally {
    await plusPlus.dispose();
  }
}

function meanVariance(features: Features): number {
  return columnVariances(features).reduce((a, b) => a + b, 0) / features.dimension;
}

/** Gives empty clusters half of large ones; says whether there were any. */
function repair(
  run: KmeansRun,
  { dimension, metric, seed }: { dimension: number; metric: KmeansMetric; seed: number },
): boolean {
  const random = randomAt(seed, 'cluster', run.index, run.iterations, 4);
  const repaired = splitForEmpty(run.centroids, run.sizes.slice(), dimension, random);
  run.repaired += repaired;
  if (repaired > 0 && metric === 'spherical') {
    run.centroids = normalizeRows(featuresOf(run.centroids, dimension)).data;
  }
  return repaired > 0;
}

async function finish(
  engine: Engine,
  work: Features,
  runs: readonly KmeansRun[],
  { means, metric }: { means: Float64Array; metric: KmeansMetric },
): Promise<KmeansResult> {
  const objectives = await objectivesOf(engine, work, runs, metric);
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

/** The objective of each run: each row against its own centroid only. */
async function objectivesOf(
  engine: Engine,
  work: Features,
  runs: readonly KmeansRun[],
  metric: KmeansMetric,
): Promise<number[]> {
  const objectives: number[] = [];
  for (const run of runs) {
    const total = (await squaredDistancesToOwn(engine, work, run)).reduce((sum, square) => sum + square, 0);
    // For unit vectors |x - c|² = 2 (1 - x·c).
    objectives.push(metric === 'spherical' ? total / 2 : total);
  }
  return objectives;
}

function oneEach(work: Features, means: Float64Array): KmeansResult {
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
