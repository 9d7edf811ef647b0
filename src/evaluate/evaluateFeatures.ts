/**
 * Everything that labels can say about some features: agreement of clusters with classes, kNN and linear accuracy.
 *
 * One function and one protocol for the trained encoder, the untrained one, raw pixels and colour histograms: the
 * figures can be set side by side. Labels are used for measuring only.
 */
import type { Engine } from '../backends/index.ts';
import {
  type Features,
  featuresOf,
  type KmeansOptions,
  kmeans,
  normalizeRows,
  selectRows,
} from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
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
import { type FewLabelsResult, fewLabels } from './fewLabels.ts';
import { type KnnResult, knn } from './knn.ts';
import { type Usage, usage } from './labelFree.ts';
import { linearProbe, type ProbeOptions } from './linearProbe.ts';
import { splitOf } from './split.ts';

export interface LabeledFeatures {
  features: Features;
  /** `[N]`, negative: no label. */
  labels: Int32Array;
  /** Part of the source's own split that each image belongs to. */
  split?: readonly ('train' | 'test' | undefined)[];
  /** Clusters that the method has learned itself: what is measured, unless another number of clusters is asked for. */
  learned?: LearnedClusters;
}

export interface FeatureEvaluationOptions {
  /** Clusters; the number of classes unless given. */
  k?: number;
  /** Spherical (cosine) k-means, for every kind of feature alike, unless the caller has a reason. */
  metric?: NonNullable<KmeansOptions['metric']>;
  /** Starts of k-means, of which the best objective counts. Labels play no part in the choice. */
  restarts?: number;
  /** Images that are clustered: the test part of the source's split by default, all labelled ones without a split. */
  clusterOn?: 'test' | 'all';
  neighbours?: readonly number[];
  temperature?: number;
  probe?: Omit<ProbeOptions, 'seed' | 'signal'>;
  /** Shares of the training labels that further probes are trained with; none unless given, as each takes seconds. */
  labelShares?: readonly number[];
  seed?: number;
  signal?: AbortSignal;
}

/** Clusters that a method has learned itself. */
export interface LearnedClusters {
  /** `[N]`, 0 to count - 1. */
  readonly assignments: Int32Array;
  /** M. */
  readonly count: number;
}

/**
 * NMI (normalised by the arithmetic and by the geometric mean), AMI, ACC, ARI and Fowlkes-Mallows index of clusters
 * against classes; see their own pages for range and meaning.
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

export interface Evaluation extends ClusterScores {
  /** Of each cluster: size, most frequent class and its share; the largest cluster first. */
  readonly purityTable: readonly ClusterPurity<number, number>[];
  readonly confusion: Confusion<number, number>;
  readonly clustering: {
    readonly on: 'test' | 'all';
    readonly images: number;
    readonly k: number;
    readonly classes: number;
    /** Whose clusters they are: the method's own, or those of k-means on the features. */
    readonly by: 'head' | 'kmeans';
    readonly usage: Usage;
  };
  /** k-means on the features; where the clusters above are the method's own, its figures stand beside theirs. */
  readonly kmeans: ClusterScores & {
    readonly k: number;
    readonly iterations: number;
    readonly converged: boolean;
  };
  /** The largest k asked for; `all` has each. null where there is nothing to test on. */
  readonly knn: {
    readonly accuracy: number | null;
    readonly k: number | null;
    readonly all: readonly KnnResult[];
  };
  readonly linear: {
    readonly accuracy: number | null;
    readonly trainAccuracy: number | null;
    readonly epochs: number;
  };
  /** Accuracy of a linear classifier by the share of labels that it was trained with ("0.01": 1 %). */
  readonly fewLabels: Readonly<Record<string, FewLabelsResult>>;
  readonly split: { readonly origin: 'source' | 'made'; readonly train: number; readonly test: number };
  /** How each figure was obtained, in words. */
  readonly protocol: {
    readonly clustering: string;
    /** Where the clusters are the method's own. */
    readonly kmeans?: string;
    readonly knn: string;
    readonly linear: string;
    readonly fewLabels?: string;
    readonly split: string;
  };
}

/**
 * Evaluates features against labels; the same seed gives the same figures.
 *
 * Throws when no image has a label, or when K is not between 1 and the number of images clustered. Where no class has
 * two labelled images, kNN and linear accuracy are null and the protocol says why.
 */
export async function evaluateFeatures(
  engine: Engine,
  { features, labels, split: given, learned }: LabeledFeatures,
  {
    k,
    metric = 'spherical',
    restarts = 3,
    clusterOn,
    neighbours = [20, 200],
    temperature = 0.1,
    probe = {},
    labelShares = [],
    seed = 0,
    signal,
  }: FeatureEvaluationOptions = {},
): Promise<Evaluation> {
  requireSizes(features, labels, given);
  const split = splitOf(labels, given, { seed });
  const on = split.origin === 'made' ? 'all' : (clusterOn ?? 'test');
  const rows = on === 'test' ? split.test : Int32Array.from(labels.keys()).filter((row) => labels[row]! >= 0);
  const truth = Int32Array.from(rows, (row) => labels[row]!);
  const classes = new Set(truth).size;
  const clusters = k ?? classes;
  const grouped = await kmeans(selectRows(features, rows), clusters, {
    engine,
    metric,
    restarts,
    seed,
    signal,
  });
  const ofKmeans = contingency(truth, grouped.assignments);
  const own = learned && (k === undefined || k === learned.count) ? learned : undefined;
  const assignments = own ? Int32Array.from(rows, (row) => own.assignments[row]!) : grouped.assignments;
  const table = own ? contingency(truth, assignments) : ofKmeans;
  const measured = own ? own.count : clusters;

  const part = (of: Int32Array) => ({
    // Unit rows: the classifiers see what the neighbours see.
    features: normalizeRows(selectRows(features, of)),
    labels: Int32Array.from(of, (row) => labels[row]!),
  });
  const testable = split.test.length > 0;
  const [train, test] = testable ? [part(split.train), part(split.test)] : [];
  const near = train && test ? await knn(engine, train, test, { k: neighbours, temperature }) : [];
  const fitted =
    train && test ? await linearProbe(engine, train, test, { ...probe, seed, signal }) : undefined;
  const few =
    train && test
      ? await fewLabels(engine, train, test, { ...probe, shares: labelShares, seed, signal })
      : [];
  const widest = near.reduce<KnnResult | undefined>(
    (best, result) => (best === undefined || result.requested > best.requested ? result : best),
    undefined,
  );
  const where = on === 'test' ? `on the ${rows.length} test images` : `on all ${rows.length} labelled images`;
  const kmeansWords = `${metric} k-means, ${clusters} clusters for ${classes} classes, k-means++ start, best objective of ${restarts}, ${where}`;
  const none = 'not measured: no class has two labelled images, so nothing is left to test on';
  return {
    ...scoresOf(table),
    purityTable: purityTable(table),
    confusion: confusionOf(table),
    clustering: {
      on,
      images: rows.length,
      k: measured,
      classes,
      by: own ? 'head' : 'kmeans',
      usage: usage(assignments, measured),
    },
    kmeans: {
      ...scoresOf(ofKmeans),
      k: clusters,
      iterations: grouped.iterations,
      converged: grouped.converged,
    },
    knn: { accuracy: widest?.accuracy ?? null, k: widest?.k ?? null, all: near },
    linear: {
      accuracy: fitted?.accuracy ?? null,
      trainAccuracy: fitted?.trainAccuracy ?? null,
      epochs: fitted?.epochs ?? 0,
    },
    fewLabels: Object.fromEntries(few.map((result) => [String(result.share), result])),
    split: { origin: split.origin, train: split.train.length, test: split.test.length },
    protocol: {
      clustering: `${own ? `the ${measured} clusters that the method has learned itself, for ${classes} classes, ${where}` : kmeansWords}; ${NORMALISED}`,
      ...(own && { kmeans: kmeansWords }),
      knn: widest ? knnWords(near, temperature) : none,
      linear: fitted?.protocol ?? none,
      ...(few.length > 0 && { fewLabels: fewLabelsWords(few) }),
      split:
        split.origin === 'source'
          ? `the source's own: ${split.train.length} train, ${split.test.length} test images`
          : `made: a fifth of each class for testing, by seed ${seed}: ${split.train.length} train, ${split.test.length} test images`,
    },
  };
}

const NORMALISED = 'NMI and AMI normalised by the arithmetic mean, ACC by the Hungarian method';

function scoresOf(table: Contingency<number, number>): ClusterScores {
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

function knnWords(results: readonly KnnResult[], temperature: number): string {
  const each = results.map(({ k, requested }) =>
    k === requested ? `${k}` : `${k} (all there are; ${requested} asked)`,
  );
  return `weighted by exp(cosine / ${temperature}), k = ${each.join(' and ')}, test images against train images`;
}

function fewLabelsWords(results: readonly FewLabelsResult[]): string {
  const each = results.map(
    ({ share, labels }) =>
      `${Number((share * 100).toFixed(4))} % (${labels} label${labels === 1 ? '' : 's'})`,
  );
  return (
    `the same classifier trained with ${each.join(' and ')} of the training labels, of each class its share, at least one; ` +
    `columns standardised by all training images; mean of ${results[0]!.draws} seeded draws`
  );
}

function requireSizes(features: Features, labels: Int32Array, given: LabeledFeatures['split']): void {
  if (labels.length !== features.count || (given && given.length !== features.count)) {
    throw new LikenessError(
      'evaluate.lengths',
      `evaluate: received ${features.count} rows, ${labels.length} labels${given ? `, ${given.length} split entries` : ''}; expected one of each per image`,
    );
  }
  if (!labels.some((label) => label >= 0)) {
    throw new LikenessError(
      'evaluate.unlabelled',
      `evaluate: received ${labels.length} images, none with a label; expected a source with labels (a folder per class, or a labelled format). The label-free measures need none.`,
    );
  }
  featuresOf(features.data, features.dimension); // refuses values that are not finite
}
