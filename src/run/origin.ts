/** model.onnx: the pretrained model that a run trains further, as it was before. */
import { createHash } from 'node:crypto';
import { LikenessError, reasonOf } from '../core/errors.ts';
import {
  type ModelSettings,
  registerModel,
  registerRuntimeTypes,
  viewOf,
} from '../encoders/index.ts';
import { readRegular, type Tensors, writeFileAtomic } from '../formats/index.ts';
import { cacheSizeOf, type Settings } from '../methods/index.ts';
import type { EvaluationSpec } from '../views/index.ts';
import type { RunFolder } from './files.ts';

/** Settings of a run with the model that it trains further, if it does. */
export interface FineTuned {
  settings: Settings;
  origin?: ModelSettings | undefined;
}

/** Writes the model. @throws LikenessError `write.*` */
export async function writeOrigin({ files }: RunFolder, tensors: Tensors): Promise<void> {
  await writeFileAtomic(files.origin, tensors.model!.data as Uint8Array);
}

/**
 * Reads the model of a run and makes its network known; undefined for a run that trains another
 * network.
 *
 * @throws LikenessError `encoder.missing` without the file, `encoder.malformed` for another file
 */
export async function readOrigin(
  { files }: Pick<RunFolder, 'files'>,
  { origin, settings }: FineTuned,
): Promise<Tensors | undefined> {
  if (!origin) return undefined;
  const bytes = await readRegular(files.origin).catch((error: unknown) => {
    throw new LikenessError(
      'encoder.missing',
      `Could not read ${files.origin}: ${reasonOf(error)}. Copy the file of ${origin.model} there, ` +
        'or make the run again.',
      { cause: error },
    );
  });
  const data = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (createHash('sha256').update(data).digest('hex') !== origin.sha256) {
    throw new LikenessError(
      'encoder.malformed',
      `${files.origin} is not the file of ${origin.model} that the run was started with; expected ` +
        `the SHA-256 ${origin.sha256}. Copy that file there, or make the run again.`,
    );
  }
  const tensors: Tensors = { model: { dtype: 'uint8', shape: [data.length], data } };
  registerModel(origin, tensors);
  await registerRuntimeTypes(origin, tensors, sidesOf(settings));
  return tensors;
}

/** Sides of all images that the network of a run reads, in pixels. */
export function sidesOf({ data, views }: Pick<Settings, 'data' | 'views'>): number[] {
  return [data.imageSize, ...views.crops.map(({ size }) => size)];
}

/** Evaluation view of a run: that of its model in proportion; undefined for another network. */
export function originView({ origin, settings }: FineTuned): EvaluationSpec | undefined {
  if (!origin) return undefined;
  const { imageSize: size } = settings.data;
  const { resize, size: own } = origin.input;
  const whole = Math.max(size, Math.round((resize * size) / own));
  return { ...viewOf(origin.input), size, resize: whole };
}

/** Side in pixels of the cached images of a run that trains a network. */
export function networkCacheSize(config: FineTuned): number {
  return Math.max(cacheSizeOf(config.settings), originView(config)?.resize ?? 0);
}
