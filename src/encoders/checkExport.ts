/** Compares an exported encoder with the training engine on the same pixels. */
import { InferenceSession } from 'onnxruntime-node';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { runExported } from './onnxEncoder.ts';

export interface ExportCheck {
  /** Evaluation views [n, 3, s, s], uint8. */
  readonly pixels: Uint8Array;
  /** Features [n, D] of the training engine, rows of length 1. */
  readonly expected: Float32Array;
  readonly count: number;
  readonly size: number;
}

/**
 * Runs the ONNX file on one image at a time and on all at once. Returns the largest absolute
 * difference of any value from the expected one (values are from -1 to 1).
 *
 * @throws LikenessError `export.broken` when the file does not load or its output has another
 * shape.
 */
export async function checkExport(
  file: string,
  { pixels, expected, count, size }: ExportCheck,
): Promise<number> {
  const dimension = expected.length / count;
  const perImage = 3 * size * size;
  const session = await attempt(file, () => InferenceSession.create(file, { logSeverityLevel: 3 }));
  let worst = 0;
  for (const batch of new Set([1, count])) {
    for (let from = 0; from + batch <= count; from += batch) {
      const views = pixels.subarray(from * perImage, (from + batch) * perImage);
      const features = await attempt(file, () => runExported(session, views, size));
      if (features.length !== batch * dimension) {
        throw new LikenessError(
          'export.broken',
          `${file}: received ${features.length} values for ${batch} images; ` +
            `expected ${batch * dimension}. Nothing was written.`,
        );
      }
      worst = largestDifference(worst, features, expected, from * dimension);
    }
  }
  await session.release();
  return worst;
}

/** NaN counts as infinitely different. */
function largestDifference(
  worst: number,
  got: Float32Array,
  expected: Float32Array,
  offset: number,
): number {
  let largest = worst;
  for (let i = 0; i < got.length; i++) {
    const difference = Math.abs(got[i]! - expected[offset + i]!);
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
