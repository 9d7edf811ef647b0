/** From the files of a run to where its training stands: on `--resume`, and after a remedy. */
import { readFile, rm } from 'node:fs/promises';
import {
  fromCheckpoint,
  listCheckpoints,
  loadLatestCheckpoint,
  type RunConfig,
  type RunFolder,
  saveCheckpoint,
  settingsHash,
  trainingSeconds,
  withoutDoctor,
} from '../run/index.ts';
import type { Plan } from '../runtime/index.ts';
import type { Standing } from '../train/index.ts';
import { showCount, type Terminal } from './terminal.ts';

/** The newest good checkpoint as a standing; undefined when the run was stopped before its first. */
export async function restore(
  folder: RunFolder,
  config: RunConfig,
  terminal: Terminal,
): Promise<Standing | undefined> {
  const { checkpoint, damaged } = await loadLatestCheckpoint(folder.files.checkpoints);
  for (const { file, reason } of damaged) terminal.warn(`passed over ${file}: ${reason}`);
  if (!checkpoint) {
    terminal.say('no checkpoint yet: starting from the beginning');
    return undefined;
  }
  terminal.say(`going on from step ${showCount(checkpoint.info.step)}`);
  return fromCheckpoint(checkpoint, {
    settings: config.settings,
    plan: await readPlan(folder),
    seconds: await secondsUntil(folder, checkpoint.info.step),
  });
}

/**
 * The last healthy state under changed settings; undefined when there is none and training starts anew.
 *
 * What was saved after it, or belongs to the old settings, is removed: a resume must go on from here too.
 */
export async function restoreHealthy(folder: RunFolder, config: RunConfig): Promise<Standing | undefined> {
  const { settings } = config;
  const { checkpoints } = folder.files;
  const { checkpoint } = await loadLatestCheckpoint(checkpoints, { onlyHealthy: true });
  const relabelled = checkpoint && withoutDoctor(checkpoint, settingsHash(settings));
  if (relabelled) {
    await saveCheckpoint(checkpoints, relabelled.info, relabelled.tensors, {
      keep: settings.keepCheckpoints,
    });
  }
  for (const { file, step } of await listCheckpoints(checkpoints)) {
    if (step !== relabelled?.info.step) await rm(file, { force: true });
  }
  if (!relabelled) return undefined;
  const seconds = await secondsUntil(folder, relabelled.info.step);
  return fromCheckpoint(relabelled, { settings, plan: await readPlan(folder), seconds });
}

async function secondsUntil({ files }: RunFolder, step: number): Promise<number> {
  const [seconds] = await trainingSeconds(files.events, [step]);
  return seconds!;
}

/** The plan stored with the run; empty when it was stopped before it had one. */
async function readPlan(folder: RunFolder): Promise<Plan> {
  const text = await readFile(folder.files.plan, 'utf8').catch(() => '{}');
  return JSON.parse(text) as Plan;
}
