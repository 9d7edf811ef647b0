/** Run of a comparison: trained, resumed or found finished, then measured or found measured. */
import { join } from 'node:path';
import { z } from 'zod';
import { openEngine } from '../backends/index.ts';
import { LikenessError, reasonOf } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { commitOf, version } from '../core/version.ts';
import type { OpenImages } from '../data/index.ts';
import { trainedEncoder } from '../encoders/index.ts';
import {
  clearLeftovers,
  isEndOf,
  isRunFolder,
  loadLatestCheckpoint,
  maxCheckpointBytes,
  openTrainedRun,
  type RunFolder,
  readJsonIfValid,
  readTrainedConfig,
  runFolderAt,
  snapshotsOf,
  type TrainedConfig,
  trainingSeconds,
  writeJson,
} from '../run/index.ts';
import { resumedSettings, trainRun } from '../train/index.ts';
import type { ComparedRun, CurvePoint } from './comparison.ts';
import { type Bench, measureCurvePoint, measureEncoder } from './measure.ts';
import type { PlannedRun } from './plan.ts';
import { storedRun } from './storedScores.ts';

/** Fractions of the schedule after which encoders are saved for the curves. */
const FRACTIONS = [1 / 8, 1 / 4, 1 / 2, 3 / 4] as const;

export interface RunConditions {
  readonly images: OpenImages;
  readonly preset: string;
  readonly budget: { readonly minutes: number } | { readonly epochs: number };
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
    return { ...about, ...(await measured(folder, conditions, bench)) };
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
  const { images, preset, budget, command, reporter } = conditions;
  const { method, seed, settings } = planned;
  const wanted = { method, preset, seed, ...budget, settings };
  const resume = await isRunFolder(folder.path);
  if (resume) {
    // A finished run with other settings is refused too.
    const config = await readTrainedConfig(folder, 'compare');
    resumedSettings(config, wanted);
    if (await isFinished(folder, config)) return;
  } else await clearLeftovers(folder.path);
  const about = command === undefined ? {} : { command };
  const request = { ...wanted, ...about, out: folder.path, resume, snapshots: FRACTIONS };
  const { outcome } = await trainRun(images, request, { reporter });
  if (outcome === 'interrupted') throw interrupted();
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
  folder: RunFolder,
  { key, reporter }: RunConditions,
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
    const moments = [...snapshots.map((snapshot) => snapshot.step), step];
    const minutes = (await trainingSeconds(folder.files.events, moments)).map(
      (seconds) => seconds / 60,
    );
    const { state } = run;
    const encoder = await trainedEncoder({ engine, settings, state });
    const measured = await measureEncoder(engine, on, settings, { encoder, state });
    const { figures, labelFree, point } = measured;
    await encoder.close();
    const curve: CurvePoint[] = [];
    if (point) {
      for (const [i, snapshot] of snapshots.entries()) {
        reporter.signal.throwIfAborted();
        const earlier = await trainedEncoder({ engine, settings, state: await snapshot.load() });
        const at = await measureCurvePoint(engine, on, settings, earlier);
        await earlier.close();
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
