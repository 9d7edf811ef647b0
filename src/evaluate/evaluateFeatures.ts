/**
 * Evaluates features against labels: agreement of clusters with classes, kNN and linear accuracy.
 *
 * One function and one protocol serve the trained encoder, the untrained one, raw pixels and color
 * histograms, so that their scores are comparable. Labels are used for measuring only.
 */
import type { Engine } from '../backends/index.ts';
import {
  type ClusterAlgorithm,
  type Features,
  featuresOf,
  type KmeansOptions,
} from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { type Reporter, reporterOf } from '../core/reporter.ts';
import {
  type ClassifierEvaluation,
  type ClassifierProtocol,
  scoreClassifiers,
} from './classifierScores.ts';
import { type ClusterEvaluation, type LearnedClusters, scoreClusters } from './clusterScores.ts';
import type { FitOptions } from './linearProbe.ts';
import { type Split, splitOf } from './split.ts';

export interface LabeledFeatures {
  features: Features;
  /** `[N]`, negative: no label. */
  labels: Int32Array;
  /** Part of the source's own split that each image belongs to. */
  split?: readonly ('train' | 'test' | undefined)[];
  /** Hash of the pixels of each image. Equal images are not split. */
  contents?: BigUint64Array;
  /** Number of the file of each image. Pages of one file are not split. */
  files?: Int32Array | undefined;
  /**
   * Clusters that the method has learned itself; they are scored unless another number of clusters
   * is asked for.
   */
  learned?: LearnedClusters;
}

export interface FeatureEvaluationOptions {
  /** Number of clusters. Default: the number of classes. */
  k?: number;
  /** Algorithm of clusters that are not learned. Default `kmeans`. */
  algorithm?: ClusterAlgorithm | undefined;
  /** Metric of k-means. Default: spherical (cosine), for every kind of feature alike. */
  metric?: NonNullable<KmeansOptions['metric']>;
  /**
   * Starts of k-means, of which the best objective counts. Labels play no part in the choice.
   * Default: by the number of clusters, as {@link kmeansRestarts} says.
   */
  restarts?: number;
  /**
   * Images that are clustered. Default: the test part of the source's split, all labeled ones
   * without a split.
   */
  clusterOn?: 'test' | 'all';
  /** Numbers k of neighbors. */
  neighbors?: readonly number[];
  temperature?: number;
  probe?: Omit<FitOptions, 'seed' | 'signal'>;
  /**
   * Fractions of the training labels that further probes are trained with. Default: none, as each
   * takes seconds.
   */
  labelShares?: readonly number[];
  seed?: number;
  /** Name of the features in reports of progress. Default `features`. */
  title?: string;
  /** Receives progress of stage `measure`; its signal ends the work. */
  reporter?: Reporter;
}

/** Scores of some features against labels. */
export interface Evaluation extends ClusterEvaluation, ClassifierEvaluation {
  readonly split: {
    readonly origin: 'source' | 'made';
    readonly train: number;
    readonly test: number;
  };
  /** Description of how each score was obtained. */
  readonly protocol: ClassifierProtocol & {
    readonly clustering: string;
    /** Present where the clusters are the method's own. */
    readonly kmeans?: string;
    readonly split: string;
  };
}

/**
 * Evaluates features against labels; the same seed gives the same scores.
 *
 * Where no class has two labeled images, kNN and linear accuracy are null and the protocol says
 * why.
 *
 * @throws LikenessError when no image has a label, or when K is not between 1 and the number of
 * clustered images.
 */
export async function evaluateFeatures(
  engine: Engine,
  { features, labels, split: given, contents, files, learned }: LabeledFeatures,
  {
    k,
    algorithm,
    metric = 'spherical',
    restarts,
    clusterOn,
    neighbors = [10, 20, 100, 200],
    temperature = 0.1,
    probe = {},
    labelShares = [],
    seed = 0,
    title = 'features',
    reporter = reporterOf(),
  }: FeatureEvaluationOptions = {},
): Promise<Evaluation> {
  requireSizes(features, labels, given);
  const split = splitOf(labels, given, { seed, contents, files });
  const on = split.origin === 'made' ? 'all' : (clusterOn ?? 'test');
  const rows =
    on === 'test' ? split.test : Int32Array.from(labels.keys()).filter((row) => labels[row]! >= 0);
  const labeled = { features, labels };
  const clusters = await scoreClusters(engine, labeled, {
    ...{ k, algorithm, metric, restarts, rows, on, learned, seed, title, reporter },
  });
  const classifiers = await scoreClassifiers(engine, labeled, {
    ...{ split, neighbors, temperature, probe, labelShares, seed, title, reporter },
  });
  return {
    ...clusters.result,
    ...classifiers.result,
    split: { origin: split.origin, train: split.train.length, test: split.test.length },
    protocol: { ...clusters.protocol, ...classifiers.protocol, split: describeSplit(split, seed) },
  };
}

function describeSplit({ origin, train, test }: Split, seed: number): string {
  const counts = `${train.length} train, ${test.length} test images`;
  return origin === 'source'
    ? `the source's own: ${counts}`
    : `made: a fifth of each class for testing, by seed ${seed}: ${counts}`;
}

function requireSizes(
  features: Features,
  labels: Int32Array,
  given: LabeledFeatures['split'],
): void {
  if (labels.length !== features.count || (given && given.length !== features.count)) {
    throw new LikenessError(
      'evaluate.lengths',
      `evaluate: received ${features.count} rows, ${labels.length} ` +
        `labels${given ? `, ${given.length} split entries` : ''}; expected one of each per image`,
    );
  }
  if (!labels.some((label) => label >= 0)) {
    throw new LikenessError(
      'evaluate.unlabelled',
      `evaluate: received ${labels.length} images, none with a label; expected a source with ` +
        'labels (a folder per class, or a labeled format). The label-free measures need none.',
    );
  }
  featuresOf(features.data, features.dimension); // refuses values that are not finite
}
