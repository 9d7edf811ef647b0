/** Preparing a run: a new folder with resolved settings, or an existing one to resume. */
import { availableParallelism } from 'node:os';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { plural, showCount } from '../core/text.ts';
import {
  countDistinct,
  identitiesOf,
  imageFacts,
  indicesOfSplit,
  type OpenImages,
  type PixelCache,
  reportSkipped,
  type SplitName,
} from '../data/index.ts';
import {
  type ModelFile,
  normalizationOf,
  registerModel,
  registerRuntimeTypes,
} from '../encoders/index.ts';
import {
  checkProgram,
  checkStem,
  choosePreset,
  fineTuneSettings,
  fitToCount,
  fitToPictures,
  flatSettings,
  mergeSettings,
  presetNamed,
  type Settings,
  type SettingsPatch,
  settingsFor,
  viewsOf,
} from '../methods/index.ts';
import {
  claimRunFolder,
  hashOfImages,
  isEndOf,
  loadLatestCheckpoint,
  lockRun,
  maxCheckpointBytes,
  networkCacheSize,
  openRunFolder,
  type RunFolder,
  type RunLock,
  readBase,
  readOrigin,
  readTrainedConfig,
  requireFree,
  requireOwnSettings,
  requireSameImages,
  sidesOf,
  storedSourceOf,
  type TrainedConfig,
  trainedCacheSize,
  writeImageList,
  writeMissingLists,
  writeOrigin,
  writeRunConfig,
  writeSkipped,
} from '../run/index.ts';
import type { Base } from './headLoader.ts';
import { pictureFacts } from './pictureFacts.ts';
import { requireOwnState } from './restore.ts';
import { budgetText } from './resumedBudget.ts';
import {
  givenOptions,
  type ResumeRequest,
  requireSameHead,
  requireSameOrigin,
  resumedConfig,
} from './resumeSettings.ts';
import type { PreparedRun } from './session.ts';
import { smallFolderNote } from './smallFolder.ts';

/** Name that the recipe of fine-tuning is stored under. */
const FINE_TUNING = 'fine-tuning';

export interface PrepareRequest extends ResumeRequest {
  /** Folder of the run. Required to resume one. */
  out?: string;
  split?: SplitName;
  /** Pretrained model that a head is trained on. */
  encoder?: ModelFile;
  /** Number of clusters of the head. */
  k?: number;
  /** Pretrained model that is trained further. */
  origin?: ModelFile;
  /** Command line that asks for the run, which is stored with it. */
  command?: string;
  /** Ranks that train together. Default: 1. */
  ranks?: number;
  /** Threads of the runtime where the settings leave them open. Default: all cores. */
  threads?: number;
}

/** Chooses preset and settings for the images and makes the run's folder. */
export async function prepareNew(
  images: OpenImages,
  request: PrepareRequest,
  reporter: Reporter,
): Promise<PreparedRun> {
  const { path, cacheDir } = images;
  if (request.out !== undefined) await requireFree(request.out);
  const { method, seed, epochs, minutes, split = 'train', command } = request;
  const { settings: changes = {} } = request;
  const source = await images.ranged({ reporter });
  const facts = { ...(await imageFacts(source, reporter)), count: source.entries.length };
  const { origin } = request;
  const chosen = origin
    ? { name: FINE_TUNING, reason: `${origin.settings.model} is trained further` }
    : request.preset
      ? { name: request.preset, reason: 'as requested' }
      : choosePreset(facts);
  const given = mergeSettings(changes, givenOptions({ method, seed, epochs }));
  const wanted = origin ? await knownSettings(origin, given) : settingsFor(chosen.name, given);
  viewsOf(wanted);
  checkStem(wanted);
  const size = networkCacheSize({ settings: wanted, origin: origin?.settings });
  const cache = await images.pixels({ size, reporter });
  const indices = indicesOfSplit(cache, split);
  requireImages(indices, path);
  const distinct = requireDistinct(cache, indices, path);
  const identities = identitiesOf(cache, indices);
  const givenNames = new Set(Object.keys(flatSettings(changes)));
  const fitted = fitToCount(wanted, { count: indices.length, given: givenNames });
  // A paper's complete recipe keeps its views.
  const pictures =
    !origin && presetNamed(chosen.name).isComplete
      ? undefined
      : await pictureFacts({ cache, indices, workers: wanted.run.workers, reporter });
  const { settings, notes } = pictures
    ? fitToPictures(fitted.settings, pictures, givenNames)
    : { settings: fitted.settings, notes: [] };
  checkProgram(settings, { images: indices.length, ranks: firstOf(request.ranks) });
  const { folder, lock } = await claimRunFolder({
    out: request.out,
    date: new Date().toISOString().slice(0, 10),
    method: settings.method.name,
    source: path,
  });
  const config: TrainedConfig = {
    kind: 'trained',
    settings,
    ...(origin && { origin: origin.settings }),
    source: storedSourceOf(source),
    split,
    images: indices.length,
    listing: hashOfImages(identities),
    preset: chosen.name,
    ...(pictures && { pictures }),
    notes: [`preset ${chosen.name}: ${chosen.reason}`, ...fitted.notes, ...notes],
    threads: settings.run.threads || request.threads || availableParallelism(),
    ...(request.ranks !== undefined && { ranks: request.ranks }),
    budget: minutes === undefined ? { epochs: settings.schedule.epochs } : { minutes },
    ...(command !== undefined && { command }),
  };
  await lockedWhile(lock, async () => {
    await writeRunConfig(folder, config);
    if (origin) await writeOrigin(folder, origin.tensors);
    await writeImageList(folder.files.images, identities);
    await writeSkipped(folder.files.skipped, cache.skipped);
  });
  reportSkipped(cache, reporter, { listedIn: 'skipped.csv' });
  const count = `${plural(indices.length, 'image')}${splitNote(cache, indices, split)}`;
  reporter.note({ code: 'train.images', message: `${path}: ${count}` });
  const few = origin ? undefined : smallFolderNote(indices.length);
  if (few) reporter.note({ code: 'train.fewForScratch', message: few });
  for (const message of origin?.notes ?? []) reporter.note({ code: 'train.model', message });
  for (const message of config.notes) reporter.note({ code: 'train.settings', message });
  return { folder, config, cache, indices, distinct, cacheDir, lock };
}

/** Settings of a model that is trained further, whose network is then known. */
async function knownSettings(model: ModelFile, given: SettingsPatch): Promise<Settings> {
  const { settings, tensors } = model;
  registerModel(settings, tensors);
  const found = settingsOfModel(model, given);
  await registerRuntimeTypes(settings, tensors, sidesOf(found));
  return found;
}

/** Settings of a model that is trained further. */
export function settingsOfModel({ settings }: ModelFile, given: SettingsPatch): Settings {
  const { sha256: model, dimension, input } = settings;
  const facts = { model, dimension, size: input.size, normalize: normalizationOf(input) };
  return fineTuneSettings(given, facts);
}

/** Does work whose failure releases the lock. */
export async function lockedWhile<T>(lock: RunLock, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Refuses a source without two usable images. */
export function requireImages({ length }: Uint32Array, path: string): void {
  if (length >= 2) return;
  throw new LikenessError(
    'source.tooFew',
    `${path}: found ${length} usable image(s); expected at least 2, and hundreds to learn anything`,
  );
}

/** Counts the different images, and refuses copies of a single one. */
export function requireDistinct(cache: PixelCache, indices: Uint32Array, path: string): number {
  const distinct = countDistinct(cache, indices);
  if (distinct > 1) return distinct;
  throw new LikenessError(
    'source.identical',
    `${path}: found ${plural(indices.length, 'image')} with the same pixels; expected ` +
      'different images, and hundreds to learn anything. Add images or leave copies out.',
  );
}

export function splitNote(cache: PixelCache, indices: Uint32Array, split: SplitName): string {
  return indices.length === cache.count
    ? ''
    : ` of the "${split}" split (of ${showCount(cache.count)} in all)`;
}

/**
 * Opens a run with its stored settings.
 *
 * @throws LikenessError `resume.differs` for other settings than the run's, `resume.source` for
 * other images.
 */
export async function prepareResumed(
  images: OpenImages,
  request: PrepareRequest,
  reporter: Reporter,
): Promise<PreparedRun> {
  const folder = await openRunFolder(request.out!);
  const lock = await lockRun(folder);
  return lockedWhile(lock, async () => ({
    ...(await resumedRun(images, folder, request, reporter)),
    lock,
  }));
}

async function resumedRun(
  images: OpenImages,
  folder: RunFolder,
  request: PrepareRequest,
  reporter: Reporter,
): Promise<Omit<PreparedRun, 'lock'>> {
  const stored = await readTrainedConfig(folder, 'resume');
  requireSameOrigin(stored, request.origin);
  await readOrigin(folder, stored);
  const { checkpoint, damaged } = await loadLatestCheckpoint(folder.files.checkpoints, {
    maxBytes: maxCheckpointBytes(folder, stored),
  });
  if (checkpoint) requireOwnSettings(folder, stored, checkpoint);
  const isEnd = checkpoint && isEndOf(stored, checkpoint.info);
  const config = resumedConfig(stored, request, { step: checkpoint?.info.step, isEnd, damaged });
  requireSameHead(stored, request);
  const base = await storedBase(folder, config);
  const { range } = config.source;
  const cache = await images.pixels({ size: trainedCacheSize(config), range, reporter });
  const indices = indicesOfSplit(cache, config.split);
  const identities = identitiesOf(cache, indices);
  await requireSameImages(identities, { folder, config, source: images.path, reporter });
  // Nothing is written to a run that cannot go on.
  if (checkpoint) requireOwnState(checkpoint, { folder, config, cache, indices });
  await writeMissingLists(folder, { config, identities, skipped: cache.skipped });
  const distinct = requireDistinct(cache, indices, images.path);
  const isLonger = config.longer !== stored.longer;
  if (isLonger) await makeLonger({ folder, config, stored }, reporter);
  const finished = isEnd === true && !isLonger;
  if (!finished) await changeRanks({ folder, config, ranks: request.ranks }, reporter);
  const { cacheDir } = images;
  return { folder, config, cache, indices, distinct, cacheDir, finished, ...(base && { base }) };
}

/** The pretrained model of a run; undefined where it trains a network. */
async function storedBase(folder: RunFolder, config: TrainedConfig): Promise<Base | undefined> {
  const tensors = await readBase(folder, config);
  return tensors && { settings: config.base!, tensors };
}

/** Stores the longer schedule and tells it. */
async function makeLonger(
  { folder, config, stored }: { folder: RunFolder; config: TrainedConfig; stored: TrainedConfig },
  reporter: Reporter,
): Promise<void> {
  const note =
    `finished at step ${showCount(config.longer!.from)} after ${budgetText(stored.budget)}, ` +
    `trained on to ${budgetText(config.budget)}. The learning rate follows the longer schedule ` +
    'from here';
  config.notes = [...config.notes, note];
  await writeRunConfig(folder, config);
  reporter.note({ code: 'resume.longer', message: note });
}

/** The first rank of so many. */
const firstOf = (size = 1) => ({ rank: 0, size });

/** Stores and tells another number of ranks than the run was trained on before. */
async function changeRanks(
  {
    folder,
    config,
    ranks,
  }: { folder: RunFolder; config: TrainedConfig; ranks?: number | undefined },
  reporter: Reporter,
): Promise<void> {
  const [before, now] = [config.ranks ?? 1, ranks ?? 1];
  checkProgram(config.settings, { images: config.images, ranks: firstOf(ranks) });
  if (before === now) return;
  if (now === 1) delete config.ranks;
  else config.ranks = now;
  const statistics =
    config.settings.encoder.batchNorm === 'own'
      ? `; batch norms use the statistics of ${plural(now, 'part')} of a batch`
      : '';
  const message =
    `trained on ${plural(now, 'rank')} from here, on ${before} before. Batches and views are the ` +
    `same, and sums have another order${statistics}`;
  config.notes = [...config.notes, message];
  await writeRunConfig(folder, config);
  reporter.note({ code: 'resume.ranks', message });
}
