/** Training one run from start (or resume) to end: source, settings, folder, engine, loop, remedies. */
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import { openSource, type PixelCache } from '../data/index.ts';
import { writeFileAtomic } from '../formats/index.ts';
import {
  choosePreset,
  fitToCount,
  methodProgram,
  parseAssignments,
  parseCrops,
  resolveSettings,
  type Settings,
  type SettingsInput,
  settingsFor,
  viewsOf,
} from '../methods/index.ts';
import {
  createRunFolder,
  lockRun,
  openEventLog,
  openPlanStore,
  openRunFolder,
  type RunConfig,
  type RunFolder,
  readRunConfig,
  readWatched,
  rewindSnapshots,
  saveCheckpoint,
  saveSnapshot,
  toCheckpoint,
  writeConfig,
  writeSkipped,
  writeWatched,
} from '../run/index.ts';
import { openEngine, runtimeVersion } from '../runtime/index.ts';
import { remedyFor, type Standing, type TrainResult, train } from '../train/index.ts';
import { evaluationBatches, openLoader } from '../views/index.ts';
import { createEpochWatch } from './epochWatch.ts';
import {
  cacheSizeFor,
  defaultCacheDir,
  imageFacts,
  indicesOfSplit,
  openImages,
  saySkipped,
  unlabelledAmong,
} from './images.ts';
import { restore, restoreHealthy } from './restore.ts';
import { resumedSettings } from './resumeSettings.ts';
import type { Terminal } from './terminal.ts';
import { showCount, showDuration } from './terminal.ts';
import { createReporter } from './trainReporter.ts';

export interface TrainRequest {
  source: string;
  out?: string;
  method?: Settings['method'];
  preset?: string;
  epochs?: number;
  minutes?: number;
  seed?: number;
  split?: 'train' | 'test' | 'all';
  set?: string[];
  resume?: boolean;
  autoRemedy?: boolean;
  saveGraph?: boolean;
  /** Shares of the schedule after which the encoder is kept in the run's folder of snapshots. */
  snapshots?: readonly number[];
}

/** What `train --json` prints. */
export interface TrainReport {
  /** Absolute path of the run folder. */
  readonly run: string;
  readonly outcome: TrainResult['outcome'];
  readonly preset: string;
  readonly images: number;
  readonly skipped: number;
  readonly steps: number;
  readonly totalSteps?: number;
  readonly loss?: number;
  readonly health: TrainResult['verdict']['health'];
  readonly seconds: number;
  readonly settings: Settings;
}

/** How often a run may be restarted with a remedy before it is given up. */
const MAX_REMEDIES = 3;

interface Prepared {
  folder: RunFolder;
  config: RunConfig;
  cache: PixelCache;
  indices: Uint32Array;
}

/** A path as a person would type it here: relative when it lies below, absolute otherwise. */
function showPath(path: string): string {
  const below = relative('', path);
  return below === '' || below.startsWith('..') ? resolve(path) : below;
}

/** Trains and returns what `train --json` prints. */
export async function trainRun(request: TrainRequest, terminal: Terminal): Promise<TrainReport> {
  checkRequest(request);
  const prepared = request.resume
    ? await prepareResumed(request, terminal)
    : await prepareNew(request, terminal);
  const { folder } = prepared;
  const lock = await lockRun(folder);
  try {
    return await trainPrepared(prepared, request, terminal);
  } finally {
    lock.release();
  }
}

function checkRequest({ epochs, minutes, resume, out }: TrainRequest): void {
  if (epochs !== undefined && minutes !== undefined) {
    throw new LikenessError('flag.conflict', '--epochs and --minutes: received both; expected one of them');
  }
  if (resume && out === undefined) {
    throw new LikenessError(
      'flag.missing',
      '--resume: expected --out with the folder of the run to go on with',
    );
  }
}

async function prepareNew(request: TrainRequest, terminal: Terminal): Promise<Prepared> {
  const assigned = parseAssignments(request.set ?? []);
  const source = await openSource(request.source);
  try {
    const facts = { ...(await imageFacts(source)), count: source.entries.length };
    const chosen = request.preset
      ? { name: request.preset, reason: 'named with --preset' }
      : choosePreset(facts);
    const given = {
      ...assigned,
      ...(request.method && { method: request.method }),
      ...(request.seed !== undefined && { seed: request.seed }),
      ...(request.epochs && { epochs: request.epochs }),
    };
    const wanted = settingsFor(chosen.name, given as SettingsInput);
    viewsOf(wanted);
    const { cache } = await openImages(request.source, { size: cacheSizeOf(wanted), terminal, source });
    const split = request.split ?? 'train';
    const indices = indicesOfSplit(cache, split);
    if (indices.length < 2) {
      throw new LikenessError(
        'source.tooFew',
        `${request.source}: found ${indices.length} usable image(s); expected at least 2, and hundreds to learn anything`,
      );
    }
    const { settings, notes } = fitToCount(wanted, {
      count: indices.length,
      given: new Set(Object.keys(assigned)),
    });
    const folder = await createRunFolder({
      out: request.out,
      date: new Date().toISOString().slice(0, 10),
      method: settings.method,
      source: request.source,
    });
    const config: RunConfig = {
      settings,
      source: { path: source.path, name: source.name, kind: source.kind },
      split,
      images: indices.length,
      preset: chosen.name,
      notes: [`preset ${chosen.name}: ${chosen.reason}`, ...notes],
      threads: settings.threads || availableParallelism(),
      budget: request.minutes === undefined ? { epochs: settings.epochs } : { minutes: request.minutes },
    };
    await writeConfig(folder, config as never);
    await writeSkipped(folder.files.skipped, cache.skipped);
    saySkipped(terminal, cache);
    terminal.say(`${request.source}: ${showCount(indices.length)} images${splitNote(cache, indices, split)}`);
    for (const note of config.notes) terminal.say(note);
    return { folder, config, cache, indices };
  } finally {
    await source.close();
  }
}

function splitNote(cache: PixelCache, indices: Uint32Array, split: string): string {
  return indices.length === cache.count
    ? ''
    : ` of the "${split}" split (of ${showCount(cache.count)} in all)`;
}

async function prepareResumed(request: TrainRequest, terminal: Terminal): Promise<Prepared> {
  const { source } = request;
  const folder = await openRunFolder(request.out!);
  const stored = await readRunConfig(folder);
  const config = { ...stored, settings: resumedSettings(stored, request) };
  const opened = await openImages(source, { size: cacheSizeOf(config.settings), terminal });
  await opened.source.close();
  const indices = indicesOfSplit(opened.cache, config.split);
  if (indices.length !== config.images) {
    throw new LikenessError(
      'resume.source',
      `${source}: found ${showCount(indices.length)} usable images; expected the ${showCount(config.images)} that the run was started with. Start a new run for a changed folder.`,
    );
  }
  return { folder, config, cache: opened.cache, indices };
}

/** The cache that a run's views are cut from; every command that uses the run's images asks for the same. */
export function cacheSizeOf(settings: Settings): number {
  const largest = Math.max(settings.imageSize, ...parseCrops(settings.crops).map(({ size }) => size));
  return cacheSizeFor(largest);
}

async function trainPrepared(
  prepared: Prepared,
  request: TrainRequest,
  terminal: Terminal,
): Promise<TrainReport> {
  const { folder, config } = prepared;
  const where = showPath(folder.path);
  let standing = request.resume ? await restore(folder, config, terminal) : undefined;
  let result = await sitting(prepared, { standing, request, terminal });
  for (let tries = 0; result.outcome === 'unwell'; tries++) {
    terminal.warn(result.verdict.message);
    if (!request.autoRemedy || tries >= MAX_REMEDIES) {
      throw new LikenessError(
        'train.unwell',
        `${result.verdict.message}.\nRemedy: ${result.verdict.remedy}${request.autoRemedy ? '' : '; or let --auto-remedy try'}.\nThe last good state is kept in ${where}.`,
      );
    }
    const remedy = remedyFor(result.verdict.health, config.settings);
    terminal.warn(`remedy: ${remedy.description}`);
    config.settings = resolveSettings({ ...config.settings, ...remedy.settings });
    config.remedied = [...new Set([...(config.remedied ?? []), ...Object.keys(remedy.settings)])];
    config.notes = [...config.notes, `remedy at step ${result.standing.step}: ${remedy.description}`];
    await writeConfig(folder, config as never);
    standing = await restoreHealthy(folder, config);
    result = await sitting(prepared, { standing, request, terminal });
  }
  const { step, seconds } = result.standing;
  if (result.outcome === 'interrupted') {
    terminal.warn(`stopped at step ${showCount(step)}; everything is saved. Go on with:`);
    terminal.warn(`  likeness train ${request.source} --out ${where} --resume`);
  } else {
    terminal.say(
      `trained ${showCount(step)} steps in ${showDuration(seconds)}; ${result.verdict.message || result.verdict.health}`,
    );
    terminal.say(`run folder: ${where}`);
    terminal.say(`next: likeness cluster ${request.source} --run ${where}`);
  }
  return {
    run: resolve(folder.path),
    outcome: result.outcome,
    preset: config.preset,
    images: config.images,
    skipped: prepared.cache.skipped.length,
    steps: step,
    totalSteps: result.standing.totalSteps,
    loss: result.standing.doctor?.loss,
    health: result.verdict.health,
    seconds,
    settings: config.settings,
  };
}

interface Sitting {
  standing: Standing | undefined;
  request: TrainRequest;
  terminal: Terminal;
}

/** One uninterrupted stretch of training. */
async function sitting(
  { folder, config, cache, indices }: Prepared,
  { standing, request, terminal }: Sitting,
): Promise<TrainResult> {
  const { settings, threads } = config;
  const store = openPlanStore(defaultCacheDir(), { threads, runtime: runtimeVersion });
  const engine = await openEngine({ threads, tuning: 'measure', remembered: store });
  const loader = openLoader({
    cache,
    indices,
    views: viewsOf(settings),
    batchSize: settings.batchSize,
    seed: settings.seed,
    workers: settings.workers,
  });
  const { stepsPerEpoch } = loader;
  const events = await openEventLog(folder.files.events, { resumeStep: standing?.step ?? 0 });
  const method = methodProgram(settings, {
    images: indices.length,
    extra: unlabelledAmong(cache, indices),
  });
  for (const note of method.notes ?? []) terminal.say(note);
  await rewindSnapshots(folder, standing?.step ?? 0);
  const watch = createEpochWatch({
    ...{ engine, settings, cache, indices, events, terminal },
    started: standing?.seconds,
    before: standing && (await readWatched(folder.files.watched, standing)),
    remember: (measured) => writeWatched(folder.files.watched, measured),
  });
  const reporter = createReporter({ terminal, events, settings, stepsPerEpoch });
  events.append({
    kind: 'run-started',
    step: standing?.step ?? 0,
    epoch: 0,
    method: settings.method,
    source: config.source.path,
    resumed: standing !== undefined,
  });
  terminal.progress('compiling the training step');
  try {
    const result = await train({
      engine,
      method,
      loader,
      batchSize: settings.batchSize,
      evaluationImages: ({ size, batchSize }) =>
        evaluationBatches(cache, { size, batchSize, indices, workers: settings.workers }),
      seed: settings.seed,
      budget: config.budget,
      maxSteps: settings.maxSteps,
      checkpointSeconds: settings.checkpointSeconds,
      from: standing,
      signal: terminal.signal,
      async save(now) {
        // Events first: every step that a checkpoint knows of is then on disk.
        await events.flush();
        const { info, tensors } = toCheckpoint(now, { settings, method, stepsPerEpoch });
        await saveCheckpoint(folder.files.checkpoints, info, tensors, { keep: settings.keepCheckpoints });
      },
      async onCompiled({ plan, model }) {
        await writeFileAtomic(folder.files.plan, `${JSON.stringify(plan, null, 1)}\n`);
        if (request.saveGraph) {
          const file = join(folder.path, 'step.onnx');
          await writeFileAtomic(file, model);
          terminal.say(`the compiled step is in ${file}`);
        }
      },
      onEvent: reporter.event,
      milestones: request.snapshots,
      onMilestone: (now) => saveSnapshot(folder, now, { settings, method, stepsPerEpoch }),
      onEpochEnd: (end) => watch.after(end),
    });
    reporter.ended(result);
    return result;
  } finally {
    terminal.endProgress();
    await Promise.allSettled([events.close(), loader.close(), watch.close()]);
    await engine.close();
  }
}
