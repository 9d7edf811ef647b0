/**
 * Agreement of clusters with classes: clusters of the features by an algorithm, or those that the
 * method learned itself.
 */

import type { Engine } from '../backends/index.ts';
import {
  type ClusterAlgorithm,
  type Features,
  type KmeansOptions,
  kmeans,
  kmeansRestarts,
  selectRows,
} from '../cluster/index.ts';
import type { Reporter } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import {
  adjustedRandOf,
  amiOf,
  type ClusterPurity,
  type Confusion,
  type Contingency,
  confusionOf,
  contingency,
  fowlkesMallowsOf,
  matchingOf,
  nmiOf,
  purityOf,
  purityTable,
} from '../metrics/index.ts';
import { nearestCentroids } from './kmeansAgreement.ts';
import { type Usage, usage } from './labelFree.ts';

/** Clusters that a method has learned itself. */
export interface LearnedClusters {
  /** `[N]`, 0 to count - 1. */
  readonly assignments: Int32Array;
  /** Number M of clusters. */
  readonly count: number;
}

/**
 * NMI (normalized by the arithmetic and by the geometric mean), AMI, ACC, ARI and Fowlkes-Mallows
 * index of clusters against classes; see `metrics` for formulas and ranges.
 */
export interface ClusterScores {
  readonly nmi: number;
  readonly nmiGeometric: number;
  readonly ami: number;
  readonly acc: number;
  readonly ari: number;
  readonly fmi: number;
  readonly purity: number;
}

export interface ClusterEvaluation extends ClusterScores {
  /** Size, most frequent class and its fraction for each cluster, largest first. */
  readonly purityTable: readonly ClusterPurity[];
  readonly confusion: Confusion;
  readonly clustering: {
    readonly on: 'test' | 'all';
    readonly images: number;
    readonly k: number;
    readonly classes: number;
    /** Origin of the clusters: the method's own head, or an algorithm on the features. */
    readonly by: 'head' | ClusterAlgorithm;
    readonly usage: Usage;
  };
  /** k-means on the features; its scores stand beside those of other clusters. */
  readonly kmeans: ClusterScores & {
    readonly k: number;
    readonly iterations: number;
    readonly converged: boolean;
  };
}

export interface ClusterScoreOptions {
  /** Number of clusters. Default: the number of classes among the rows. */
  k?: number;
  /** Algorithm of clusters that are not learned. Default `kmeans`. */
  algorithm?: ClusterAlgorithm;
  metric: NonNullable<KmeansOptions['metric']>;
  /** Starts of k-means. Default: by the number of clusters. */
  restarts?: number | undefined;
  /** Rows that are clustered, and the part of the source they are. */
  rows: Int32Array;
  on: 'test' | 'all';
  learned?: LearnedClusters;
  seed: number;
  /** Name of the features in reports of progress. */
  title: string;
  reporter: Reporter;
}

/** Clusters the given rows of features [N, F] and compares the clusters with the labels [N]. */
export async function scoreClusters(
  engine: Engine,
  { features, labels }: { features: Features; labels: Int32Array },
  options: ClusterScoreOptions,
): Promise<{ result: ClusterEvaluation; protocol: { clustering: string; kmeans?: string } }> {
  const { k, algorithm = 'kmeans', metric, rows, on, learned, seed } = options;
  const { title, reporter } = options;
  const truth = Int32Array.from(rows, (row) => labels[row]!);
  const classes = new Set(truth).size;
  const clusters = k ?? classes;
  const restartsOf = (by: ClusterAlgorithm) => options.restarts ?? kmeansRestarts(clusters, by);
  const text = `${title}: k-means`;
  const onProgress = beginStage(reporter, { stage: 'measure', text, unit: 'step' });
  const selected = selectRows(features, rows);
  const starts = { seed, onProgress, signal: reporter.signal };
  const restarts = restartsOf('kmeans');
  const found = await kmeans(selected, clusters, { engine, metric, restarts, ...starts });
  // Another number of clusters can only come from k-means.
  const own = learned && (k === undefined || k === learned.count) ? learned : undefined;
  const assignments = own
    ? Int32Array.from(rows, (row) => own.assignments[row]!)
    : algorithm === 'kmeans'
      ? found.assignments
      : await nearestCentroids(engine, selected, clusters, {
          ...{ algorithm, restarts: restartsOf(algorithm), ...starts },
        });
  const isKmeans = !own && algorithm === 'kmeans';
  const count = own ? own.count : clusters;
  const table = contingency(truth, assignments);
  const { iterations, converged } = found;

  const images =
    on === 'test' ? `the ${rows.length} test images` : `all ${rows.length} labeled images`;
  const textOf = (by: ClusterAlgorithm) =>
    `${metric} k-means, ${clusters} clusters for ${classes} classes, k-means++ start, ` +
    `best objective of ${restartsOf(by)}, on ${images}`;
  const byKmeans = textOf('kmeans');
  const smoothed = textOf(algorithm);
  const bySmoothing = `k-means on features averaged with their nearest neighbors: ${smoothed}`;
  const byHead =
    `the ${count} clusters that the method has learned itself, ` +
    `for ${classes} classes, on ${images}`;
  return {
    result: {
      ...scoresOf(table),
      purityTable: purityTable(table),
      confusion: confusionOf(table),
      clustering: {
        on,
        images: rows.length,
        k: count,
        classes,
        by: own ? 'head' : algorithm,
        usage: usage(assignments, count),
      },
      kmeans: {
        ...scoresOf(isKmeans ? table : contingency(truth, found.assignments)),
        ...{ k: clusters, iterations, converged },
      },
    },
    protocol: {
      clustering: `${own ? byHead : isKmeans ? byKmeans : bySmoothing}; ${NORMALIZED}`,
      ...(!isKmeans && { kmeans: byKmeans }),
    },
  };
}

const NORMALIZED = 'NMI and AMI normalized by the arithmetic mean, ACC by the Hungarian method';

function scoresOf(table: Contingency): ClusterScores {
  return {
    nmi: nmiOf(table),
    nmiGeometric: nmiOf(table, { normalizer: 'geometric' }),
    ami: amiOf(table),
    acc: matchingOf(table).accuracy,
    ari: adjustedRandOf(table),
    fmi: fowlkesMallowsOf(table),
    purity: purityOf(table),
  };
}
