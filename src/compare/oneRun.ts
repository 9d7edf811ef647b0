/** Run of a comparison: trained, resumed or found finished, then measured or found measured. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { openEngine } from '../backends/index.ts';
import { LikenessError, reasonOf } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { commitOf, version } from '../core/version.ts';
import type { OpenImages } from '../data/index.ts';
import {
  type ImageEncoder,
  type ModelFile,
  trainedEncoder,
  untrainedEncoder,
} from '../encoders/index.ts';
import {
  clearLeftovers,
  isEndOf,
  isRunFolder,
  listCheckpoints,
  loadLatestCheckpoint,
  maxCheckpointBytes,
  openTrainedRun,
  type RunFolder,
  readJsonIfValid,
  readOrigin,
  readTrainedConfig,
  runFolderAt,
  snapshotsOf,
  type TrainedConfig,
  trainingSeconds,
  writeJson,
} from '../run/index.ts';
import {
  requireSameHead,
  requireSameOrigin,
  resumedSettings,
  type TrainRequest,
  trainRun,
} from '../train/index.ts';
import type { Budget, ComparedRun, CurvePoint, Figures } from './comparison.ts';
import { type Bench, type MeasuredEncoder, measureCurvePoint, measureEncoder } from './measure.ts';
import { measureFineTuned, measureHead } from './measureModelRows.ts';
import type { PlannedRun } from './plan.ts';
import { storedRun } from './storedScores.ts';

/** Fractions of the schedule after which encoders are saved for the curves. */
const FRACTIONS = [1 / 8, 1 / 4, 1 / 2, 3 / 4] as const;

export interface RunConditions {
  readonly images: OpenImages;
  readonly preset: string;
  /** Budget of networks; heads have their own. */
  readonly budget: Budget;
  /** Pretrained model of heads and of rows that train it further. */
  readonly model?: ModelFile | undefined;
  /** Scores of its features; absent without labels. */
  readonly modelFigures?: Figures | undefined;
  /** Number of clusters of heads. Default: suggested from the features. */
  readonly k?: number | undefined;
  /** Folder of the comparison. */
  readonly folder: string;
  /** Identity of images and protocol. */
  readonly key: string;
  /** Command line that is stored with the run. */
  readonly command?: string | undefined;
  readonly reporter: Reporter;
}

/** Errors that end the comparison, because every method would meet them. */
const fatal = /^(run\.(locked|exists)|resume\.|write\.|source\.|option\.|interrupted)/;

/** Error of a run that was aborted. */
function interrupted(): LikenessError {
  return new LikenessError('interrupted', 'interrupted. Run the same command to resume.');
}

/**
 * Trains one run to its end and measures it.
 *
 * A failure of the method is returned with its reason. An interruption, a full disk and the like
 * throw.
 */
export async function compareOne(
  planned: PlannedRun,
  conditions: RunConditions,
  bench: () => Promise<Bench>,
): Promise<ComparedRun> {
  const { folder: parent, reporter } = conditions;
  const folder = runFolderAt(join(parent, 'runs', planned.name));
  const about = { seed: planned.seed, folder: join('runs', planned.name) };
  const before = await readJsonIfValid(folder.files.failure, failureSchema);
  if (before) return { ...about, failure: before };
  try {
    await trained(planned, folder, conditions);
    return { ...about, ...(await measured(planned, folder, conditions, bench)) };
  } catch (error) {
    if (reporter.signal.aborted) throw interrupted();
    const code = error instanceof LikenessError ? error.code : 'internal';
    if (fatal.test(code)) throw error;
    const failure = { code, reason: reasonOf(error) };
    // The doctor stops it again next time; other failures are tried again.
    if (code === 'train.unwell') await writeJson(folder.files.failure, failure);
    return { ...about, failure };
  }
}

async function trained(
  planned: PlannedRun,
  folder: RunFolder,
  conditions: RunConditions,
): Promise<void> {
  const { images, command, reporter } = conditions;
  const wanted = requestOf(planned, conditions);
  await clearWithoutModel(folder);
  const resume = await isRunFolder(folder.path);
  if (resume) {
    // A finished run with other settings is refused too.
    const config = await readTrainedConfig(folder, 'compare');
    resumedSettings(config, wanted);
    requireSameHead(config, wanted);
    requireSameOrigin(config, wanted.origin);
    // The bounds of a checkpoint are those of the network, which is the model's.
    await readOrigin(folder, config);
    if (await isFinished(folder, config)) return;
  } else await clearLeftovers(folder.path);
  const about = command === undefined ? {} : { command };
  const request = { ...wanted, ...about, out: folder.path, resume };
  const { outcome } = await trainRun(images, request, { reporter });
  if (outcome === 'interrupted') throw interrupted();
}

/** Options that a run is trained with. Heads have a recipe and a budget of their own. */
function requestOf(
  { method, seed, settings, training }: PlannedRun,
  { preset, budget, model, k }: RunConditions,
): TrainRequest {
  const own = { method, seed, settings };
  if (training === 'head') return { ...own, encoder: model!, ...(k !== undefined && { k }) };
  const network = { ...own, ...budget, snapshots: FRACTIONS };
  return training === 'fine-tuning' ? { ...network, origin: model! } : { ...network, preset };
}

/**
 * Removes the folder of a run that was stopped before it held its pretrained model, because it
 * cannot be resumed and holds no training.
 */
async function clearWithoutModel(folder: RunFolder): Promise<void> {
  if (!(await isRunFolder(folder.path))) return;
  const { base, origin } = await readTrainedConfig(folder, 'compare');
  const file = base ? folder.files.weights : origin ? folder.files.origin : undefined;
  if (file === undefined || existsSync(file)) return;
  if ((await listCheckpoints(folder.files.checkpoints)).length > 0) return;
  await rm(folder.path, { recursive: true });
}

/** Returns true where the run has its last checkpoint, and that is intact. */
async function isFinished(folder: RunFolder, config: TrainedConfig): Promise<boolean> {
  const { checkpoint } = await loadLatestCheckpoint(folder.files.checkpoints, {
    maxBytes: maxCheckpointBytes(folder, config),
  });
  return checkpoint !== undefined && isEndOf(config, checkpoint.info);
}

/** Content of comparison.json. */
interface Stored {
  readonly key: string;
  readonly step: number;
  readonly run: Omit<ComparedRun, 'seed' | 'folder'>;
}

const storedSchema = z.object({ key: z.string(), step: z.int().nonnegative(), run: storedRun });
const failureSchema = z.object({ code: z.string(), reason: z.string() });

async function measured(
  { training }: PlannedRun,
  folder: RunFolder,
  { key, reporter, modelFigures }: RunConditions,
  bench: () => Promise<Bench>,
): Promise<Stored['run']> {
  const run = await openTrainedRun(folder.path);
  for (const { file, reason } of run.damaged) {
    reporter.warn({ code: 'checkpoint.damaged', message: `skipped ${file}: ${reason}` });
  }
  const { step } = run;
  const before = await readJsonIfValid(folder.files.comparison, storedSchema);
  if (before?.key === key && before.step === step) return before.run;

  const { settings, threads, images } = run.config;
  const on = await bench();
  const engine = await openEngine({ threads });
  try {
    const snapshots = (await snapshotsOf(folder, run.config)).filter(
      (snapshot) => snapshot.step < step,
    );
    const { workers } = settings.run;
    const moments = [...snapshots.map((snapshot) => snapshot.step), step];
    const minutes = (await trainingSeconds(folder.files.events, moments)).map(
      (seconds) => seconds / 60,
    );
    const { state } = run;
    const encoder = await run.openEncoder({ engine });
    const measure = (): Promise<MeasuredEncoder> => {
      if (training === 'head') {
        return measureHead(on, { encoder, workers, features: modelFigures });
      }
      if (training === 'fine-tuning') return measureFineTuned(engine, on, { encoder, workers });
      return measureEncoder(engine, on, settings, { encoder, state });
    };
    const { figures, labelFree, point } = await measure();
    await encoder.close();
    const curve: CurvePoint[] = [];
    if (point) {
      const { input: view } = run.view;
      const pointOf = async (earlier: ImageEncoder) => {
        try {
          return await measureCurvePoint(engine, on, settings, earlier);
        } finally {
          await earlier.close();
        }
      };
      if (training === 'fine-tuning') {
        const images = { cache: on.cache, indices: on.set.indices };
        const before = await untrainedEncoder({ engine, settings, images, view });
        curve.push({ step: 0, minutes: 0, ...(await pointOf(before)) });
      }
      for (const [i, snapshot] of snapshots.entries()) {
        reporter.signal.throwIfAborted();
        const state = await snapshot.load();
        const at = await pointOf(await trainedEncoder({ engine, settings, state, view }));
        curve.push({ step: snapshot.step, minutes: minutes[i]!, ...at });
      }
      curve.push({ step, minutes: minutes.at(-1)!, ...point });
    }
    const stored: Stored = {
      key,
      step,
      run: {
        measured: { date: new Date().toISOString(), version, commit: commitOf() },
        minutes: minutes.at(-1)!,
        steps: step,
        epochs: step / Math.floor(images / settings.data.batchSize),
        figures,
        labelFree,
        curve,
      },
    };
    await writeJson(folder.files.comparison, stored);
    return stored.run;
  } finally {
    await engine.close();
  }
}
