/** Measuring one run of a comparison, and the features that it is compared with: one protocol for all. */
import type { Engine } from '../backends/index.ts';
import { distinctRows, type Features, selectRows } from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import type { Reporter } from '../core/reporter.ts';
import { showCount } from '../core/text.ts';
import type { PixelCache } from '../data/index.ts';
import { headClusters, type ImageEncoder, type NetworkEncoder } from '../encoders/index.ts';
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

/** The images that everything is measured on, and how. */
export interface Bench {
  readonly cache: PixelCache;
  readonly set: EvaluationSet;
  /** Seed of clustering, probe and draws: the same for all runs, so that figures differ by training alone. */
  readonly seed: number;
  readonly reporter: Reporter;
}

/** Most images of the fixed sample behind the curves. */
const CURVE_TRAIN = 8000;
const CURVE_TEST = 2000;
const CURVE_NEIGHBOURS = 20;

/** The images of the curves: rows of the evaluation set, and the split among them. */
function curveSample({ set, seed }: Bench): { rows: Int32Array; split: Split } {
  const { train, test } = splitOf(set.labels, set.split, { seed });
  const draw = (rows: Int32Array, most: number, stream: number) =>
    rows.length <= most
      ? rows
      : selectOf(rows, distinctRows(rows.length, most, randomAt(seed, 'sample', stream, 0, 9)).sort());
  const chosen = [draw(train, CURVE_TRAIN, 0), draw(test, CURVE_TEST, 1)] as const;
  const rows = Int32Array.from([...chosen[0], ...chosen[1]]).sort();
  const at = new Map(Array.from(rows, (row, i) => [row, i]));
  const inSample = (of: Int32Array) => of.map((row) => at.get(row)!);
  return { rows, split: { train: inSample(chosen[0]), test: inSample(chosen[1]), origin: 'made' } };
}

function selectOf(rows: Int32Array, at: Int32Array): Int32Array {
  return at.map((i) => rows[i]!);
}

/** How the curves are made, in words. */
export function curveProtocol(bench: Bench): string {
  const { split } = curveSample(bench);
  return `on a fixed sample of ${showCount(split.train.length)} train and ${showCount(split.test.length)} test images, with the encoder as it stood at shares of the schedule; k = ${CURVE_NEIGHBOURS}; NMI of spherical k-means on the test images of the sample; measuring is no part of the time`;
}

/** kNN and NMI on the sample, of features of the sample's images. */
async function pointOf(engine: Engine, bench: Bench, features: Features) {
  const { rows, split } = curveSample(bench);
  const { set, seed } = bench;
  const labels = selectOf(set.labels, rows);
  const part = (of: Int32Array) => ({ features: selectRows(features, of), labels: selectOf(labels, of) });
  const testable = split.test.length > 0;
  const near = testable
    ? await knn(engine, part(split.train), part(split.test), { k: [CURVE_NEIGHBOURS] })
    : [];
  const clustered = testable ? split.test : split.train;
  const k = Math.min(set.classes, clustered.length);
  const { nmi } = await kmeansAgreement(engine, features, labels, { rows: clustered, k, seed });
  return { knn: near[0]?.accuracy ?? null, nmi };
}

/** One point of a curve: an encoder on the sample. */
export async function measureCurvePoint(
  engine: Engine,
  bench: Bench,
  settings: Settings,
  encoder: ImageEncoder,
): Promise<Pick<CurvePoint, 'knn' | 'nmi'>> {
  const { cache, set, reporter } = bench;
  const indices = Uint32Array.from(curveSample(bench).rows, (row) => set.indices[row]!);
  const features = await encoder.embed({ cache, indices }, { workers: settings.workers, reporter });
  return pointOf(engine, bench, features);
}

/** The same from features of the whole evaluation set. */
export function curvePointOf(engine: Engine, bench: Bench, features: Features) {
  return pointOf(engine, bench, selectRows(features, curveSample(bench).rows));
}

export interface MeasuredFeatures {
  readonly figures: Figures;
  readonly protocol: Readonly<Record<string, string>>;
}

/** All figures of some features of the evaluation set; `heads` are clusters that a method's own head names. */
export async function measureFeatures(
  engine: Engine,
  { set, seed, reporter }: Bench,
  features: Features,
  heads?: Int32Array,
): Promise<MeasuredFeatures> {
  const { labels, split } = set;
  const { signal } = reporter;
  const evaluation = await evaluateFeatures(engine, { features, labels, split }, { seed, signal });
  const rows = labelledRows(set);
  const k = evaluation.clustering.k;
  // Without a split of the source's own, clusters are of all images as it is.
  const { nmi, acc, ari } = evaluation;
  const together =
    evaluation.clustering.on === 'all'
      ? { nmi, acc, ari }
      : await kmeansAgreement(engine, features, labels, { rows, k, seed, signal });
  const testRows = evaluation.clustering.on === 'all' ? rows : splitOf(labels, split, { seed }).test;
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
      trainAndTest: `the same k-means on all ${showCount(rows.length)} labelled images, train and test together; the encoder was trained on the train images alone`,
    },
  };
}

/** Rows of the evaluation set that have a label. */
export function labelledRows({ labels }: EvaluationSet): Int32Array {
  return Int32Array.from(labels.keys()).filter((row) => labels[row]! >= 0);
}

export interface MeasuredEncoder {
  readonly figures?: Figures;
  readonly protocol?: Readonly<Record<string, string>>;
  readonly labelFree: Readonly<Record<string, number>>;
  /** On the curves' sample; absent without labels. */
  readonly point?: Pick<CurvePoint, 'knn' | 'nmi'>;
}

/** Everything that is measured of an encoder, with labels or without. */
export async function measureEncoder(
  engine: Engine,
  bench: Bench,
  settings: Settings,
  { encoder, state }: { encoder: NetworkEncoder; state: Values },
): Promise<MeasuredEncoder> {
  const { cache, set, seed, reporter } = bench;
  const { indices } = set;
  const { workers } = settings;
  const features = await encoder.embed({ cache, indices }, { workers, reporter });
  reporter.progress({ stage: 'measure', text: 'measuring' });
  const views = viewsOf(settings);
  const report = await measureLabelFree({
    ...{ engine, encoder, views, cache, indices, features, seed, workers, reporter },
  });
  const labelFree = {
    ...numbersOf(report),
    ...numbersOf(await measureSample(engine, bench, settings, state), SAMPLE),
  };
  if (set.labelled === 'no') return { labelFree };
  const heads = await headClusters(encoder, features);
  return {
    ...(await measureFeatures(engine, bench, features, heads?.assignments)),
    labelFree,
    point: await curvePointOf(engine, bench, features),
  };
}

/** Images of the sample whose clusters, views and neighbours are looked at without labels. */
const SAMPLED = 2000;
/** Below it, clusters of a sample say nothing. */
const FEWEST_SAMPLED = 20;

/** The measures of a fixed sample, the same images for every run; those that compare with an epoch before are absent. */
async function measureSample(
  engine: Engine,
  { cache, set }: Bench,
  settings: Settings,
  state: Values,
): Promise<object> {
  const images = Math.min(SAMPLED, set.indices.length);
  if (images < FEWEST_SAMPLED) return {};
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

/** The numbers of a nested value by path: `viewAgreement.agreement`. */
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
