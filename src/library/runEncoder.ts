/** A run's encoder, opened for one piece of work. */

import { type Engine, openEngine } from '../backends/index.ts';
import type { EncodedImage, RawImage } from '../data/index.ts';
import { isolatedDecoder } from '../data/index.ts';
import { type NetworkEncoder, trainedEncoder } from '../encoders/index.ts';
import { cacheSizeOf } from '../methods/index.ts';
import type { TrainedRun } from '../run/index.ts';
import { renderEvaluationView } from '../views/index.ts';

/** Opens an engine with the run's threads for as long as `work` takes. */
export async function withEngine<T>(
  { config }: Pick<TrainedRun, 'config'>,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await openEngine({ threads: config.threads });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/** Opens the run's encoder for as long as `work` takes. */
export function withEncoder<T>(
  run: TrainedRun,
  { batchSize }: { batchSize?: number },
  work: (encoder: NetworkEncoder, engine: Engine) => Promise<T>,
): Promise<T> {
  return withEngine(run, async (engine) => {
    const { settings } = run.config;
    const encoder = await trainedEncoder({ engine, settings, state: run.state, batchSize });
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
  { settings }: TrainedRun['config'],
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const size = settings.data.imageSize;
  const data = new Uint8Array(3 * size * size);
  const decoded = await isolatedDecoder.decode(image, { size: cacheSizeOf(settings), signal });
  renderEvaluationView(decoded, { width: size, height: size, data }, { size });
  return data;
}
