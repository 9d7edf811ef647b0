/**
 * A suggestion for the number of clusters, from the data alone.
 *
 * A sample of the features, of length 1, is cut into two halves. For each K of a ladder both halves are clustered on
 * their own (spherical k-means), and each half is then also assigned to the centroids of the other:
 * - separation: the simplified silhouette of that assignment, on rows that did not shape the centroids;
 * - stability: the adjusted Rand index between that assignment and the half's own clustering. Where K fits the data
 *   both halves find the same groups; where it does not, they cut differently.
 * - seed stability: the adjusted Rand index between two clusterings of one half from different random starts.
 * - neighbours: how much more often than by chance an image's 10 nearest neighbours in its half are in its cluster.
 * - chance: the separation, found in the same way, of surrogate rows with the same covariance and no groups. Any data
 *   can be cut in two well; this is what such a cut is worth.
 *
 * `score = max(0, separation / chance - 1) * (stability * seed stability * neighbours)^(1/3)`, each of the three at least
 * 0, and the suggestion is the K of the highest score, with the range of K around it that are about as good.
 *
 * This compares numbers of clusters within one encoder's features, which is another question than which encoder is the
 * better one: measures that do not rank runs may still tell where features are thin. Agreement of views is left out, as
 * the features are of one view per image.
 *
 * References: Lange, Roth, Braun and Buhmann, "Stability-based validation of clustering solutions", 2004; Tibshirani
 * and Walther, "Cluster validation by prediction strength", 2005; Tibshirani, Walther and Hastie, "Estimating the
 * number of clusters via the gap statistic", 2001 (comparison with data without groups); von Luxburg, "Clustering
 * stability: an overview", 2010 (stability over random starts). Joining them in one product is our choice. Features without separate groups have no right K: then the curve is flat, and the reason says so.
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import { aboveChance, adjustedRand, neighborPurity } from '../metrics/index.ts';
import { assign } from './assign.ts';
import { columnMeans, distinctRows, type Features, featuresOf, normalizeRows } from './features.ts';
import { type KmeansOptions, kmeans } from './kmeans/kmeans.ts';
import { type Neighbors, nearestNeighbors } from './neighbors.ts';
import { pickRows, type Rows } from './rows.ts';
import { simplifiedSilhouette } from './silhouette.ts';

/** Every number while a person can tell them apart, then steps of about a fifth. */
export const ladder = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 24, 28, 32, 40, 50, 60] as const;

export interface SuggestOptions {
  /** Numbers of clusters to try; those above a quarter of the half sample are left out. */
  candidates?: readonly number[];
  /** Most rows looked at. */
  sample?: number;
  /** Starts per clustering. */
  restarts?: number;
  seed?: number;
  onProgress?: (done: number, of: number) => void;
  signal?: AbortSignal;
}

export interface SuggestedK {
  readonly best: number;
  /**
   * Smallest and largest K whose score is within a tenth of the best, with the numbers next to them that were not tried.
   * Curves of real features are ragged: a lower score in between says less than a high one farther away.
   */
  readonly range: readonly [number, number];
  readonly curve: readonly KScore[];
  /** How it was chosen, in a sentence for people. */
  readonly reason: string;
}

export interface KScore {
  readonly k: number;
  /** Simplified silhouette, -1 to 1, and what data without groups gives. */
  readonly separation: number;
  readonly chance: number;
  /** Adjusted Rand index between halves, 1 at best. */
  readonly stability: number;
  /** Adjusted Rand index between random starts, 1 at best. */
  readonly seedStability: number;
  /** Nearest neighbours in the same cluster, above chance, 1 at best. */
  readonly neighbours: number;
  readonly score: number;
}

/** Part of the best score that still counts as as good. */
const AS_GOOD = 0.9;
/** A best score below this is noise: nothing is found that data without groups would not show. */
const NOTHING = 0.05;
/** A best score below this is pointed out to the reader: groups that overlap or are cut differently by the halves. */
const WEAK = 0.5;
/** What is suggested where nothing is found, or the largest number tried below it. */
const USUAL = 10;
/** Keeps the ratio finite where surrogate rows have no separation either. */
const LEAST_CHANCE = 0.01;
/** Rows that are mixed into one surrogate row: enough for groups to vanish. */
const MIXED = 32;
/** Nearest neighbours looked at. */
const NEIGHBOURS = 10;

/** Suggests K for features `[N, D]`; the same seed gives the same answer. Throws below 8 rows. */
export async function suggestK(
  engine: Engine,
  features: Features | Rows,
  { candidates = ladder, sample = 5000, restarts = 3, seed = 0, onProgress, signal }: SuggestOptions = {},
): Promise<SuggestedK> {
  const taken = Math.min(features.count, sample);
  const half = Math.floor(taken / 2);
  const tried = candidates.filter((k) => k >= 2 && k <= half / 4 + 1).toSorted((a, b) => a - b);
  if (tried.length === 0) {
    throw new LikenessError(
      'suggest.tooFew',
      `suggesting the number of clusters: received ${features.count} images; expected at least 8. Name it with -k.`,
    );
  }
  const rows = distinctRows(features.count, taken, randomAt(seed, 'sample', 0, 0, 1));
  const first = normalizeRows(await pickRows(features, rows.slice(0, half)));
  const second = normalizeRows(await pickRows(features, rows.slice(half, 2 * half)));

  const [third, fourth] = [withoutGroups(first, seed, 0), withoutGroups(second, seed, 1)];

  const near = Math.min(NEIGHBOURS, half - 1);
  const neighbours = {
    first: await nearestNeighbors(engine, first, first, { k: near, exclude: 'self' }),
    second: await nearestNeighbors(engine, second, second, { k: near, exclude: 'self' }),
  };

  const curve: KScore[] = [];
  for (const k of tried) {
    signal?.throwIfAborted();
    const options = { engine, metric: 'spherical', restarts, seed, iterations: 50, signal } as const;
    const real = await crossCheck(first, second, k, options, neighbours);
    const { separation: chance } = await crossCheck(third, fourth, k, { ...options, restarts: 1 });
    const gain = Math.max(0, real.separation / Math.max(LEAST_CHANCE, chance) - 1);
    const { stability, seedStability, neighbours: together } = real;
    const agreements = [stability, seedStability, together].map((value) => Math.max(0, value));
    const agreement = Math.cbrt(agreements.reduce((a, b) => a * b, 1));
    curve.push({ k, ...real, chance, score: gain * agreement });
    onProgress?.(curve.length, tried.length);
  }
  return choose(curve, taken);
}

/**
 * Clusters two halves apart and assigns each to the other's centroids; means over both directions. With the neighbours of
 * both halves, also what their own clusters say of neighbours, and how far another random start finds them again.
 */
async function crossCheck(
  first: Features,
  second: Features,
  k: number,
  options: KmeansOptions & { engine: Engine },
  neighbours?: { first: Neighbors; second: Neighbors },
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
  if (!neighbours) return { separation, stability, seedStability: 0, neighbours: 0 };
  const again = await kmeans(first, k, { ...options, seed: (options.seed ?? 0) + 1 });
  const together = [
    neighborPurity(neighbours.first, a.assignments),
    neighborPurity(neighbours.second, b.assignments),
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
 * Surrogate rows: the mean plus `sum_j ±(x_j - mean) / sqrt(32)` over 32 rows drawn at random, then length 1. Their
 * covariance is that of the rows; groups average out, and what is left is close to one Gaussian cloud.
 */
function withoutGroups(features: Features, seed: number, part: number): Features {
  const { count, dimension } = features;
  const random = randomAt(seed, 'sample', part, 0, 4);
  const means = columnMeans(features);
  const data = new Float32Array(count * dimension);
  for (let i = 0; i < count; i++) {
    const at = i * dimension;
    for (let d = 0; d < dimension; d++) data[at + d] = means[d]!;
    for (let j = 0; j < MIXED; j++) {
      const weight = (random.chance(0.5) ? 1 : -1) / Math.sqrt(MIXED);
      const from = random.integer(count) * dimension;
      for (let d = 0; d < dimension; d++) data[at + d]! += weight * (features.data[from + d]! - means[d]!);
    }
  }
  return normalizeRows({ data, count, dimension });
}

/** The K of the highest score (the smaller on a tie), the range around it, and the sentence. */
export function choose(curve: readonly KScore[], taken: number): SuggestedK {
  const tried = `${curve[0]!.k} to ${curve.at(-1)!.k}`;
  let at = 0;
  curve.forEach(({ score }, i) => {
    if (score > curve[at]!.score) at = i;
  });
  if (curve[at]!.score < NOTHING) {
    const usual = curve.findLast(({ k }) => k <= USUAL) ?? curve[0]!;
    return {
      best: usual.k,
      range: [curve[0]!.k, curve.at(-1)!.k],
      curve,
      reason:
        `${usual.k} clusters, as a usual starting point: in ${taken} images no number of clusters tried (${tried}) fits ` +
        'better than it would in data without groups. Any number is as good as another; choose one with -k.',
    };
  }
  const enough = curve[at]!.score * AS_GOOD;
  const isEnough = ({ score }: KScore) => score >= enough;
  const low = curve.findIndex(isEnough);
  const high = curve.findLastIndex(isEnough);
  const ragged = !curve.slice(low, high + 1).every(isEnough);
  const { k, separation, stability, seedStability, chance } = curve[at]!;
  // Numbers between those tried: as good as their neighbour, for all that is known.
  const range = [
    low > 0 ? curve[low - 1]!.k + 1 : curve[low]!.k,
    high + 1 < curve.length ? curve[high + 1]!.k - 1 : curve[high]!.k,
  ] as const;
  const times = separation / Math.max(LEAST_CHANCE, chance);
  const others =
    range[0] === range[1]
      ? '; no other number comes near'
      : ragged
        ? `; others between ${range[0]} and ${range[1]} are about as good`
        : `; ${range[0]} to ${range[1]} are about as good`;
  const caution =
    curve[at]!.score < WEAK ? ' The groups overlap strongly, so treat this as a starting point.' : '';
  return {
    best: k,
    range,
    curve,
    reason:
      `${k} clusters suggested from ${taken} images: of the numbers tried (${tried}), it best joins separation of the groups ` +
      `(${times.toFixed(1)} times that of data without groups) with agreement between two halves of the images ` +
      `clustered apart (${stability.toFixed(2)} of 1), agreement between random starts (${seedStability.toFixed(2)}) and ` +
      `neighbours kept together${others}.${caution}`,
  };
}
