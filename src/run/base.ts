/** The pretrained model of a run that trained a head on its features. */
import { LikenessError } from '../core/errors.ts';
import type { ModelSettings } from '../encoders/index.ts';
import type { Tensors } from '../formats/index.ts';
import { cacheSizeFor } from '../methods/index.ts';
import { readEncoder, writeEncoder } from './encoderFile.ts';
import type { RunFolder } from './files.ts';
import { isMissing } from './json.ts';
import { networkCacheSize } from './origin.ts';
import type { TrainedConfig } from './runConfig.ts';

/** Settings of the model. */
export type BaseSettings = ModelSettings;

/** Side of the cached images that the model's views are cut from, in pixels. */
export function baseCacheSize({ input: { size, resize } }: BaseSettings): number {
  return Math.max(cacheSizeFor(size), resize);
}

/** Side of the cached images of a run that trains, in pixels. */
export function trainedCacheSize({
  settings,
  base,
  origin,
}: Pick<TrainedConfig, 'settings' | 'base' | 'origin'>): number {
  return base ? baseCacheSize(base) : networkCacheSize({ settings, origin });
}

/** Values that the file of the model belongs to. */
function ownerOf({ settings: { run }, images, split }: TrainedConfig, base: BaseSettings) {
  const encoder = { name: 'model', settings: base } as const;
  return { encoder, imageSize: base.input.size, seed: run.seed, images, split };
}

/**
 * Writes the bytes of the model, and mean and deviation of its features over the training images.
 *
 * @throws LikenessError `write.*`
 */
export async function writeBase(
  { files }: RunFolder,
  config: TrainedConfig,
  tensors: Tensors,
): Promise<void> {
  if (config.base) await writeEncoder(files.weights, ownerOf(config, config.base), tensors);
}

/**
 * Reads the model of a run; undefined for a run without one.
 *
 * @throws LikenessError `run.noEncoder` where the run was stopped before it was written,
 * `encoder.malformed` for a damaged file
 */
export async function readBase(
  { path, files }: RunFolder,
  config: TrainedConfig,
): Promise<Tensors | undefined> {
  const { base } = config;
  if (!base) return undefined;
  return readEncoder(files.weights, ownerOf(config, base)).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    throw new LikenessError(
      'run.noEncoder',
      `${path} was stopped before it held the model ${base.model}. Delete the folder, and train ` +
        'again.',
    );
  });
}
