/** The default road from images to a model, by their number and size and the time. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { LikenessError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import type { Reporter, ReporterOptions } from '../core/reporter.ts';
import { displayPath } from '../core/text.ts';
import { identitiesOf, imageFacts, indicesOfSplit, type OpenImages } from '../data/index.ts';
import {
  defaultEncoder,
  isAsNamed,
  isHubId,
  type ModelFile,
  modelDifference,
  openModelFile,
  parseModelName,
  pinnedHubId,
} from '../encoders/index.ts';
import { choosePreset } from '../methods/index.ts';
import {
  clearLeftovers,
  clearStaleLocks,
  differenceOf,
  isEndOf,
  isRunFolder,
  loadLatestCheckpoint,
  maxCheckpointBytes,
  openRun,
  openRunFolder,
  type RunConfig,
  type RunFolder,
  readOrigin,
  readRunConfig,
  readStoredSource,
  storedModel,
  type TrainedConfig,
  trainedCacheSize,
} from '../run/index.ts';
import { type Images, reporterFor, withImages } from './images.ts';
import { joinedSpec } from './joinNetwork.ts';
import { continueFeatures, newFeatures, otherSource } from './learnFeatures.ts';
import { type Model, modelOf } from './model.ts';
import {
  checkOptions,
  commandLine,
  flag,
  MAX_MINUTES,
  path,
  positiveNumber,
  wholeNumber,
} from './options.ts';
import { chooseRoad, type RoadName, roads } from './road.ts';
import { trainImages } from './train.ts';

export interface StartOptions extends ReporterOptions {
  /**
   * Folder of the run. An interrupted run there is continued. Default
   * `runs/<date>-<way>-<source>`.
   */
  out?: string;
  /**
   * Time that may be spent, in minutes: with evaluating and clustering afterwards where patch
   * features are learned, for the training alone where only a network is. Default: as long as patch
   * features take.
   */
  minutes?: number;
  /**
   * `patches` for patch features, `joined` for these beside a network, `train` for a network, or a
   * pretrained model: the path of an ONNX file, of a folder as hubs lay them out, or
   * `hub:OWNER/NAME[@REVISION][#FILE]`, which is downloaded once. Default: patches, joined or
   * train, chosen by the images and the time.
   */
  encoder?: RoadName | (string & {});
  /** Takes a model of the hub from the cache alone. Default: as `HF_HUB_OFFLINE` says. */
  offline?: boolean;
  /** Seed of every random draw. Default 0. */
  seed?: number;
  /**
   * Command line that asks for this, for programs that have one. It is stored with the results, and
   * the report shows it.
   */
  command?: string;
}

/**
 * Makes a model of images in the way that suits their number and size and the time.
 *
 * A note tells the choice in a sentence with its reason. The same call on the same `out` continues
 * an interrupted run, and opens a finished one. With more minutes than before it trains the network
 * of a finished run longer.
 *
 * @example
 * const model = await start('photos', { out: 'runs/photos' });
 * const groups = await model.cluster('photos');
 * @throws LikenessError `option.*`, `source.*`, `start.differs` for an `out` that was started with
 * other options or images
 */
export async function start(images: Images | string, options: StartOptions = {}): Promise<Model> {
  const began = performance.now();
  checkOptions(
    {
      out: path(),
      minutes: positiveNumber(MAX_MINUTES),
      encoder: path(),
      offline: flag,
      seed: wholeNumber(0),
      command: commandLine,
    },
    options,
  );
  const { out } = options;
  const open = async (opened: OpenImages) =>
    out !== undefined && (await isRunFolder(out))
      ? continueStart(opened, out, { ...options, began })
      : newStart(opened, { ...options, began });
  const stored = out === undefined ? undefined : await readStoredSource(out);
  return withImages(images, open, { reporter: reporterFor(options), stored });
}

/** Options with the moment at which the call began. */
type BegunOptions = StartOptions & { readonly began: number };

async function newStart(images: OpenImages, options: BegunOptions): Promise<Model> {
  const { out, minutes, encoder, seed = 0, command, began } = options;
  const reporter = reporterFor(options);
  const asked = roads.find((name) => name === encoder);
  const model = encoder !== undefined && !asked ? await openModel(encoder, options) : undefined;
  const source = await images.ranged({ reporter });
  const count = source.entries.length;
  const facts = { ...(await imageFacts(source, reporter)), count };
  const preset = choosePreset(facts).name;
  if (model) {
    const { settings, tensors, notes } = model;
    const spec = { name: 'model', settings } as const;
    const request = { encoder: spec, tensors, preset, seed, out, notes: [...notes], command };
    return modelOf(await newFeatures(images, request, reporter));
  }
  const threads = availableParallelism();
  const learned = indicesOfSplit(source, 'train').length;
  const road = chooseRoad({ images: count, learned, preset, threads, minutes, asked });
  const hint = asked ? '' : ' The options `minutes` and `encoder` choose otherwise.';
  reporter.note({ code: 'start.road', message: `${road.reason}${hint}` });
  if (road.name !== 'train') {
    const own =
      road.name === 'patches'
        ? defaultEncoder('patches')
        : joinedSpec({ minutes: minutes ?? road.fewestMinutes, isChecked: asked === undefined });
    const notes = [road.reason];
    const request = { encoder: own, preset, seed, out, notes, command, began };
    return modelOf(await newFeatures(images, request, reporter));
  }
  if (out !== undefined) await clearLeftovers(out);
  return trainImages(images, { out, minutes, seed, command, ...callbacksOf(options) });
}

async function continueStart(
  images: OpenImages,
  out: string,
  options: BegunOptions,
): Promise<Model> {
  const reporter = reporterFor(options);
  const folder = await openRunFolder(out);
  const config = await readRunConfig(folder);
  if (config.kind === 'trained') await readOrigin(folder, config);
  const model = await sameModel(folder, config, options);
  requireSame(out, config, { ...options, ...(model && { encoder: modelRoad(config) }) });
  if (config.kind === 'features') {
    const { began, minutes } = options;
    const given = { tensors: model?.tensors, began, minutes };
    return modelOf(await continueFeatures(images, folder, config, reporter, given));
  }
  const { checkpoint } = await loadLatestCheckpoint(folder.files.checkpoints, {
    maxBytes: maxCheckpointBytes(folder, config),
  });
  const { minutes, seed } = options;
  const { budget } = config;
  const isLonger = minutes !== undefined && 'minutes' in budget && minutes > budget.minutes;
  if (checkpoint && isEndOf(config, checkpoint.info) && !isLonger) {
    if (images.source.path !== config.source.path)
      await requireMoved(images, { folder, config, reporter });
    await clearStaleLocks(folder);
    noteFinished(out, reporter);
    return modelOf(await openRun(out));
  }
  return trainImages(images, { out, minutes, seed, resume: true, ...callbacksOf(options) });
}

/** Refuses another folder than the one that was learned from, which may have been moved. */
async function requireMoved(
  images: OpenImages,
  run: { folder: RunFolder; config: TrainedConfig; reporter: Reporter },
): Promise<void> {
  const { config, reporter } = run;
  const { range } = config.source;
  const cache = await images.pixels({ size: trainedCacheSize(config), range, reporter });
  const indices = indicesOfSplit(cache, config.split);
  const now = identitiesOf(cache, indices);
  const difference = await differenceOf(now, run);
  if (difference) throw otherSource(images, run.folder, difference);
}

function noteFinished(out: string, reporter: Reporter): void {
  const message = `${displayPath(out)} is trained to its end already`;
  reporter.note({ code: 'start.trained', message });
}

/**
 * Opens a pretrained model and tells what was found.
 *
 * @throws LikenessError `option.invalid` for what is neither a way nor a path; else as
 * {@link openModelFile}
 */
async function openModel(path: string, options: StartOptions): Promise<ModelFile> {
  const reporter = reporterFor(options);
  if (!isHubId(path) && !existsSync(parseModelName(path).path)) {
    throw new LikenessError(
      'option.invalid',
      `encoder: received ${JSON.stringify(path)}; expected ${roads.join(', ')}, or the path of a ` +
        'pretrained model (an ONNX file, or a folder that holds one, or hub:OWNER/NAME)' +
        didYouMean(path, roads),
    );
  }
  const shown = isHubId(path) ? path : displayPath(path);
  reporter.progress({ stage: 'learn', text: `opening ${shown}` });
  const { offline } = options;
  const model = await openModelFile(path, { reporter, ...(offline !== undefined && { offline }) });
  for (const message of model.notes) reporter.note({ code: 'start.model', message });
  return model;
}

/**
 * Checks that a given pretrained model is that of the run; undefined where another kind of encoder
 * is given, or none.
 *
 * A model of the hub is that of the commit which the run was started with. Its bytes are read only
 * where the run does not hold them yet.
 *
 * @throws LikenessError `start.differs` for another model than the run's
 */
async function sameModel(
  folder: RunFolder,
  config: RunConfig,
  options: StartOptions,
): Promise<Partial<Pick<ModelFile, 'tensors'>> | undefined> {
  const { encoder, out } = options;
  if (encoder === undefined || roads.some((name) => name === encoder)) return undefined;
  const spec = config.kind === 'features' ? config.encoder : undefined;
  const own = storedModel(config);
  const named = parseModelName(encoder);
  const origin = own?.hub?.id === named.path && isAsNamed(named, own) ? own.hub : undefined;
  if (origin && existsSync(folder.files.weights)) return {};
  const model = await openModel(origin ? pinnedHubId(origin) + named.suffix : encoder, options);
  const shown = isHubId(encoder) ? encoder : displayPath(encoder);
  if (!own) throw differs('encoder', shown, spec?.name ?? 'train', out!);
  const difference = modelDifference(own, model);
  if (!difference) return model;
  throw differs('encoder', difference.received, difference.expected, out!);
}

/** Encoder that the run of a pretrained model is compared by: a head is trained on its features. */
function modelRoad({ kind }: RunConfig): string {
  return kind === 'trained' ? 'train' : 'model';
}

/** Refuses options that differ from those that the run was started with. */
function requireSame(out: string, config: RunConfig, { encoder, seed }: StartOptions): void {
  const own = config.kind === 'features' ? config.encoder.name : 'train';
  const ownSeed = config.kind === 'features' ? config.seed : config.settings.run.seed;
  if (encoder !== undefined && encoder !== own) throw differs('encoder', encoder, own, out);
  if (seed !== undefined && seed !== ownSeed) throw differs('seed', seed, ownSeed, out);
}

function differs(name: string, received: unknown, stored: unknown, out: string): LikenessError {
  return new LikenessError(
    'start.differs',
    `${name}: received ${received} for ${displayPath(out)}, which was started with ${stored}. ` +
      'Choose another folder with `out`.',
  );
}

function callbacksOf({ onProgress, onNote, onWarning, signal }: StartOptions): ReporterOptions {
  return { onProgress, onNote, onWarning, signal };
}
