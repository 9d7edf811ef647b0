/** Training a run from start or resume to its end, with remedies in between. */
import { LikenessError } from '../core/errors.ts';
import { type Reporter, silent } from '../core/reporter.ts';
import { displayPath, showCount } from '../core/text.ts';
import type { OpenImages } from '../data/index.ts';
import {
  type Failure,
  flatSettings,
  mergeSettings,
  methodNamed,
  type Remedy,
  resolveSettings,
} from '../methods/index.ts';
import {
  openEventLog,
  type RunFolder,
  readEvents,
  type TrainedConfig,
  writeRunConfig,
} from '../run/index.ts';
import type { Verdict } from './doctor.ts';
import type { TrainEvent } from './events.ts';
import { type PrepareRequest, prepareNew, prepareResumed } from './prepare.ts';
import { prepareHead } from './prepareHead.ts';
import { fittedRecipe } from './recipe.ts';
import { remedyFor } from './remedy.ts';
import { restore, restoreHealthy } from './restore.ts';
import { longerText } from './resumedBudget.ts';
import { type PreparedRun, runSession, type SessionOptions } from './session.ts';
import type { TrainResult } from './trainer.ts';

export interface TrainRequest extends PrepareRequest {
  /** Continues the run in `out` from its newest intact checkpoint. */
  resume?: boolean;
  /** Restarts a failed run from its last healthy checkpoint with a remedy, up to three times. */
  autoRemedy?: boolean;
  /** Writes the compiled step to step.onnx, for a graph viewer. */
  saveGraph?: boolean;
  /**
   * Fractions of the schedule, above 0 and below 1, after which the encoder is saved as a snapshot.
   */
  snapshots?: readonly number[];
  /**
   * Moment from which the budget in minutes counts, as `performance.now()` gives it. Default: the
   * first step, so that compiling is not part of it.
   */
  began?: number;
}

/** A run at the end of training. */
export interface TrainedSession extends TrainResult {
  outcome: 'finished' | 'interrupted';
  folder: RunFolder;
  config: TrainedConfig;
  /** Number of files that could not be used. */
  skipped: number;
}

/** Receivers of what happens during a training. */
export interface WatchOptions {
  reporter: Reporter;
  onEvent?(event: TrainEvent): void;
}

/** Largest number of restarts with a remedy. */
const MAX_REMEDIES = 3;

/**
 * Trains a new run, or resumes the one in `out`.
 *
 * An aborted signal ends the training after its current step, with everything saved; the outcome is
 * then `interrupted`.
 *
 * @throws LikenessError `train.unwell` where the doctor stops the run and no remedy is left.
 */
export async function trainRun(
  images: OpenImages,
  request: TrainRequest,
  { reporter = silent, onEvent }: Partial<WatchOptions> = {},
): Promise<TrainedSession> {
  checkTrainRequest(request);
  const run = await prepared(images, request, reporter);
  try {
    const { snapshots, saveGraph, began } = request;
    const options = { reporter, onEvent, snapshots, saveGraph, began };
    const result = await trainPrepared(run, request, options);
    return { ...result, folder: run.folder, config: run.config, skipped: run.cache.skipped.length };
  } finally {
    run.lock.release();
  }
}

/** A new run, of a network or of a head, or the one in `out`. */
export function prepared(
  images: OpenImages,
  request: TrainRequest,
  reporter: Reporter,
): Promise<PreparedRun> {
  const { resume, encoder, k } = request;
  if (resume) return prepareResumed(images, request, reporter);
  if (encoder) return prepareHead(images, { ...request, encoder }, reporter);
  requireNetwork(request.method ?? request.settings?.method?.name);
  if (k === undefined) return prepareNew(images, request, reporter);
  throw new LikenessError(
    'option.conflict',
    `k: received ${k} without encoder; expected it for a head on a pretrained model. Networks ` +
      'are clustered with `model.cluster(images)`.',
  );
}

/** Refuses a head without a pretrained model. @throws LikenessError `head.encoder` */
export function requireNetwork(method: string | undefined): void {
  if (method !== undefined && methodNamed(method).pairs === 'neighbors') {
    throw new LikenessError(
      'head.encoder',
      `method: received "${method}" without encoder; expected a pretrained model, because it ` +
        'trains a head on features. Name its file with `encoder`.',
    );
  }
}

/** Refuses options that exclude each other. @throws LikenessError `option.*` */
export function checkTrainRequest({
  epochs,
  minutes,
  resume,
  out,
}: Pick<TrainRequest, 'epochs' | 'minutes' | 'resume' | 'out'>): void {
  if (epochs !== undefined && minutes !== undefined) {
    throw new LikenessError(
      'option.conflict',
      'epochs and minutes: received both; expected one of them',
    );
  }
  if (resume && out === undefined) {
    throw new LikenessError(
      'option.missing',
      'resume: expected `out` with the folder of the run to continue',
    );
  }
}

/** Trains a prepared run, with remedies in between. @throws LikenessError `train.unwell` */
export async function trainPrepared(
  run: PreparedRun,
  { resume, autoRemedy }: TrainRequest,
  options: SessionOptions,
): Promise<TrainResult & { outcome: TrainedSession['outcome'] }> {
  const { folder, config } = run;
  const { reporter } = options;
  if (run.finished) return finishedResult(run, reporter);
  let from = resume ? await restore(run, reporter) : undefined;
  // Other ranks have read the state before a checkpoint is written.
  await options.communicator?.barrier();
  for (let tries = 0; ; tries++) {
    const result = await runSession(run, { ...options, from });
    const { outcome, verdict } = result;
    if (outcome !== 'failed') return { ...result, outcome };
    reporter.warn({ code: 'train.unwell', message: verdict.message });
    if (!autoRemedy || tries >= MAX_REMEDIES) {
      const { description } = remedyOf(verdict, config);
      throw new LikenessError(
        'train.unwell',
        `${verdict.message}.\nRemedy: ${description}${autoRemedy ? '' : '; or let `autoRemedy` try'}.\n` +
          `The last good state is kept in ${displayPath(folder.path)}.`,
      );
    }
    await applyRemedy(run, result, reporter);
    from = await restoreHealthy(folder, config);
  }
}

/** The result of a run that has nothing left to train. */
async function finishedResult(
  run: PreparedRun,
  reporter: Reporter,
): Promise<TrainResult & { outcome: 'finished' }> {
  const { folder, config, indices } = run;
  const training = (await restore(run))!;
  // Opening removes a last line that a kill has cut short.
  await (await openEventLog(folder.files.events)).close();
  const { step, health } = training;
  const message = `already finished at step ${showCount(step)}. ${longerText(config.budget)}`;
  reporter.note({ code: 'resume.finished', message });
  let verdict: Verdict = { health, message: '', remedy: '' };
  for await (const event of readEvents(folder.files.events)) {
    if (event.kind !== 'doctor' || event.verdict !== health) continue;
    verdict = { health, message: String(event.message), remedy: String(event.remedy ?? '') };
  }
  const epochs = step / Math.floor(indices.length / config.settings.data.batchSize);
  return { outcome: 'finished', training, verdict, epochs };
}

/** The remedy for a failed run. */
function remedyOf({ health }: Verdict, { settings, preset, images }: TrainedConfig): Remedy {
  return remedyFor(health as Failure, settings, fittedRecipe(preset, { settings, images }));
}

/** Changes the run's settings as the trouble asks for, and stores them. */
async function applyRemedy(
  { folder, config }: PreparedRun,
  { verdict, training }: TrainResult,
  reporter: Reporter,
): Promise<void> {
  const remedy = remedyOf(verdict, config);
  reporter.warn({ code: 'train.remedy', message: `remedy: ${remedy.description}` });
  config.settings = resolveSettings(mergeSettings(config.settings, remedy.settings));
  config.remedied = [
    ...new Set([...(config.remedied ?? []), ...Object.keys(flatSettings(remedy.settings))]),
  ];
  config.notes = [...config.notes, `remedy at step ${training.step}: ${remedy.description}`];
  await writeRunConfig(folder, config);
}
