/**
 * Writing an exported encoder: under a temporary name, compared with the engine, then renamed.
 */
import { rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import {
  checkExport,
  EXPORT_CLUSTERS,
  EXPORT_INPUT,
  EXPORT_OUTPUT,
  type ExportCheck,
  type ExportDifference,
  type ExportedEncoder,
  type Precision,
  withMetadata,
  withPrecision,
} from '../encoders/index.ts';
import { removeAbandoned, reserveTemporary, WRITE_FLAGS, writeFailure } from '../formats/index.ts';
import type { Run } from '../run/index.ts';
import { COMPARED, type ComparedImages } from './exportImages.ts';
import { measureLoss, type PrecisionLoss } from './exportLoss.ts';
import type { ClusterName, OwnClusters } from './exportParts.ts';

/**
 * An encoder in an ONNX file, from images [batch, 3, s, s] (float32, 0 to 1) to features [batch, D]
 * of length 1.
 */
export interface ExportedOnnx {
  /** Absolute path. */
  readonly file: string;
  /** Names of input and output. */
  readonly input: string;
  readonly output: string;
  /** Side s of the images, in pixels. */
  readonly imageSize: number;
  /** D */
  readonly dimension: number;
  readonly precision: Precision;
  /** Size of the file. */
  readonly bytes: number;
  /** Comparison with the training engine. */
  readonly check: {
    readonly on: 'images' | 'noise';
    readonly count: number;
    readonly largestDifference: number;
  };
  /** The second output, probabilities [batch, K]; absent for a run without clusters. */
  readonly clusters?: {
    /** Name of the output. */
    readonly output: string;
    readonly k: number;
    /** Clusters in the order of the output, as clusters.csv numbers them. */
    readonly names: readonly ClusterName[];
    /** True where the head of the method learned them; false for centroids. */
    readonly learned: boolean;
    /** Largest difference from the confidence of `assign` on the compared images. */
    readonly largestDifference: number;
  };
  /** Loss by the precision; absent for `fp32`, and where no images could be read. */
  readonly loss?: PrecisionLoss;
}

/** Everything that is the same for all files of one encoder. */
export interface ExportPlan {
  readonly reporter: Reporter;
  readonly own?: OwnClusters;
  readonly names: readonly ClusterName[];
  readonly images: ComparedImages;
  readonly expected: Pick<ExportCheck, 'expected' | 'clusters'>;
  readonly model: ExportedEncoder;
}

/** Largest difference of a value of a unit feature that is put down to rounding. */
const TOLERANCE = 1e-3;
/** Largest difference of a probability of a cluster: a temperature magnifies those of features. */
const CLUSTER_TOLERANCE = 1e-2;

/** Writes one file of an encoder, and compares it with the training engine. */
export async function writeOnnx(
  run: Run,
  file: string,
  { precision, ...plan }: ExportPlan & { precision: Precision },
): Promise<ExportedOnnx> {
  const { reporter, own, names, images, expected, model } = plan;
  const { dimension, size } = model;
  const report = (text: string) => reporter.progress({ stage: 'export', text });
  await removeAbandoned(file);
  const { temporary: unchecked, release } = reserveTemporary(file);
  try {
    let bytes = withPrecision(model.model, precision);
    await writeUnchecked(file, unchecked, bytes);
    report('comparing the ONNX model');
    reporter.signal.throwIfAborted();
    const difference = await checkExport(unchecked, {
      ...{ pixels: images.pixels, count: COMPARED, size },
      ...expected,
    });
    requireEqual(file, difference, precision);
    let loss: PrecisionLoss | undefined;
    if (precision !== 'fp32') {
      loss = await measureLoss(run, { file: unchecked, precision, reporter });
      bytes = withMetadata(bytes, {
        'likeness.precision': precision,
        ...(loss && { 'likeness.loss': JSON.stringify(loss) }),
      });
      await rm(unchecked, { force: true });
      await writeUnchecked(file, unchecked, bytes);
    }
    await rename(unchecked, file).catch((error) => {
      throw writeFailure(file, error);
    });
    return {
      file: resolve(file),
      ...{ input: EXPORT_INPUT, output: EXPORT_OUTPUT, imageSize: size, dimension },
      ...{ precision, bytes: bytes.length },
      check: { on: images.kind, count: COMPARED, largestDifference: difference.features },
      ...(own && {
        clusters: {
          ...{ output: EXPORT_CLUSTERS, k: own.k, names },
          ...{ learned: own.clusters.head !== undefined },
          largestDifference: difference.clusters!,
        },
      }),
      ...(loss && { loss }),
    };
  } finally {
    await rm(unchecked, { force: true });
    release();
  }
}

/** Refuses a file that does not return what the training engine does. */
function requireEqual(file: string, difference: ExportDifference, precision: Precision): void {
  const { features, clusters = 0 } = difference;
  const isExact = precision === 'fp32';
  const isEqual = isExact
    ? features <= TOLERANCE && clusters <= CLUSTER_TOLERANCE
    : Number.isFinite(features) && Number.isFinite(clusters);
  if (isEqual) return;
  const what =
    features <= TOLERANCE
      ? `probabilities of clusters differ from those of assign by ${clusters.toExponential(1)}; ` +
        `expected at most ${CLUSTER_TOLERANCE}`
      : `features differ from the training engine's by ${features.toExponential(1)}; expected at ` +
        `most ${TOLERANCE}`;
  throw new LikenessError(
    'export.differs',
    `${file}: the exported model's ${what}. Nothing was written; please report this.`,
  );
}

/** Writes a model under a temporary name, and flushes it to the disk. */
async function writeUnchecked(file: string, unchecked: string, model: Uint8Array): Promise<void> {
  try {
    await writeFile(unchecked, model, { flag: WRITE_FLAGS, flush: true });
  } catch (error) {
    throw writeFailure(file, error);
  }
}
