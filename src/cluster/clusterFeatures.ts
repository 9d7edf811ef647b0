/**
 * Clusters the features of all images: K is given or suggested, an algorithm fits the centroids
 * (`fitCentroids`), every image goes to the nearest, and clusters are numbered by size.
 *
 * Confidence is a softmax over cosines divided by a temperature. Cosines of one encoder may lie
 * between 0.9 and 1 and those of another between 0 and 1, so the temperature is measured: the mean
 * of `1 - cosine` between an image and its own centroid. The confidence rises e-fold where an image
 * is nearer by that much.
 */

import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { checkedLater, oneOf, optionCheck, wholeNumber } from '../core/options.ts';
import { type Reporter, reporterOf } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import { plural } from '../core/text.ts';
import { type AssignResult, assign } from './assign.ts';
import { type Features, selectRows } from './features.ts';
import { type ClusterAlgorithm, clusterAlgorithms, fitCentroids } from './fitCentroids.ts';
import { type Rows, unitRows } from './rows.ts';
import { simplifiedSilhouette } from './silhouette.ts';
import { type SuggestedK, suggestK } from './suggestK.ts';

export interface ClusterOptions {
  /** Number of clusters. Default: suggested from the data. */
  k?: number;
  seed?: number;
  /** Algorithm that fits the centroids. Default `kmeans`. */
  algorithm?: ClusterAlgorithm;
  /**
   * Independent starts of k-means, of which the best objective counts. Default: fewer for more
   * clusters.
   */
  restarts?: number;
  /** Most images that centroids are fitted on; all images are assigned. */
  fitOn?: number;
  /** Receives progress of stage `kmeans`; its signal ends the work. */
  reporter?: Reporter;
}

const checkCluster = optionCheck<ClusterOptions>({
  k: checkedLater,
  seed: wholeNumber(0),
  algorithm: oneOf(clusterAlgorithms),
  restarts: wholeNumber(1),
  fitOn: wholeNumber(1),
  reporter: checkedLater,
});

/** Summary of one cluster. */
export interface Group {
  readonly cluster: number;
  readonly size: number;
  /** Fraction of all images, 0 to 1. */
  readonly share: number;
  /** Mean cosine of its images to its centroid, -1 to 1. */
  readonly cohesion: number;
  /** Mean simplified silhouette of its images, -1 to 1. */
  readonly separation: number;
}

/** Clusters of a set of images. */
export interface Clustering {
  readonly k: number;
  readonly kReason: string;
  readonly kRange?: readonly [number, number];
  /** Scores of the tried numbers of clusters, where K was suggested from the data. */
  readonly suggestion?: SuggestedK;
  /** `[K, D]`, rows of length 1, largest cluster first. */
  readonly centroids: Features;
  readonly temperature: number;
  /** Output of the method's head that each cluster is, where the method learned the clusters. */
  readonly head?: readonly number[];
  /** Algorithm that fitted the centroids; absent where the method learned the clusters. */
  readonly algorithm?: ClusterAlgorithm;
  readonly assignment: AssignResult;
  /** Largest first. */
  readonly groups: readonly Group[];
  /** Number of requested clusters that no image belongs to. */
  readonly empty: number;
}

/** Images below which a number of clusters cannot be suggested. */
const MIN_TO_SUGGEST = 8;
/** Keeps the softmax defined where images equal their centroid. */
const MIN_TEMPERATURE = 0.01;

/**
 * Clusters features `[N, D]`, of which at most `fitOn` are in memory at once. The same seed gives
 * the same clusters.
 *
 * @throws LikenessError `cluster.k` for more clusters than images.
 */
export async function clusterFeatures(
  engine: Engine,
  features: Features | Rows,
  options: ClusterOptions = {},
): Promise<Clustering> {
  checkCluster(options);
  const { k: asked, seed = 0, algorithm = 'kmeans', restarts, fitOn } = options;
  const { reporter = reporterOf() } = options;
  const { count } = features;
  if (asked !== undefined && (!Number.isInteger(asked) || asked < 1 || asked > count)) {
    throw new LikenessError(
      'cluster.k',
      `k: received ${asked} for ${count} usable image${count === 1 ? '' : 's'}; ` +
        `expected a whole number from 1 to ${count}`,
    );
  }
  const unit = unitRows(features);
  const chosen =
    asked === undefined
      ? await suggestClusters(engine, unit, { seed, reporter })
      : {
          k: asked,
          kReason: `${clustersOf(asked)}, as requested.`,
          kRange: undefined,
          suggestion: undefined,
        };

  const text = `finding ${plural(chosen.k, 'cluster')}`;
  const onProgress = beginStage(reporter, { stage: 'kmeans', text, unit: 'step' });
  const { signal } = reporter;
  const fitted = await fitCentroids(engine, unit, chosen.k, {
    ...{ algorithm, restarts, fitOn, seed, onProgress, signal },
  });
  reporter.progress({ stage: 'assign', text: `assigning ${plural(count, 'image')}` });
  const temperature = Math.max(MIN_TEMPERATURE, fitted.spread);

  // Images that repeat each other can leave a cluster empty. It is removed and the images are
  // assigned again.
  let { centroids } = fitted;
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
  const apart = (await simplifiedSilhouette(engine, unit, assignment.assignments, centroids))
    .values;
  return {
    k: centroids.count,
    kReason:
      empty === 0
        ? chosen.kReason
        : `${chosen.kReason} ${empty} of them stayed empty, because images ` +
          'repeat each other, and are left out.',
    kRange: chosen.kRange,
    suggestion: chosen.suggestion,
    ...{ centroids, temperature, algorithm, assignment },
    groups: describe(assignment, apart, centroids.count),
    empty,
  };
}

/**
 * Suggests a number of clusters for features [N, D], with a sentence on the reason. Of fewer than 8
 * images it is 1 or 2.
 */
export async function suggestClusters(
  engine: Engine,
  features: Features | Rows,
  { seed, reporter }: { seed: number; reporter: Reporter },
): Promise<Pick<Clustering, 'k' | 'kReason' | 'kRange' | 'suggestion'>> {
  const unit = unitRows(features);
  if (unit.count < MIN_TO_SUGGEST) {
    const k = unit.count < 4 ? 1 : 2;
    return {
      k,
      kReason: `${clustersOf(k)}: there are too few images (${unit.count}) to suggest a number.`,
    };
  }
  const suggestion = await suggestK(engine, unit, {
    seed,
    signal: reporter.signal,
    onProgress: (done, total) =>
      reporter.progress({
        stage: 'suggestK',
        text: `trying numbers of clusters: ${done} of ${total}`,
        done,
        total,
      }),
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

function usedClusters({ assignments }: AssignResult, k: number): number[] {
  return [...sizesOf(assignments, k).entries()]
    .filter(([, size]) => size > 0)
    .map(([cluster]) => cluster);
}

/** Old numbers, largest cluster first; of equal ones the one with the earlier first image. */
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
  { assignments, similarity }: AssignResult,
  apart: Float32Array,
  k: number,
): Group[] {
  const sizes = sizesOf(assignments, k);
  const alike = new Float64Array(k);
  const away = new Float64Array(k);
  assignments.forEach((cluster, i) => {
    alike[cluster]! += similarity[i]!;
    away[cluster]! += apart[i]!;
  });
  return Array.from(sizes, (size, cluster) => ({
    cluster,
    size,
    share: size / assignments.length,
    cohesion: alike[cluster]! / size,
    separation: away[cluster]! / size,
  }));
}
