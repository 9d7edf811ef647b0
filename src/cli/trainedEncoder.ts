/** A run's encoder as commands use it: opened with what was passed over said, closed with its engine. */
import { openEngine } from '../backends/index.ts';
import { type EncodedImage, isolatedDecoder, type PixelCache, type RawImage } from '../data/index.ts';
import { type ImageEncoder, trainedEncoder } from '../encoders/index.ts';
import { cacheSizeOf } from '../methods/index.ts';
import { openTrainedRun, type TrainedRun } from '../run/index.ts';
import { renderEvaluationView } from '../views/index.ts';
import { type Terminal, terminalReporter } from './terminal.ts';

/** Opens a run, saying which damaged checkpoints were passed over. */
export async function openRun(path: string, terminal: Terminal): Promise<TrainedRun> {
  const run = await openTrainedRun(path);
  for (const { file, reason } of run.damaged) terminal.warn(`passed over ${file}: ${reason}`);
  return run;
}

/** Calls `work` with the run's encoder and closes everything afterwards. */
export async function withEncoder<T>(
  { config, state }: TrainedRun,
  { batchSize }: { batchSize?: number },
  work: (encoder: ImageEncoder) => Promise<T>,
): Promise<T> {
  const engine = await openEngine({ threads: config.threads });
  try {
    return await work(await trainedEncoder({ engine, settings: config.settings, state, batchSize }));
  } finally {
    await engine.close();
  }
}

/** Features of images of a cache, some rows at a time, with progress said on the terminal, whose end ends the work. */
export function embeddedParts(
  encoder: ImageEncoder,
  cache: PixelCache,
  { indices, workers, terminal }: { indices: Uint32Array; workers: number; terminal: Terminal },
): AsyncGenerator<Float32Array> {
  return encoder.parts({ cache, indices }, { workers, reporter: terminalReporter(terminal) });
}

/** Pixels [3, s, s] of one image, exactly as they would come from the pixel cache of the run's images. */
export async function evaluationPixels(
  image: EncodedImage | RawImage,
  { settings }: TrainedRun['config'],
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const size = settings.imageSize;
  const data = new Uint8Array(3 * size * size);
  const decoded = await isolatedDecoder.decode(image, { size: cacheSizeOf(settings), signal });
  renderEvaluationView(decoded, { width: size, height: size, data }, { size });
  return data;
}
