/**
 * The loss of an exported encoder whose weights have fewer bits, on images of its run: features of
 * the file beside those of the run's own encoder.
 */
import type { Engine } from '../backends/index.ts';
import { type Features, nearestNeighbors, normalizeRows, selectRows } from '../cluster/index.ts';
import { reasonOf } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import type { PixelCache } from '../data/index.ts';
import { type ImageEncoder, onnxEncoder, type Precision } from '../encoders/index.ts';
import { type EvaluationSet, evaluationSet, knn, type Labeled } from '../evaluate/index.ts';
import type { Run } from '../run/index.ts';
import { withImages } from './images.ts';
import { withEncoder } from './runEncoder.ts';

/** Loss of a file whose weights are stored with fewer bits. */
export interface PrecisionLoss {
  /** Number of images that were compared. */
  readonly images: number;
  /** Mean cosine of the features of an image before and after, -1 to 1. */
  readonly meanCosine: number;
  /** Mean fraction of the k nearest neighbors of an image that stay, 0 to 1. */
  readonly neighbors: { readonly k: number; readonly agreement: number };
  /** kNN accuracy before and after, 0 to 1; absent where no two classes have labels. */
  readonly knn?: { readonly k: number; readonly before: number; readonly after: number };
}

/** Largest fall of the kNN accuracy that is not warned of. */
const MAX_KNN_LOSS = 0.01;
/** Smallest agreement of neighbors that is not warned of, where there are no labels. */
const MIN_AGREEMENT = 0.9;
/** Neighbors whose agreement is measured, and those that vote for a class. */
const [NEIGHBORS, VOTERS] = [10, 20];
/** Most images that are embedded with both. */
const MAX_IMAGES = { train: 2000, test: 1000 };

export interface LossOptions {
  engine: Engine;
  /** The run's own encoder, and the file. */
  before: ImageEncoder;
  after: ImageEncoder;
  cache: PixelCache;
  workers: number;
  reporter: Reporter;
}

/**
 * Embeds images with both encoders and compares the features. Undefined for fewer than three
 * images.
 */
export async function precisionLoss({
  engine,
  before,
  after,
  cache,
  workers,
  reporter,
}: LossOptions): Promise<PrecisionLoss | undefined> {
  const set = evaluationSet(cache, { seed: 0, ...MAX_IMAGES });
  const { indices } = set;
  if (indices.length < 3) return undefined;
  const embed = async (encoder: ImageEncoder) =>
    normalizeRows(await encoder.embed({ cache, indices }, { workers, reporter }));
  const [x, y] = [await embed(before), await embed(after)]; // [n, D]
  const k = Math.min(NEIGHBORS, indices.length - 1);
  const accuracies = await knnOf(engine, set, [x, y]);
  return {
    images: indices.length,
    meanCosine: meanCosine(x, y),
    neighbors: { k, agreement: await agreementOf(engine, [x, y], k) },
    ...(accuracies && { knn: accuracies }),
  };
}

/** Sentence about a loss beyond the bounds; undefined for a smaller one. */
export function warningOf(
  { knn: accuracy, neighbors: { agreement } }: PrecisionLoss,
  precision: Precision,
): string | undefined {
  const advice = precision === 'int8' ? 'Use `fp16` or `fp32`.' : 'Use `fp32`.';
  if (accuracy) {
    const lost = accuracy.before - accuracy.after;
    if (lost <= MAX_KNN_LOSS) return undefined;
    return (
      `${precision} loses ${lost.toFixed(3)} of the kNN accuracy; expected at most ` +
      `${MAX_KNN_LOSS}. ${advice}`
    );
  }
  if (agreement >= MIN_AGREEMENT) return undefined;
  return (
    `${precision} keeps ${agreement.toFixed(2)} of the nearest neighbors; expected at least ` +
    `${MIN_AGREEMENT}. ${advice}`
  );
}

function meanCosine({ data: x, count }: Features, { data: y }: Features): number {
  return x.reduce((sum, value, i) => sum + value * y[i]!, 0) / count;
}

/** Mean fraction of the k nearest neighbors of a row that stay its neighbors. */
async function agreementOf(engine: Engine, both: readonly Features[], k: number): Promise<number> {
  const [a, b] = await Promise.all(
    both.map((rows) => nearestNeighbors(engine, rows, rows, { k, exclude: 'self' })),
  );
  const { length } = a!.indices;
  let common = 0;
  for (let start = 0; start < length; start += k) {
    const own = new Set(a!.indices.subarray(start, start + k));
    for (const index of b!.indices.subarray(start, start + k)) if (own.has(index)) common++;
  }
  return common / length;
}

/** kNN accuracy of features before and after; undefined without two classes. */
async function knnOf(
  engine: Engine,
  { labels, split, classes }: EvaluationSet,
  [before, after]: readonly Features[],
): Promise<PrecisionLoss['knn']> {
  if (classes < 2) return undefined;
  const all = [...labels.keys()];
  const parts = (['train', 'test'] as const).map((name) =>
    all.filter((row) => split[row] === name),
  );
  const isSplit = parts.every(({ length }) => length > 0);
  // Without a split of its own, every other image is a query.
  const [bank, queries] = isSplit
    ? parts
    : [0, 1].map((odd) => all.filter((row) => row % 2 === odd));
  const labeled = (features: Features, rows: readonly number[]): Labeled => ({
    features: selectRows(features, Int32Array.from(rows)),
    labels: Int32Array.from(rows, (row) => labels[row]!),
  });
  const accuracyOf = async (features: Features) =>
    (await knn(engine, labeled(features, bank!), labeled(features, queries!), { k: [VOTERS] }))[0]!;
  const [x, y] = [await accuracyOf(before!), await accuracyOf(after!)];
  return { k: x.k, before: x.accuracy, after: y.accuracy };
}

/** Measures the loss on images of the run, and warns where it is large or unknown. */
export async function measureLoss(
  run: Run,
  { file, precision, reporter }: { file: string; precision: Precision; reporter: Reporter },
): Promise<PrecisionLoss | undefined> {
  const { source } = run.config;
  const { cacheSize, workers } = run.view;
  let loss: PrecisionLoss | undefined;
  try {
    loss = await withImages(
      source.path,
      async (images) => {
        const cache = await images.pixels({ size: cacheSize, range: source.range, reporter });
        return withEncoder(run, {}, async (before, engine) => {
          const after = await onnxEncoder(file);
          try {
            return await precisionLoss({ engine, before, after, cache, workers, reporter });
          } finally {
            await after.close();
          }
        });
      },
      // Notes on the source were made with the run.
      { reporter: { ...reporter, note: () => {} }, stored: source },
    );
  } catch (error) {
    reporter.signal.throwIfAborted();
    const message = `the loss of ${precision} was not measured: ${reasonOf(error)}`;
    reporter.warn({ code: 'export.lossUnknown', message });
    return undefined;
  }
  const message = loss && warningOf(loss, precision);
  if (message) reporter.warn({ code: 'export.loss', message });
  return loss;
}
