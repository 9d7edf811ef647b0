/** Protocol of a comparison: scores of one run, and of the features that it is compared with. */
import type { Engine } from '../backends/index.ts';
import { distinctRows, type Features, selectRows } from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import type { Reporter } from '../core/reporter.ts';
import { showCount } from '../core/text.ts';
import type { PixelCache } from '../data/index.ts';
import { headClusters, type ImageEncoder } from '../encoders/index.ts';
import {
  type EvaluationSet,
  evaluateFeatures,
  kmeansAgreement,
  knn,
  measureEpoch,
  measureLabelFree,
  openEpochSample,
  type Split,
  scoresOf,
  splitOf,
} from '../evaluate/index.ts';
import { type Settings, viewsOf } from '../methods/index.ts';
import { clusterAgreement } from '../metrics/index.ts';
import type { CurvePoint, Figures } from './comparison.ts';
import { SAMPLE } from './likelyOrder.ts';

/** Images and seed of every evaluation in a comparison. */
export interface Bench {
  readonly cache: PixelCache;
  readonly set: EvaluationSet;
  /**
   * Seed of clustering, probe and draws, the same for all runs, so that scores differ by training
   * alone.
   */
  readonly seed: number;
  /** Number of clusters where it is given. Default: the number of classes. */
  readonly k?: number | undefined;
  readonly reporter: Reporter;
}

/** Largest numbers of images in the fixed sample of the curves. */
const CURVE_TRAIN = 8000;
const CURVE_TEST = 2000;
const CURVE_NEIGHBORS = 20;

/** Draws the images of the curves: rows of the evaluation set, and the split among them. */
function curveSample({ set, seed }: Bench): { rows: Int32Array; split: Split } {
  const { train, test } = splitOf(set.labels, set.split, { seed, contents: set.contents });
  const draw = (rows: Int32Array, most: number, stream: number) =>
    rows.length <= most
      ? rows
      : selectOf(
          rows,
          distinctRows(rows.length, most, randomAt(seed, 'compareCurve', stream)).sort(),
        );
  const chosen = [draw(train, CURVE_TRAIN, 0), draw(test, CURVE_TEST, 1)] as const;
  const rows = Int32Array.from([...chosen[0], ...chosen[1]]).sort();
  const at = new Map(Array.from(rows, (row, i) => [row, i]));
  const inSample = (of: Int32Array) => of.map((row) => at.get(row)!);
  return { rows, split: { train: inSample(chosen[0]), test: inSample(chosen[1]), origin: 'made' } };
}

function selectOf(rows: Int32Array, at: Int32Array): Int32Array {
  return at.map((i) => rows[i]!);
}

/** Tells how the curves are made. */
export function curveProtocol(bench: Bench): string {
  const { split } = curveSample(bench);
  return (
    `on a fixed sample of ${showCount(split.train.length)} train and ` +
    `${showCount(split.test.length)} test images, with the encoder at fractions of the ` +
    `schedule; k = ${CURVE_NEIGHBORS}; NMI of spherical k-means on the test images of the ` +
    'sample; measuring is not part of the time'
  );
}

/** Scores features of the sample's images by kNN and NMI. */
async function pointOf(engine: Engine, bench: Bench, features: Features) {
  const { rows, split } = curveSample(bench);
  const { set, seed } = bench;
  const labels = selectOf(set.labels, rows);
  const part = (of: Int32Array) => ({
    features: selectRows(features, of),
    labels: selectOf(labels, of),
  });
  const testable = split.test.length > 0;
  const near = testable
    ? await knn(engine, part(split.train), part(split.test), { k: [CURVE_NEIGHBORS] })
    : [];
  const clustered = testable ? split.test : split.train;
  const k = Math.min(set.classes, clustered.length);
  const { nmi } = await kmeansAgreement(engine, features, labels, { rows: clustered, k, seed });
  return { knn: near[0]?.accuracy ?? null, nmi };
}

/** Measures one point of a curve: an encoder on the sample. */
export async function measureCurvePoint(
  engine: Engine,
  bench: Bench,
  settings: Settings,
  encoder: ImageEncoder,
): Promise<Pick<CurvePoint, 'knn' | 'nmi'>> {
  const { cache, set, reporter } = bench;
  const indices = Uint32Array.from(curveSample(bench).rows, (row) => set.indices[row]!);
  const features = await encoder.embed(
    { cache, indices },
    { workers: settings.run.workers, reporter },
  );
  return pointOf(engine, bench, features);
}

/** Measures a point from features of the whole evaluation set. */
export function curvePointOf(engine: Engine, bench: Bench, features: Features) {
  return pointOf(engine, bench, selectRows(features, curveSample(bench).rows));
}

export interface MeasuredFeatures {
  readonly figures: Figures;
  readonly protocol: Readonly<Record<string, string>>;
}

/**
 * Scores features of the evaluation set; `heads` are clusters that a method's own head learned, and
 * `title` names the features in reports of progress.
 */
export async function measureFeatures(
  engine: Engine,
  { set, seed, k: asked, reporter }: Bench,
  features: Features,
  { heads, title }: { heads?: Int32Array | undefined; title?: string } = {},
): Promise<MeasuredFeatures> {
  const { labels, split, contents, files } = set;
  const { signal } = reporter;
  const labeled = { features, labels, split, contents, files };
  const evaluation = await evaluateFeatures(engine, labeled, {
    ...{ seed, reporter },
    ...(asked !== undefined && { k: asked }),
    ...(title !== undefined && { title }),
  });
  const rows = labeledRows(set);
  const k = evaluation.clustering.k;
  // Clusters are of all images already if the source has no split of its own.
  const { nmi, acc, ari } = evaluation;
  const text = `${title ?? 'features'}: k-means of train and test images`;
  reporter.progress({ stage: 'measure', text });
  const together =
    evaluation.clustering.on === 'all'
      ? { nmi, acc, ari }
      : await kmeansAgreement(engine, features, labels, { rows, k, seed, signal });
  const { test: testRows } = clusteredRows(set, seed);
  return {
    figures: {
      nmi,
      acc,
      ari,
      knn: evaluation.knn.accuracy,
      knn20: scoresOf(evaluation).knn.accuracy20,
      linear: evaluation.linear.accuracy,
      trainAndTest: together,
      ...(heads && {
        head: {
          test: clusterAgreement(labels, heads, { rows: testRows }),
          trainAndTest: clusterAgreement(labels, heads, { rows }),
        },
      }),
    },
    protocol: {
      ...evaluation.protocol,
      trainAndTest:
        `the same k-means on all ${showCount(rows.length)} labeled images, train and test ` +
        'together; the encoder was trained on the train images alone',
    },
  };
}

/** Labeled rows that are clustered: the test images of a source's own split, and all. */
export function clusteredRows(
  set: EvaluationSet,
  seed: number,
): { test: Int32Array; all: Int32Array } {
  const all = labeledRows(set);
  const { labels, split, contents } = set;
  const { test, origin } = splitOf(labels, split, { seed, contents });
  return { test: origin === 'source' ? test : all, all };
}

/** Lists the rows of the evaluation set with a label. */
export function labeledRows({ labels }: EvaluationSet): Int32Array {
  return Int32Array.from(labels.keys()).filter((row) => labels[row]! >= 0);
}

export interface MeasuredEncoder {
  readonly figures?: Figures;
  readonly protocol?: Readonly<Record<string, string>>;
  readonly labelFree: Readonly<Record<string, number>>;
  /** Scores on the curves' sample; absent without labels. */
  readonly point?: Pick<CurvePoint, 'knn' | 'nmi'>;
}

/** Measures an encoder with labels, where there are any, and without. */
export async function measureEncoder(
  engine: Engine,
  bench: Bench,
  settings: Settings,
  { encoder, state }: { encoder: ImageEncoder; state: Values },
): Promise<MeasuredEncoder> {
  const { cache, set, seed, reporter } = bench;
  const { indices } = set;
  const { workers } = settings.run;
  const features = await encoder.embed({ cache, indices }, { workers, reporter });
  reporter.progress({ stage: 'measure', text: 'measuring' });
  const views = viewsOf(settings);
  const report = await measureLabelFree({
    ...{ engine, encoder, views, cache, indices, features, seed, workers, reporter },
  });
  reporter.progress({ stage: 'measure', text: 'measuring a sample without labels' });
  const labelFree = {
    ...numbersOf(report),
    ...numbersOf(await measureSample(engine, bench, settings, state), SAMPLE),
  };
  if (set.labelled === 'no') return { labelFree };
  const heads = await headClusters(encoder, features);
  return {
    ...(await measureFeatures(engine, bench, features, { heads: heads?.assignments })),
    labelFree,
    point: await curvePointOf(engine, bench, features),
  };
}

/** Largest number of images in the sample that is measured without labels. */
const MAX_SAMPLE = 2000;
/** Smallest sample that is measured. */
const MIN_SAMPLE = 20;

/**
 * Measures a fixed sample without labels: the same images for every run, without comparisons over
 * epochs.
 */
async function measureSample(
  engine: Engine,
  { cache, set }: Bench,
  settings: Settings,
  state: Values,
): Promise<object> {
  const images = Math.min(MAX_SAMPLE, set.indices.length);
  if (images < MIN_SAMPLE) return {};
  const sample = await openEpochSample({ engine, settings, cache, indices: set.indices, images });
  try {
    const seen = await sample.look(async (names) =>
      Object.fromEntries(names.map((name) => [name, state[name]!])),
    );
    return (await measureEpoch(engine, seen, undefined)).measures;
  } finally {
    await sample.close();
  }
}

/** Collects the numbers of a nested value by path, such as `viewAgreement.agreement`. */
export function numbersOf(value: object, prefix = ''): Record<string, number> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]): [string, number][] => {
      if (typeof inner === 'number') return Number.isFinite(inner) ? [[prefix + name, inner]] : [];
      return inner !== null &&
        typeof inner === 'object' &&
        !ArrayBuffer.isView(inner) &&
        !Array.isArray(inner)
        ? Object.entries(numbersOf(inner, `${prefix}${name}.`))
        : [];
    }),
  );
}
