/**
 * From the features of all images to clusters: K is given or suggested, spherical k-means finds the centroids, every
 * image goes to the nearest, and clusters are numbered by size.
 *
 * Confidence is a softmax over cosines divided by a temperature. Cosines of one encoder may lie between 0.9 and 1 and
 * those of another between 0 and 1, so the temperature is measured: the mean of `1 - cosine` between an image and its
 * own centroid. An image then needs to be nearer by that much for its confidence to rise e-fold.
 */
import {
  type AssignResult,
  allRows,
  assign,
  distinctRows,
  type Features,
  featuresOf,
  kmeans,
  normalizeRows,
  pickRows,
  type Rows,
  type SuggestedK,
  selectRows,
  simplifiedSilhouette,
  suggestK,
  unitRows,
} from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import type { Engine } from '../runtime/index.ts';

export interface GroupOptions {
  /** Number of clusters; suggested from the data unless given. */
  k?: number;
  seed?: number;
  /** Independent starts of k-means, of which the best counts; by default fewer for more clusters (`startsFor`). */
  restarts?: number;
  /** Most images that k-means is fitted on; all are assigned. */
  fitOn?: number;
  onProgress?(what: string): void;
  signal?: AbortSignal;
}

export interface Group {
  readonly cluster: number;
  readonly size: number;
  /** Of all images, 0 to 1. */
  readonly share: number;
  /** Mean cosine of its images to its centroid, -1 to 1: how alike they are. */
  readonly cohesion: number;
  /** Mean simplified silhouette of its images, -1 to 1: how far it stands apart from the next cluster. */
  readonly separation: number;
}

export interface Grouping {
  readonly k: number;
  readonly kReason: string;
  readonly kRange?: readonly [number, number];
  /** What each number of clusters tried scored, where K was suggested from the data. */
  readonly suggestion?: SuggestedK;
  /** `[K, D]`, rows of length 1, largest cluster first. */
  readonly centroids: Features;
  readonly temperature: number;
  /** Where the clusters are those that the method has learned: the output of its head that each is. */
  readonly head?: readonly number[];
  readonly assignment: AssignResult;
  /** Largest first. */
  readonly groups: readonly Group[];
  /** Clusters that were asked for and that no image belongs to. */
  readonly empty: number;
}

/** Images below which nothing can be said about how many clusters there are. */
const ENOUGH_TO_SUGGEST = 8;
/** Keeps the softmax defined where images equal their centroid. */
const LEAST_TEMPERATURE = 0.01;

/**
 * Groups features `[N, D]`, of which at most `fitOn` are in memory at once; the same seed gives the same clusters.
 *
 * @throws LikenessError `cluster.k` when more clusters than images are asked for.
 */
export async function groupFeatures(
  engine: Engine,
  features: Features | Rows,
  { k: asked, seed = 0, restarts, fitOn = 100_000, onProgress, signal }: GroupOptions = {},
): Promise<Grouping> {
  const { count, dimension } = features;
  if (asked !== undefined && (!Number.isInteger(asked) || asked < 1 || asked > count)) {
    throw new LikenessError(
      'cluster.k',
      `-k: received ${asked} for ${count} usable image${count === 1 ? '' : 's'}; expected a whole number from 1 to ${count}`,
    );
  }
  const unit = unitRows(features);
  const chosen =
    asked === undefined
      ? await suggested(engine, unit, { seed, onProgress, signal })
      : {
          k: asked,
          kReason: `${clustersOf(asked)}, as asked for with -k.`,
          kRange: undefined,
          suggestion: undefined,
        };

  onProgress?.(`finding ${chosen.k} clusters`);
  const some =
    count > fitOn
      ? await pickRows(unit, distinctRows(count, fitOn, randomAt(seed, 'sample', 0, 0, 5)).sort())
      : await allRows(unit);
  const starts = { ...startsFor(chosen.k), ...(restarts !== undefined && { restarts }) };
  const found = await kmeans(some, chosen.k, { engine, metric: 'spherical', ...starts, seed, signal });
  const temperature = Math.max(LEAST_TEMPERATURE, found.objective / some.count);

  // Images that repeat each other can leave a cluster empty; it is left out and the rest assigned again.
  let centroids = normalizeRows(featuresOf(found.centroids, dimension));
  let assignment = await assign(engine, unit, centroids, { temperature });
  for (let used = usedClusters(assignment, centroids.count); used.length < centroids.count; ) {
    centroids = selectRows(centroids, used);
    assignment = await assign(engine, unit, centroids, { temperature });
    used = usedClusters(assignment, centroids.count);
  }
  const order = bySize(assignment.assignments, centroids.count);
  centroids = selectRows(centroids, order);
  assignment = renumbered(assignment, order);
  const empty = chosen.k - centroids.count;
  const apart = (await simplifiedSilhouette(engine, unit, assignment.assignments, centroids)).values;
  return {
    k: centroids.count,
    kReason:
      empty === 0
        ? chosen.kReason
        : `${chosen.kReason} ${empty} of them stayed empty, because images repeat each other, and are left out.`,
    kRange: chosen.kRange,
    suggestion: chosen.suggestion,
    centroids,
    temperature,
    assignment,
    groups: describe(assignment, apart, centroids.count),
    empty,
  };
}

/**
 * From here on k-means begins from random rows: k-means++ passes over the rows once per cluster, which would take longer than all that
 * follows it. The price: groups that stand apart are split and joined more often.
 */
const TOO_MANY_TO_SPREAD = 5000;

/**
 * How k-means begins. One start among few clusters can miss a group altogether; with many clusters an objective is a mean over many
 * places, and those of different starts are close.
 */
function startsFor(k: number): { restarts: number; start: 'plusPlus' | 'random' } {
  const restarts = k <= 100 ? 5 : k <= 500 ? 2 : 1;
  return { restarts, start: k < TOO_MANY_TO_SPREAD ? 'plusPlus' : 'random' };
}

async function suggested(
  engine: Engine,
  unit: Rows,
  { seed, onProgress, signal }: Pick<GroupOptions, 'seed' | 'onProgress' | 'signal'>,
): Promise<Pick<Grouping, 'k' | 'kReason' | 'kRange' | 'suggestion'>> {
  if (unit.count < ENOUGH_TO_SUGGEST) {
    const k = unit.count < 4 ? 1 : 2;
    return {
      k,
      kReason: `${clustersOf(k)}: too few images (${unit.count}) to suggest a number from; name it with -k.`,
    };
  }
  const suggestion = await suggestK(engine, unit, {
    seed,
    signal,
    onProgress: (done, of) => onProgress?.(`trying numbers of clusters: ${done} of ${of}`),
  });
  const { best, range, reason } = suggestion;
  return { k: best, kReason: reason, kRange: range, suggestion };
}

export function clustersOf(k: number): string {
  return `${k} cluster${k === 1 ? '' : 's'}`;
}

export function sizesOf(clusters: Int32Array, k: number): Float64Array {
  const sizes = new Float64Array(k);
  for (const cluster of clusters) sizes[cluster]! += 1;
  return sizes;
}

function usedClusters({ assignments: clusters }: AssignResult, k: number): number[] {
  return [...sizesOf(clusters, k).entries()].filter(([, size]) => size > 0).map(([cluster]) => cluster);
}

/** Old numbers, largest cluster first; of equal ones that with the earlier first image. */
export function bySize(clusters: Int32Array, k: number): number[] {
  const sizes = sizesOf(clusters, k);
  const first = Array.from({ length: k }, (_, cluster) => clusters.indexOf(cluster));
  return Array.from({ length: k }, (_, cluster) => cluster).sort(
    (a, b) => sizes[b]! - sizes[a]! || first[a]! - first[b]!,
  );
}

function renumbered(assignment: AssignResult, order: readonly number[]): AssignResult {
  const newOf = new Int32Array(order.length);
  order.forEach((old, now) => {
    newOf[old] = now;
  });
  return {
    ...assignment,
    assignments: assignment.assignments.map((old) => newOf[old]!),
    second: assignment.second.map((old) => (old < 0 ? -1 : newOf[old]!)),
  };
}

export function describe(
  { assignments: clusters, similarity }: AssignResult,
  apart: Float32Array,
  k: number,
): Group[] {
  const sizes = sizesOf(clusters, k);
  const alike = new Float64Array(k);
  const away = new Float64Array(k);
  clusters.forEach((cluster, i) => {
    alike[cluster]! += similarity[i]!;
    away[cluster]! += apart[i]!;
  });
  return Array.from(sizes, (size, cluster) => ({
    cluster,
    size,
    share: size / clusters.length,
    cohesion: alike[cluster]! / size,
    separation: away[cluster]! / size,
  }));
}
