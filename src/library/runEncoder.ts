/** A run's encoder, opened for one piece of work. */

import { type Engine, openEngine } from '../backends/index.ts';
import type { EncodedImage, RawImage } from '../data/index.ts';
import { isolatedDecoder } from '../data/index.ts';
import type { ImageEncoder } from '../encoders/index.ts';
import type { Run, RunView } from '../run/index.ts';
import { renderEvaluationView } from '../views/index.ts';

/** Opens an engine with the run's threads for as long as `work` takes. */
export async function withEngine<T>(
  { view }: Pick<Run, 'view'>,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await openEngine({ threads: view.threads });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/** Opens the run's encoder for as long as `work` takes. */
export function withEncoder<T>(
  run: Run,
  { batchSize }: { batchSize?: number },
  work: (encoder: ImageEncoder, engine: Engine) => Promise<T>,
): Promise<T> {
  return withEngine(run, async (engine) => {
    const encoder = await run.openEncoder({ engine, batchSize });
    try {
      return await work(encoder, engine);
    } finally {
      await encoder.close();
    }
  });
}

/**
 * Pixels [3, s, s] of one image, exactly as they would come from the pixel cache of the run's
 * images.
 */
export async function evaluationPixels(
  image: EncodedImage | RawImage,
  { imageSize: size, input = { size }, cacheSize }: RunView,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const data = new Uint8Array(3 * size * size);
  const decoded = await isolatedDecoder.decode(image, { size: cacheSize, signal });
  renderEvaluationView(decoded, { width: size, height: size, data }, input);
  return data;
}
