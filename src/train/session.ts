/**
 * Runs an uninterrupted session of training: engine, loader, event log, watch, and the loop of
 * steps.
 */
import { join } from 'node:path';
import { type Engine, openEngine, runtimeVersion } from '../backends/index.ts';
import type { Communicator } from '../collectives/index.ts';
import type { Reporter } from '../core/reporter.ts';
import { type PixelCache, unlabeledAmong } from '../data/index.ts';
import { writeFileAtomic } from '../formats/index.ts';
import { methodProgram, viewsOf } from '../methods/index.ts';
import type { FirstValues } from '../nn/index.ts';
import {
  openEventLog,
  openPlanStore,
  type RunFolder,
  type RunLock,
  readWatched,
  rewindMoments,
  rewindSnapshots,
  saveCheckpoint,
  saveSnapshot,
  type TrainedConfig,
  writePlan,
  writeWatched,
} from '../run/index.ts';
import { type CropValues, evaluationBatches, type Loader, openLoader } from '../views/index.ts';
import { createEventWriter } from './eventLog.ts';
import type { TrainEvent } from './events.ts';
import { type Base, openHeadInputs } from './headLoader.ts';
import { createHeadWatch } from './headWatch.ts';
import { withKernelProgress } from './kernelProgress.ts';
import { openMoments } from './moments.ts';
import type { EvaluationImages } from './phase.ts';
import { firstThenOthers } from './ranks.ts';
import { fittedRecipe, recipeReach } from './recipe.ts';
import { settingFarFrom } from './remedy.ts';
import { createTrainReport } from './report.ts';
import { runFacts } from './runFacts.ts';
import { stemValues } from './stem.ts';
import { type TrainResult, trainMethod } from './trainer.ts';
import { type TrainingState, toCheckpoint } from './trainingState.ts';
import { restoreVanished } from './vanished.ts';
import { createEpochWatch } from './watch.ts';

/** A run that is ready to train: its folder, its settings, and its images. */
export interface PreparedRun {
  folder: RunFolder;
  config: TrainedConfig;
  cache: PixelCache;
  /** Cache indices of the images to train on. */
  indices: Uint32Array;
  /** Number of different images among them. */
  distinct: number;
  /** Folder of convolution choices measured on this machine. */
  cacheDir: string;
  /** Lock of the folder, taken before anything was read or written. */
  lock: RunLock;
  /** Pretrained model whose features a head is trained on. */
  base?: Base;
  /** Set for a run that was trained to its end. */
  finished?: boolean;
}

export interface SessionOptions {
  /** State to continue from. */
  from?: TrainingState;
  /** Fractions of the schedule after which the encoder is saved as a snapshot. */
  snapshots?: readonly number[];
  /** Writes the compiled step to step.onnx. */
  saveGraph?: boolean;
  /** Ranks that train together. Default: this process alone. */
  communicator?: Communicator | undefined;
  /** Moment from which the budget in minutes counts. Default: the first step. */
  began?: number | undefined;
  reporter: Reporter;
  onEvent?(event: TrainEvent): void;
}

/**
 * Trains until the budget is used, the reporter's signal is aborted, or the doctor stops the run.
 */
export async function runSession(run: PreparedRun, options: SessionOptions): Promise<TrainResult> {
  const { folder, config, cache, indices, distinct } = run;
  const { from, reporter, snapshots, onEvent, began, communicator } = options;
  const { settings, budget } = config;
  const { engine, first, loader, evaluationImages } = await openParts(run, options);
  const { batchSize } = settings.data;
  const { maxSteps } = settings.schedule;
  const { seed, checkpointSeconds } = settings.run;
  const { stepsPerEpoch } = loader;
  const events = await openEventLog(folder.files.events, { resumeStep: from?.step ?? 0 });
  const extra = unlabeledAmong(cache, indices);
  const count = indices.length;
  const method = methodProgram(settings, { images: count, extra, first, ranks: communicator });
  const facts = runFacts(method);
  for (const message of facts.notes) reporter.note({ code: 'train.method', message });
  await rewindSnapshots(folder, from?.step ?? 0);
  const shared = {
    ...{ engine, settings, indices, reporter, started: from?.seconds },
    openMoments: (sample: Uint32Array) =>
      openMoments({
        ...{ engine, folder, from: from?.step ?? 0 },
        ids: Array.from(sample, (index) => cache.entries[index]!.id),
      }),
  };
  await rewindMoments(folder, from?.step ?? 0);
  // The features of a head's encoder stay as they are, so that only its clusters change.
  const watch = run.base
    ? createHeadWatch({ ...shared, evaluationImages })
    : createEpochWatch({
        ...{ ...shared, cache, events },
        before: from && (await readWatched(folder.files.watched, from)),
        remember: (measured) => writeWatched(folder.files.watched, measured),
      });
  const writer = createEventWriter(events);
  const recipe = recipeReach(settings, { preset: config.preset, images: indices.length });
  const origins = { isHead: run.base !== undefined, isFineTuned: config.origin !== undefined };
  const reach = { images: indices.length, distinct, recipe, ...origins };
  const fitted = fittedRecipe(config.preset, { settings, images: indices.length });
  const farSetting = fitted && settingFarFrom(fitted, settings)?.description;
  const minutes = 'minutes' in budget ? budget.minutes : undefined;
  const report = createTrainReport(reporter, { stepsPerEpoch, minutes, ...reach });
  const about = { settings, method, stepsPerEpoch };
  events.append({
    kind: 'run-started',
    step: from?.step ?? 0,
    epoch: 0,
    method: settings.method.name,
    source: config.source.path,
    resumed: from !== undefined,
    facts,
  });
  reporter.progress({ stage: 'compile', text: 'compiling the training step' });
  try {
    const result = await trainMethod({
      ...{ engine, method, loader, batchSize, seed, budget, maxSteps, checkpointSeconds, from },
      ...{ began, evaluationImages, communicator },
      signal: reporter.signal,
      judgedBy: { ...reach, farSetting },
      async save(training) {
        // Events first: every step that a checkpoint covers is then on the disk.
        await events.flush();
        const { info, tensors } = toCheckpoint(training, about);
        const keep = settings.run.keepCheckpoints;
        const store = () => saveCheckpoint(folder.files.checkpoints, info, tensors, { keep });
        const restored = () => restoreVanished(run, { events, plan: training.plan, reporter });
        await restored();
        await store().catch(async (error: unknown) => {
          // The folder may vanish during the write.
          if (!(await restored())) throw error;
          await store();
        });
      },
      async onCompiled({ plan, model, firstEpoch }) {
        await writePlan(folder.files.plan, plan);
        if (options.saveGraph) await saveGraph(folder, { model, firstEpoch }, reporter);
      },
      onEvent(event) {
        writer.write(event);
        report(event);
        onEvent?.(event);
      },
      milestones: snapshots,
      onMilestone: (training) =>
        saveSnapshot(folder, toCheckpoint(training, about), method.encoderState),
      onEpochEnd: (end) => watch.after(end),
    });
    writer.end(result);
    return result;
  } finally {
    await Promise.allSettled([events.close(), loader.close(), watch.close()]);
    await engine.close();
  }
}

/**
 * Trains as a rank that writes nothing, beside the session of rank 0.
 *
 * @throws LikenessError of the training, as rank 0 does
 */
export async function runBeside(run: PreparedRun, options: SessionOptions): Promise<TrainResult> {
  const { config, cache, indices } = run;
  const { from, reporter, communicator } = options;
  const { settings, budget } = config;
  const { engine, first, loader, evaluationImages } = await openParts(run, options);
  const { batchSize } = settings.data;
  const { seed } = settings.run;
  const extra = unlabeledAmong(cache, indices);
  const count = indices.length;
  try {
    return await trainMethod({
      ...{ engine, loader, evaluationImages, batchSize, seed, budget, from, communicator },
      method: methodProgram(settings, { images: count, extra, first, ranks: communicator }),
      maxSteps: settings.schedule.maxSteps,
      signal: reporter.signal,
    });
  } finally {
    await loader.close();
    await engine.close();
  }
}

/** Engine and data of every rank. */
interface SessionParts {
  engine: Engine;
  /** First values of the stem. */
  first: FirstValues;
  loader: Loader<CropValues>;
  evaluationImages: EvaluationImages;
}

async function openParts(
  run: PreparedRun,
  { reporter, communicator }: Pick<SessionOptions, 'reporter' | 'communicator'>,
): Promise<SessionParts> {
  const { folder, config, cache, indices, cacheDir } = run;
  const { settings, threads } = config;
  const store = openPlanStore(cacheDir, { threads, runtime: runtimeVersion });
  const opened = await openEngine({
    ...{ threads, tuning: 'measure', remembered: store },
    ...(communicator && { communicator }),
  });
  const engine = withKernelProgress(opened, reporter);
  try {
    const stem = { file: folder.files.stem, settings, images: { cache, indices } };
    const first = await firstThenOthers(communicator, () => stemValues(engine, stem, reporter));
    return { engine, first, ...(await inputsOf(engine, run, { reporter, communicator })) };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** Loader and evaluation images of a network's training, or of a head's. */
async function inputsOf(
  engine: Engine,
  { config: { settings }, cache, indices, base }: PreparedRun,
  { reporter, communicator }: Pick<SessionOptions, 'reporter' | 'communicator'>,
): Promise<{ loader: Loader<CropValues>; evaluationImages: EvaluationImages }> {
  const { batchSize } = settings.data;
  const { seed, workers } = settings.run;
  if (base) return openHeadInputs(engine, settings, { base, cache, indices, workers, reporter });
  const share = communicator && { rank: communicator.rank, of: communicator.size };
  return {
    loader: openLoader({
      ...{ cache, indices, views: viewsOf(settings), batchSize, seed, workers },
      ...(share && { share }),
    }),
    evaluationImages: ({ part: { from, to } = { from: 0, to: indices.length }, ...shape }) =>
      evaluationBatches(cache, { ...shape, indices: indices.subarray(from, to), workers }),
  };
}

/** Saves step.onnx, or the step of a later stage beside it. */
async function saveGraph(
  folder: RunFolder,
  { model, firstEpoch }: { model: Uint8Array; firstEpoch: number },
  reporter: Reporter,
): Promise<void> {
  const name = firstEpoch === 0 ? 'step.onnx' : `step-from-epoch-${firstEpoch + 1}.onnx`;
  const file = join(folder.path, name);
  await writeFileAtomic(file, model);
  reporter.note({ code: 'train.graph', message: `the compiled step is in ${file}` });
}
