/**
 * Evaluates encoders under one protocol: the same images, splits and seeds for a trained encoder
 * and its baselines.
 */
import type { Engine } from '../backends/index.ts';
import type { ClusterAlgorithm, Features } from '../cluster/index.ts';
import { type Reporter, reporterOf } from '../core/reporter.ts';
import type { PixelCache } from '../data/index.ts';
import {
  type HeadClusters,
  headClusters,
  type ImageEncoder,
  type NetworkEncoder,
} from '../encoders/index.ts';
import type { ViewsSpec } from '../views/index.ts';
import type { ColorAgreement } from './colorAgreement.ts';
import { type Evaluation, evaluateFeatures } from './evaluateFeatures.ts';
import type { EvaluationSet } from './evaluationSet.ts';
import { measureColorAgreement } from './measureColorAgreement.ts';
import { type GivenClusters, type LabelFreeReport, measureLabelFree } from './measureLabelFree.ts';
import { splitOf } from './split.ts';

export interface EvaluateOptions {
  engine: Engine;
  /**
   * The encoder in question first, then its baselines. A generator may open and close them one by
   * one. A baseline that was measured before is given as its measurements.
   */
  encoders: Iterable<Measurable> | AsyncIterable<Measurable>;
  /** Receives the measurements of each baseline. */
  onBaseline?(measured: EncoderEvaluation): Promise<void>;
  cache: PixelCache;
  set: EvaluationSet;
  /** Random views as in training, for the agreement of two views. */
  views: ViewsSpec;
  /** Number of clusters. Default: learned by the method, or the number of labeled classes. */
  k?: number;
  /** Algorithm of clusters that are not learned, for every encoder. Default `kmeans`. */
  algorithm?: ClusterAlgorithm;
  /** Seed of clustering, linear probe and draws. */
  seed?: number;
  workers?: number;
  /** Returns stored clusters of the images, given the first encoder and its features. */
  clustersOf?(encoder: ImageEncoder, features: Features): Promise<GivenClusters | undefined>;
  reporter?: Reporter;
}

/** An encoder, or what was measured of it before. */
export type Measurable = ImageEncoder | EncoderEvaluation;

/** Measurements of one encoder. */
export interface EncoderEvaluation {
  readonly id: string;
  readonly title: string;
  /** Describes how its features were made. */
  readonly protocol?: string;
  /** Scores against labels; absent without labels. */
  readonly scores?: Evaluation;
  /** Measures without labels; absent for baselines without heads. */
  readonly labelFree?: LabelFreeReport;
  /** Agreement of its clusters with color; of the first encoder alone. */
  readonly colorAgreement?: ColorAgreement;
}

export interface EvaluationReport {
  readonly set: EvaluationSet;
  /** In the given order; without labels only those that can be measured. */
  readonly encoders: readonly EncoderEvaluation[];
  /**
   * Accuracy of always naming the most frequent class of the test images; null where there are
   * none.
   */
  readonly chance: number | null;
}

/** Fractions of the training labels that further linear classifiers are trained with. */
const LABEL_FRACTIONS = [0.01, 0.1];
/** Clusters that are compared with color where neither labels nor stored clusters give a number. */
const UNLABELED_CLUSTERS = 10;

/** Measures the encoders one after the other. The same seed gives the same values. */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  const { encoders, set, seed = 0, onBaseline } = options;
  const measured: EncoderEvaluation[] = [];
  for await (const encoder of encoders) {
    if (!('embed' in encoder)) {
      measured.push(encoder);
      continue;
    }
    const role = measured.length === 0 ? 'subject' : 'baseline';
    if (set.labelled === 'no' && role === 'baseline' && !isNetwork(encoder)) continue;
    const found = await measureEncoder(encoder, role, options);
    measured.push(found);
    if (role === 'baseline') await onBaseline?.(found);
  }
  return { set, encoders: measured, chance: chanceOf(set, seed) };
}

async function measureEncoder(
  encoder: ImageEncoder,
  role: 'subject' | 'baseline',
  options: EvaluateOptions,
): Promise<EncoderEvaluation> {
  const {
    engine,
    cache,
    set,
    views,
    k,
    algorithm,
    seed = 0,
    workers,
    clustersOf,
    reporter = reporterOf(),
  } = options;
  const { id, title, protocol } = encoder;
  const { indices, labels, split, contents, files } = set;
  const features = await encoder.embed({ cache, indices }, { workers, reporter });
  reporter.progress({ stage: 'measure', text: `measuring ${title}` });
  // An encoder before its training has learned no clusters.
  const learned = role === 'subject' ? await headClusters(encoder, features) : undefined;
  const scores =
    set.labelled === 'yes'
      ? await evaluateFeatures(
          engine,
          {
            features,
            labels,
            split,
            contents,
            files,
            learned,
          },
          { k, algorithm, labelShares: LABEL_FRACTIONS, seed, title, reporter },
        )
      : undefined;
  if (role === 'baseline' && !isNetwork(encoder)) return { id, title, protocol, scores };
  reporter.progress({ stage: 'measure', text: `measuring ${title} without labels` });
  const clusters = role === 'subject' ? await clustersOf?.(encoder, features) : undefined;
  const labelFree = await measureLabelFree({
    ...{ engine, encoder, views, cache, indices, features, clusters, seed, workers, reporter },
  });
  if (role === 'baseline') return { id, title, protocol, scores, labelFree };
  const colorAgreement = await measureColorAgreement({
    ...{ engine, cache, indices, features, size: encoder.input.size, seed, workers, reporter },
    ...comparedClusters(options, learned, clusters),
  });
  return { id, title, protocol, scores, labelFree, colorAgreement };
}

/**
 * Clusters that are compared with color: those that were scored, or without labels the stored ones.
 * Without `clusters` k-means makes `k` of them.
 */
function comparedClusters(
  { set, k }: EvaluateOptions,
  learned: HeadClusters | undefined,
  stored: GivenClusters | undefined,
): { k: number; clusters?: Int32Array } {
  const isLabeled = set.classes > 0;
  const isScored = learned && (!isLabeled || k === undefined || k === learned.count);
  const clusters = (isLabeled ? undefined : stored) ?? (isScored ? learned : undefined);
  return {
    clusters: clusters?.assignments,
    k: isLabeled ? (k ?? set.classes) : UNLABELED_CLUSTERS,
  };
}

function isNetwork(encoder: ImageEncoder): encoder is NetworkEncoder {
  return encoder.heads !== undefined && encoder.resized !== undefined;
}

function chanceOf(set: EvaluationSet, seed: number): number | null {
  const { labels, split, contents, files } = set;
  const { test } = splitOf(labels, split, { seed, contents, files });
  if (test.length === 0) return null;
  const counts = new Map<number, number>();
  for (const row of test) counts.set(labels[row]!, (counts.get(labels[row]!) ?? 0) + 1);
  return Math.max(...counts.values()) / test.length;
}
