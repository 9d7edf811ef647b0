/** A trained run: its configuration and its newest intact state. */
import { LikenessError } from '../core/errors.ts';
import { type Checkpoint, type DamagedCheckpoint, loadLatestCheckpoint, stateOf } from './checkpoint.ts';
import type { RunFolder } from './files.ts';
import { openRunFolder } from './folder.ts';
import { type RunConfig, readRunConfig } from './runConfig.ts';

export interface TrainedRun {
  folder: RunFolder;
  config: RunConfig;
  checkpoint: Checkpoint;
  /** Values by name. */
  state: Record<string, Float32Array>;
  /** Newer checkpoints that were skipped because they are cut off or changed. */
  damaged: DamagedCheckpoint[];
}

/** Opens a run that has at least one intact checkpoint. @throws LikenessError `run.noCheckpoint` */
export async function openTrainedRun(path: string): Promise<TrainedRun> {
  const folder = await openRunFolder(path);
  const config = await readRunConfig(folder);
  const { checkpoint, damaged } = await loadLatestCheckpoint(folder.files.checkpoints);
  if (!checkpoint) {
    const why =
      damaged.length > 0 ? `all ${damaged.length} are damaged (${damaged[0]!.reason})` : 'there is none yet';
    throw new LikenessError(
      'run.noCheckpoint',
      `${path} has no usable checkpoint: ${why}. Train first: ` + '`train(images, { out, resume: true })`.',
    );
  }
  return { folder, config, checkpoint, state: stateOf(checkpoint.tensors), damaged };
}
