/** Reading a run's training state from its files, to resume it or to apply a remedy. */
import { rm } from 'node:fs/promises';
import { type Reporter, silent } from '../core/reporter.ts';
import { showCount } from '../core/text.ts';
import { unlabeledAmong } from '../data/index.ts';
import { methodProgram, stateShapes } from '../methods/index.ts';
import {
  type Checkpoint,
  listCheckpoints,
  loadLatestCheckpoint,
  lossesOfOpenEpoch,
  maxCheckpointBytes,
  type RunFolder,
  readPlan,
  requireOwnSettings,
  requireShapes,
  saveCheckpoint,
  settingsHash,
  type TrainedConfig,
  trainingSeconds,
} from '../run/index.ts';
import type { PreparedRun } from './session.ts';
import {
  fromCheckpoint,
  requireTrainerState,
  type TrainingState,
  withoutDoctor,
} from './trainingState.ts';

/** Restores the newest intact checkpoint; undefined where the run was stopped before its first. */
export async function restore(
  { folder, config, cache, indices }: Omit<PreparedRun, 'distinct' | 'cacheDir' | 'lock'>,
  reporter: Reporter = silent,
): Promise<TrainingState | undefined> {
  const { checkpoint, damaged } = await loadLatestCheckpoint(folder.files.checkpoints, {
    maxBytes: maxCheckpointBytes(folder, config),
  });
  for (const { file, reason } of damaged) {
    reporter.warn({ code: 'checkpoint.damaged', message: `passed over ${file}: ${reason}` });
  }
  if (!checkpoint) {
    const none = damaged.length > 0 ? 'no usable checkpoint' : 'no checkpoint yet';
    reporter.note({ code: 'resume.start', message: `${none}, starting from the beginning` });
    return undefined;
  }
  const { step } = checkpoint.info;
  reporter.note({ code: 'resume.step', message: `resuming from step ${showCount(step)}` });
  const [plan, logged] = await Promise.all([
    readPlan(folder.files.plan),
    loggedUntil(folder, step),
  ]);
  if (step > 0 && Object.keys(plan).length === 0) {
    const message =
      `${folder.files.plan} is missing. Kernels are timed again, and the last digits of the ` +
      'result may differ from those of an uninterrupted run.';
    reporter.warn({ code: 'resume.plan', message });
  }
  requireOwnState(checkpoint, { folder, config, cache, indices });
  return fromCheckpoint(checkpoint, { folder, config, plan, ...logged });
}

/**
 * Refuses a checkpoint that a run cannot be resumed from.
 *
 * @throws LikenessError `resume.settings`, `checkpoint.tensors`, `checkpoint.damaged`
 */
export function requireOwnState(
  checkpoint: Checkpoint,
  { folder, config, cache, indices }: Pick<PreparedRun, 'folder' | 'config' | 'cache' | 'indices'>,
): void {
  requireOwnSettings(folder, config, checkpoint);
  const { settings, images } = config;
  const method = methodProgram(settings, { images, extra: unlabeledAmong(cache, indices) });
  requireShapes(checkpoint, stateShapes(method));
  requireTrainerState(checkpoint);
}

/**
 * Restores the last healthy state under changed settings; undefined where there is none and
 * training starts again.
 *
 * Removes later checkpoints and those of the old settings, because a resume must continue from here
 * too.
 */
export async function restoreHealthy(
  folder: RunFolder,
  config: TrainedConfig,
): Promise<TrainingState | undefined> {
  const { settings } = config;
  const { checkpoints } = folder.files;
  const { checkpoint } = await loadLatestCheckpoint(checkpoints, {
    onlyHealthy: true,
    maxBytes: maxCheckpointBytes(folder, config),
  });
  const relabeled = checkpoint && withoutDoctor(checkpoint, settingsHash(settings));
  if (relabeled) {
    const { info, tensors } = relabeled;
    await saveCheckpoint(checkpoints, info, tensors, { keep: settings.run.keepCheckpoints });
  }
  for (const { file, step } of await listCheckpoints(checkpoints)) {
    if (step !== relabeled?.info.step) await rm(file, { force: true });
  }
  if (!relabeled) return undefined;
  return fromCheckpoint(relabeled, {
    folder,
    config,
    plan: await readPlan(folder.files.plan),
    ...(await loggedUntil(folder, relabeled.info.step)),
  });
}

/** Reads the parts of a state that the event log has and a checkpoint has not. */
async function loggedUntil(
  { files: { events } }: RunFolder,
  step: number,
): Promise<Pick<TrainingState, 'seconds' | 'epochLosses'>> {
  const [seconds] = await trainingSeconds(events, [step]);
  return { seconds: seconds!, epochLosses: await lossesOfOpenEpoch(events, step) };
}
