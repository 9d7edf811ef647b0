/**
 * Snapshots: the encoder of a run at earlier steps, for measuring it after training.
 *
 * The files are checkpoints with the encoder's parameters and running statistics alone. They cannot
 * be resumed from, and they are never removed as old.
 */
import { rm } from 'node:fs/promises';
import {
  type Checkpoint,
  listCheckpoints,
  loadCheckpoint,
  saveCheckpoint,
  stateOf,
} from './checkpoint.ts';
import { maxCheckpointBytes } from './checkState.ts';
import type { RunFolder } from './files.ts';
import type { TrainedConfig } from './runConfig.ts';

export interface Snapshot {
  readonly step: number;
  /** Loads the encoder's values by name. */
  load(): Promise<Record<string, Float32Array>>;
}

/** Saves the encoder's part of a checkpoint. The same checkpoint gives the same bytes. */
export async function saveSnapshot(
  { files }: RunFolder,
  { info, tensors }: Pick<Checkpoint, 'info' | 'tensors'>,
  encoderState: readonly string[],
): Promise<void> {
  const stored = Object.fromEntries(encoderState.map((name) => [name, tensors[name]!]));
  const { step, epoch, seed, configHash } = info;
  await saveCheckpoint(files.snapshots, { step, epoch, seed, configHash }, stored, {
    keep: Number.POSITIVE_INFINITY,
  });
}

/** Lists the snapshots of a run by rising step; none where there is no folder of them. */
export async function snapshotsOf(folder: RunFolder, config: TrainedConfig): Promise<Snapshot[]> {
  const maxBytes = maxCheckpointBytes(folder, config);
  return (await listCheckpoints(folder.files.snapshots)).map(({ file, step }) => ({
    step,
    load: async () => stateOf((await loadCheckpoint(file, { maxBytes })).tensors),
  }));
}

/** Removes the snapshots after a step, because a run that resumes there makes its own. */
export async function rewindSnapshots({ files }: RunFolder, step: number): Promise<void> {
  for (const snapshot of await listCheckpoints(files.snapshots)) {
    if (snapshot.step > step) await rm(snapshot.file, { force: true });
  }
}
