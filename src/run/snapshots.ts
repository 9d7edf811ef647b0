/**
 * Snapshots: a run's encoder at earlier moments, so that what it was worth then can be measured after the training,
 * in time that is not counted as training.
 *
 * Files are those of checkpoints, with the encoder's parameters and running statistics alone: they cannot be resumed
 * from, and they are never removed as old.
 */
import { rm } from 'node:fs/promises';
import type { MethodProgram, Settings } from '../methods/index.ts';
import type { Standing } from '../train/index.ts';
import { listCheckpoints, loadCheckpoint, saveCheckpoint } from './checkpoint.ts';
import type { RunFolder } from './files.ts';
import { stateOf, toCheckpoint } from './standing.ts';

export interface Snapshot {
  readonly step: number;
  /** The encoder's values by name. */
  load(): Promise<Record<string, Float32Array>>;
}

/** Keeps the encoder of a standing. The same standing gives the same bytes. */
export async function saveSnapshot(
  { files }: RunFolder,
  standing: Standing,
  about: { settings: Settings; method: MethodProgram; stepsPerEpoch: number },
): Promise<void> {
  const { info, tensors } = toCheckpoint(standing, about);
  const kept = Object.fromEntries(about.method.encoderState.map((name) => [name, tensors[name]!]));
  const { step, epoch, seed, configHash } = info;
  await saveCheckpoint(files.snapshots, { step, epoch, seed, configHash }, kept, {
    keep: Number.POSITIVE_INFINITY,
  });
}

/** The snapshots of a run by rising step; none where there is no folder of them. */
export async function snapshotsOf({ files }: RunFolder): Promise<Snapshot[]> {
  return (await listCheckpoints(files.snapshots)).map(({ file, step }) => ({
    step,
    load: async () => stateOf((await loadCheckpoint(file)).tensors),
  }));
}

/** Removes the snapshots after a step: a run that goes on from there makes its own. */
export async function rewindSnapshots({ files }: RunFolder, step: number): Promise<void> {
  for (const snapshot of await listCheckpoints(files.snapshots)) {
    if (snapshot.step > step) await rm(snapshot.file, { force: true });
  }
}
