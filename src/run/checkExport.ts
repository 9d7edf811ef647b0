/** Whether an exported encoder gives what the training engine gives: run on the same pixels and compared. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { EXPORT_INPUT, EXPORT_OUTPUT } from './exportedEncoder.ts';

export interface ExportCheck {
  /** Planes of uint8 [n, 3, s, s]. */
  readonly pixels: Uint8Array;
  /** The training engine's features of them, [n, D], rows of length 1. */
  readonly expected: Float32Array;
  readonly count: number;
  readonly size: number;
}

/**
 * Runs the ONNX file on one image at a time and on all at once, and returns the largest absolute difference of any
 * value from what was expected (values are from -1 to 1).
 *
 * @throws LikenessError `export.broken` when the file does not load or gives something of another shape.
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
      const data = Float32Array.from(
        pixels.subarray(from * perImage, (from + batch) * perImage),
        (v) => v / 255,
      );
      const images = new Tensor('float32', data, [batch, 3, size, size]);
      const results = await attempt(file, () => session.run({ [EXPORT_INPUT]: images }));
      const features = results[EXPORT_OUTPUT];
      if (String(features?.dims) !== String([batch, dimension])) {
        throw new LikenessError(
          'export.broken',
          `${file}: gave features of shape [${features?.dims}]; expected [${batch}, ${dimension}]. Nothing was written.`,
        );
      }
      worst = largestDifference(worst, features!.data as Float32Array, expected, from * dimension);
    }
  }
  await session.release();
  return worst;
}

/** NaN counts as infinitely different. */
function largestDifference(worst: number, got: Float32Array, expected: Float32Array, offset: number): number {
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
