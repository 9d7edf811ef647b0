/**
 * Suggestion for the number of clusters K, from the data alone.
 *
 * A sample of the features, of norm 1, is split into two halves. For each candidate K, spherical
 * k-means clusters both halves separately, and each half is also assigned to the centroids of the
 * other.
 * - Separation: simplified silhouette of this assignment, on rows that did not shape the centroids.
 * - Stability: ARI between this assignment and the half's own clustering. If K fits the data, both
 *   halves find the same clusters; otherwise they cut differently.
 * - Seed stability: ARI between two clusterings of one half from different random starts.
 * - Neighbors: fraction of a row's 10 nearest neighbors that share its cluster, above chance.
 * - Chance: the separation of surrogate rows with the same covariance and no clusters. Any data can
 *   be cut in two well; this is the separation of such a cut.
 *
 * `score = max(0, separation / chance - 1) * (stability * seed stability * neighbors)^(1/3)`, with
 * each of the three factors at least 0. The suggestion is the K with the highest score, with the
 * range of K around it that are about as good. For features without separate clusters no K is
 * right: then the curve is flat, and the reason says so.
 *
 * The score compares numbers of clusters for one encoder. It does not rank encoders. View agreement
 * is not part of it, because features have one view per image.
 *
 * References: Lange, Roth, Braun and Buhmann, "Stability-based validation of clustering solutions",
 * 2004; Tibshirani and Walther, "Cluster validation by prediction strength", 2005; Tibshirani,
 * Walther and Hastie, "Estimating the number of clusters via the gap statistic", 2001 (comparison
 * with data without clusters); von Luxburg, "Clustering stability: an overview", 2010 (random
 * starts). The product of the measures is our choice.
 */
import { z } from 'zod';
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { abortSignal, callback, optionCheck, wholeNumber } from '../core/options.ts';
import { randomAt } from '../core/random.ts';
import { aboveChance, adjustedRand, neighborPurity } from '../metrics/index.ts';
import { assign } from './assign.ts';
import { columnMeans, distinctRows, type Features, featuresOf, normalizeRows } from './features.ts';
import { type KmeansOptions, kmeans } from './kmeans/kmeans.ts';
import { type Neighbors, nearestNeighbors } from './neighbors.ts';
import { pickRows, type Rows } from './rows.ts';
import { simplifiedSilhouette } from './silhouette.ts';

/** Default candidates: every number up to 12, then steps of about a fifth. */
export const ladder = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 24, 28, 32, 40, 50, 60] as const;

export interface SuggestOptions {
  /** Candidates for K. Those above a quarter of the half sample are left out. Default `ladder`. */
  candidates?: readonly number[];
  /** Largest number of rows in the sample. Default 5000. */
  sample?: number;
  /** Restarts of each clustering. Default 3. */
  restarts?: number;
  /** Seed of the sample, the starts and the surrogate rows. Default 0. */
  seed?: number;
  /** Receives the number of finished candidates. */
  onProgress?: (done: number, of: number) => void;
  signal?: AbortSignal;
}

const checkSuggest = optionCheck<SuggestOptions>({
  candidates: z.array(z.int(), { error: 'expected whole numbers' }).readonly().optional(),
  sample: wholeNumber(1),
  restarts: wholeNumber(1),
  seed: wholeNumber(0),
  onProgress: callback,
  signal: abortSignal,
});

export interface SuggestedK {
  /** Suggested number of clusters. */
  readonly best: number;
  /**
   * Smallest and largest K with a score within a tenth of the best, extended by the adjacent
   * numbers that are no candidates. Curves of real features are ragged, so lower scores in between
   * do not end the range.
   */
  readonly range: readonly [number, number];
  /** Scores of all candidates. */
  readonly curve: readonly KScore[];
  /** Explanation of the choice, for people. */
  readonly reason: string;
}

export interface KScore {
  readonly k: number;
  /** Simplified silhouette of the features and of surrogate rows without clusters, -1 to 1. */
  readonly separation: number;
  readonly chance: number;
  /** ARI between halves, at most 1. */
  readonly stability: number;
  /** ARI between random starts, at most 1. */
  readonly seedStability: number;
  /** Neighbor purity above chance, at most 1. Stored in runs under this name. */
  readonly neighbours: number;
  /** Product of the measures, 0 or more. */
  readonly score: number;
}

/** Fraction of the best score that counts as about as good. */
const NEAR_BEST = 0.9;
/** A best score below this is noise, which data without clusters also show. */
const MIN_SCORE = 0.05;
/**
 * Below this best score, clusters overlap or the halves cut differently, and the reason says so.
 */
const WEAK_SCORE = 0.5;
/** Suggestion where no candidate fits, or the largest candidate below it. */
const FALLBACK_K = 10;
/** Smallest denominator of the ratio, for surrogate rows without any separation. */
const MIN_CHANCE = 0.01;
/** Rows mixed into one surrogate row, enough for clusters to vanish. */
const MIXED_ROWS = 32;
/** Nearest neighbors per row. */
const NEIGHBORS = 10;

/**
 * Suggests K for features `[N, D]`. The same seed gives the same suggestion.
 *
 * Throws `LikenessError` when there are fewer than 8 rows.
 *
 * @example
 * const { best, reason } = await suggestK(engine, features);
 */
export async function suggestK(
  engine: Engine,
  features: Features | Rows,
  options: SuggestOptions = {},
): Promise<SuggestedK> {
  checkSuggest(options);
  const { candidates = ladder, sample = 5000, restarts = 3, seed = 0, onProgress, signal } = options;
  const taken = Math.min(features.count, sample);
  const half = Math.floor(taken / 2);
  const tried = candidates.filter((k) => k >= 2 && k <= half / 4 + 1).toSorted((a, b) => a - b);
  if (tried.length === 0) {
    throw new LikenessError(
      'suggest.tooFew',
      `k: received ${features.count} images; expected at least 8 to suggest it. Set k.`,
    );
  }
  const rows = distinctRows(features.count, taken, randomAt(seed, 'suggestK'));
  const first = normalizeRows(await pickRows(features, rows.slice(0, half)));
  const second = normalizeRows(await pickRows(features, rows.slice(half, 2 * half)));

  const surrogates = [surrogateRows(first, seed, 0), surrogateRows(second, seed, 1)] as const;
  const near = Math.min(NEIGHBORS, half - 1);
  const neighbors = {
    first: await nearestNeighbors(engine, first, first, { k: near, exclude: 'self' }),
    second: await nearestNeighbors(engine, second, second, { k: near, exclude: 'self' }),
  };

  const curve: KScore[] = [];
  for (const k of tried) {
    signal?.throwIfAborted();
    const options = { engine, metric: 'spherical', restarts, seed, iterations: 50, signal } as const;
    const real = await crossCheck(first, second, k, options, neighbors);
    const { separation: chance } = await crossCheck(...surrogates, k, { ...options, restarts: 1 });
    const gain = Math.max(0, real.separation / Math.max(MIN_CHANCE, chance) - 1);
    const { stability, seedStability, neighbours: together } = real;
    const agreements = [stability, seedStability, together].map((value) => Math.max(0, value));
    const agreement = Math.cbrt(agreements.reduce((a, b) => a * b, 1));
    curve.push({ k, ...real, chance, score: gain * agreement });
    onProgress?.(curve.length, tried.length);
  }
  return choose(curve, taken);
}

/**
 * Clusters two halves separately and assigns each to the other's centroids. Values are means over
 * both directions. With the neighbor lists of both halves, it also computes the neighbor purity of
 * their own clusters and the seed stability of the first half.
 */
async function crossCheck(
  first: Features,
  second: Features,
  k: number,
  options: KmeansOptions & { engine: Engine },
  neighbors?: { first: Neighbors; second: Neighbors },
): Promise<Pick<KScore, 'separation' | 'stability' | 'seedStability' | 'neighbours'>> {
  const { engine } = options;
  const a = await kmeans(first, k, options);
  const b = await kmeans(second, k, options);
  const directions = [
    { rows: first, own: a, other: b },
    { rows: second, own: b, other: a },
  ];
  let separation = 0;
  let stability = 0;
  for (const { rows, own, other } of directions) {
    const centroids = featuresOf(other.centroids, other.dimension);
    const { assignments: clusters } = await assign(engine, rows, centroids);
    separation += (await simplifiedSilhouette(engine, rows, clusters, centroids)).mean / 2;
    stability += adjustedRand(clusters, own.assignments) / 2;
  }
  if (!neighbors) return { separation, stability, seedStability: 0, neighbours: 0 };
  const again = await kmeans(first, k, { ...options, seed: (options.seed ?? 0) + 1 });
  const together = [
    neighborPurity(neighbors.first, a.assignments),
    neighborPurity(neighbors.second, b.assignments),
  ];
  return {
    separation,
    stability,
    seedStability: adjustedRand(again.assignments, a.assignments),
    neighbours: together.reduce(
      (sum, { consistency, chance }) => sum + aboveChance(consistency, chance) / 2,
      0,
    ),
  };
}

/**
 * Makes surrogate rows: the mean plus `sum_j ±(x_j - mean) / sqrt(32)` over 32 random rows, then
 * scaled to norm 1. They have the covariance of the rows. Clusters average out, and the result is
 * close to one Gaussian cloud.
 */
function surrogateRows(features: Features, seed: number, part: number): Features {
  const { count, dimension } = features;
  const random = randomAt(seed, 'suggestKParts', part);
  const means = columnMeans(features);
  const data = new Float32Array(count * dimension);
  for (let i = 0; i < count; i++) {
    const at = i * dimension;
    for (let d = 0; d < dimension; d++) data[at + d] = means[d]!;
    for (let j = 0; j < MIXED_ROWS; j++) {
      const weight = (random.chance(0.5) ? 1 : -1) / Math.sqrt(MIXED_ROWS);
      const from = random.integer(count) * dimension;
      for (let d = 0; d < dimension; d++) data[at + d]! += weight * (features.data[from + d]! - means[d]!);
    }
  }
  return normalizeRows({ data, count, dimension });
}

/**
 * Chooses the K with the highest score (the smaller on a tie), the range around it, and the reason.
 */
export function choose(curve: readonly KScore[], taken: number): SuggestedK {
  const tried = `${curve[0]!.k} to ${curve.at(-1)!.k}`;
  let at = 0;
  curve.forEach(({ score }, i) => {
    if (score > curve[at]!.score) at = i;
  });
  if (curve[at]!.score < MIN_SCORE) {
    const usual = curve.findLast(({ k }) => k <= FALLBACK_K) ?? curve[0]!;
    return {
      best: usual.k,
      range: [curve[0]!.k, curve.at(-1)!.k],
      curve,
      reason:
        `${usual.k} clusters, as a usual starting point: in ${taken} images no number of ` +
        `clusters tried (${tried}) fits better than it would in data without groups. ` +
        'Any number is as good as another, so set k yourself.',
    };
  }
  const enough = curve[at]!.score * NEAR_BEST;
  const isEnough = ({ score }: KScore) => score >= enough;
  const low = curve.findIndex(isEnough);
  const high = curve.findLastIndex(isEnough);
  const ragged = !curve.slice(low, high + 1).every(isEnough);
  const { k, separation, stability, seedStability, chance } = curve[at]!;
  // Numbers between candidates count as good as the adjacent candidate.
  const range = [
    low > 0 ? curve[low - 1]!.k + 1 : curve[low]!.k,
    high + 1 < curve.length ? curve[high + 1]!.k - 1 : curve[high]!.k,
  ] as const;
  const times = separation / Math.max(MIN_CHANCE, chance);
  const others =
    range[0] === range[1]
      ? '; no other number comes near'
      : ragged
        ? `; others between ${range[0]} and ${range[1]} are about as good`
        : `; ${range[0]} to ${range[1]} are about as good`;
  const caution =
    curve[at]!.score < WEAK_SCORE ? ' The groups overlap strongly, so treat this as a starting point.' : '';
  return {
    best: k,
    range,
    curve,
    reason:
      `${k} clusters suggested from ${taken} images: of the numbers tried (${tried}), it best ` +
      `combines separation of the groups (${times.toFixed(1)} times that of data without groups) ` +
      `with agreement between two halves of the images clustered separately ` +
      `(${stability.toFixed(2)} of 1), agreement between random starts ` +
      `(${seedStability.toFixed(2)}) and neighbors in the same group${others}.${caution}`,
  };
}
