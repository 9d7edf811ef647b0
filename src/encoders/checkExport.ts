/** Compares an exported encoder with the training engine on the same pixels. */
import { InferenceSession } from 'onnxruntime-node';
import type { AssignResult } from '../cluster/index.ts';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { EXPORT_CLUSTERS } from './exportClusters.ts';
import { EXPORT_OUTPUT } from './exportMetadata.ts';
import { runExported } from './onnxEncoder.ts';

export interface ExportCheck {
  /** Evaluation views [n, 3, s, s], uint8. */
  readonly pixels: Uint8Array;
  /** Features [n, D] of the training engine, rows of length 1. */
  readonly expected: Float32Array;
  readonly count: number;
  readonly size: number;
  /** Clusters [n] by `assignFeatures`, where the file has an output of clusters. */
  readonly clusters?: Pick<AssignResult, 'assignments' | 'confidence'>;
}

/** Largest absolute differences. */
export interface ExportDifference {
  /** Of a value of a feature, which is from -1 to 1. */
  readonly features: number;
  /** Of the probability of the own cluster and its confidence. */
  readonly clusters?: number;
}

/**
 * Runs the ONNX file on one image at a time and on all at once, and compares its outputs with the
 * expected ones.
 *
 * @throws LikenessError `export.broken` when the file does not load or its output has another
 * shape.
 */
export async function checkExport(
  file: string,
  { pixels, expected, count, size, clusters }: ExportCheck,
): Promise<ExportDifference> {
  const dimension = expected.length / count;
  const perImage = 3 * size * size;
  const session = await attempt(file, () => InferenceSession.create(file, { logSeverityLevel: 3 }));
  const names = [EXPORT_OUTPUT, ...(clusters ? [EXPORT_CLUSTERS] : [])];
  let [worst, worstCluster] = [0, 0];
  for (const batch of new Set([1, count])) {
    for (let from = 0; from + batch <= count; from += batch) {
      const views = pixels.subarray(from * perImage, (from + batch) * perImage);
      const outputs = await attempt(file, () => runExported(session, views, size, names));
      const features = outputs[EXPORT_OUTPUT]!; // [batch, D]
      if (features.length !== batch * dimension) {
        throw new LikenessError(
          'export.broken',
          `${file}: received ${features.length} values for ${batch} images; ` +
            `expected ${batch * dimension}. Nothing was written.`,
        );
      }
      worst = largestDifference(worst, features, expected.subarray(from * dimension));
      const probabilities = outputs[EXPORT_CLUSTERS]; // [batch, K]
      if (!clusters || !probabilities) continue;
      const K = probabilities.length / batch;
      const own = Float32Array.from(
        { length: batch },
        (_, i) => probabilities[i * K + clusters.assignments[from + i]!]!,
      );
      worstCluster = largestDifference(worstCluster, own, clusters.confidence.subarray(from));
    }
  }
  await session.release();
  return { features: worst, ...(clusters && { clusters: worstCluster }) };
}

/** NaN counts as infinitely different. */
function largestDifference(worst: number, got: Float32Array, expected: Float32Array): number {
  let largest = worst;
  for (let i = 0; i < got.length; i++) {
    const difference = Math.abs(got[i]! - expected[i]!);
    largest = Math.max(largest, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }
  return largest;
}

async function attempt<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new LikenessError(
      'export.broken',
      `${file}: ONNX Runtime refuses the exported model: ${reasonOf(error)}. Nothing was written.`,
      { cause: error },
    );
  }
}
