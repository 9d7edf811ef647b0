/** Checks of a checkpoint's content against the settings of its run. */
import { basename } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import { methodProgram, stateShapes } from '../methods/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { RunFolder } from './files.ts';
import { belongsTo, inConfig, type TrainedConfig } from './runConfig.ts';

/** Most bytes of a checkpoint that are not values of the method's steps. */
const MAX_DOCTOR_BYTES = 2 ** 24;

/**
 * Computes the most bytes of the tensors of a checkpoint or snapshot: the float32 values of all
 * steps of the run's method, and 16 MiB for the state of the doctor.
 *
 * @throws LikenessError `config.malformed` for settings that no step can be built with
 */
export function maxCheckpointBytes(
  folder: Pick<RunFolder, 'files'>,
  { settings, images }: Pick<TrainedConfig, 'settings' | 'images'>,
): number {
  const shapes = inConfig(folder, () =>
    stateShapes(methodProgram(settings, { images, extra: undefined })),
  );
  const values = [...shapes.values()].map((shape) => shape.reduce((size, n) => size * n, 1));
  return 4 * values.reduce((sum, size) => sum + size, 0) + MAX_DOCTOR_BYTES;
}

const useEarlier = 'Restore the file, or delete it to use an earlier checkpoint.';

/**
 * Refuses a checkpoint that was written under other settings than those of config.json.
 *
 * @throws LikenessError `resume.settings`
 */
export function requireOwnSettings(
  { files }: RunFolder,
  config: TrainedConfig,
  { file, info }: Checkpoint,
): void {
  if (belongsTo(config, info.configHash)) return;
  throw new LikenessError(
    'resume.settings',
    `${file} belongs to other settings than those of ${files.config}. Restore config.json, or ` +
      'start a new run.',
  );
}

/**
 * Refuses a checkpoint without one of the named tensors, or with one of another type or shape.
 *
 * @throws LikenessError `checkpoint.tensors`
 */
export function requireShapes(
  { file, tensors }: Checkpoint,
  shapes: ReadonlyMap<string, readonly number[]>,
): void {
  for (const [name, shape] of shapes) {
    const tensor = tensors[name];
    const expected = `expected float32 [${shape.join(', ')}]. ${useEarlier}`;
    if (tensor === undefined) {
      throw new LikenessError(
        'checkpoint.tensors',
        `${basename(file)} cannot be used: it has no "${name}"; ${expected}`,
      );
    }
    if (tensor.dtype === 'float32' && tensor.shape.join() === shape.join()) continue;
    throw new LikenessError(
      'checkpoint.tensors',
      `${basename(file)} cannot be used: "${name}" is ${tensor.dtype} ` +
        `[${tensor.shape.join(', ')}]; ${expected}`,
    );
  }
}
