/** Checks of a checkpoint's content against the settings of its run. */
import { basename } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { RunFolder } from './files.ts';
import { belongsTo, type TrainedConfig } from './runConfig.ts';

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
