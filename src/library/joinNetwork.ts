/**
 * Joined encoders of a run: patch features, then a network in the time that remains, then both
 * side by side.
 *
 * The network is a run of its own in the folder `network` of the run. A call that was stopped
 * continues its training.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Engine, openEngine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { displayPath } from '../core/text.ts';
import type { OpenImages, PixelCache } from '../data/index.ts';
import {
  type EncoderSpec,
  encoderSpec,
  featureEncoder,
  type JoinedSettings,
  type JoinedTensors,
  learnJoin,
  learnPatches,
  PATCHES,
  type PatchTensors,
  partOf,
  type Retrieval,
  viewRetrieval,
  weightOf,
} from '../encoders/index.ts';
import {
  clearLeftovers,
  type FeaturesConfig,
  type FeaturesRun,
  featuresRunOf,
  isRunFolder,
  openTrainedRun,
  type RunFolder,
  type TrainedRun,
  writeEncoder,
  writeRunConfig,
} from '../run/index.ts';
import { type TrainRequest, trainRun } from '../train/index.ts';
import { FEWEST_SEEN, shownMinutes } from './road.ts';

/** A run that joins a network with patch features, and its images. */
export interface JoinInput {
  folder: RunFolder;
  /** Its encoder is a joined one. */
  config: FeaturesConfig;
  source: OpenImages;
  cache: PixelCache;
  /** Cache indices of the images that are learned from. */
  indices: Uint32Array;
  /** Moment at which the call began, as `performance.now()` gives it. */
  began: number;
}

/** A joined run that is finished, and more minutes than it was started with. */
export interface LongerJoinInput extends JoinInput {
  tensors: JoinedTensors;
  minutes: number;
}

/** Request for the network's own run. */
type NetworkRequest = TrainRequest & { out: string };

/** Folder of the network's own run. */
const NETWORK_FOLDER = 'network';

/**
 * Retrieval of the network, as a fraction of that of patch features, below which it has learned
 * nothing. Networks that added to patch features had .60 or more (docs/patch-features.md).
 */
const MIN_RETRIEVAL = 0.5;
/**
 * Images that the training must have seen, as a fraction of those that it is planned from: machines
 * differ in speed.
 */
const MIN_SEEN = 0.8 * FEWEST_SEEN;

/**
 * Time of joining, evaluating, clustering and the report, as multiples of the two parts of learning
 * patch features: dictionaries, the same work for all images, and embedding. Fitted to the default
 * road of four labeled sets of 713 to 5,000 images; a slow or busy machine slows all of it.
 */
const DICTIONARY_TIMES = 7;
const EMBEDDING_TIMES = 1.5;

/** Fewest minutes of training: below, compiling takes the most of them. */
const MIN_TRAINING_MINUTES = 0.25;

/** Encoder of a run that joins, with default settings. */
export function joinedSpec(
  given: Pick<JoinedSettings, 'minutes'> & Partial<Omit<JoinedSettings, 'minutes'>>,
): EncoderSpec {
  return encoderSpec.parse({ name: 'joined', settings: given });
}

/**
 * Seconds that the work after training will take, by the seconds that the dictionaries took and
 * those of embedding `learned` of all images.
 */
export function secondsAfter(
  { dictionaries, embedding }: { dictionaries: number; embedding: number },
  { images, learned }: { images: number; learned: number },
): number {
  const each = embedding / Math.max(1, learned);
  return DICTIONARY_TIMES * dictionaries + EMBEDDING_TIMES * each * images;
}

/**
 * Learns patch features, trains the network in the rest of the time, and joins them.
 *
 * Without time for training, after a training that failed, and where the network recognizes views
 * of images far less often than patch features, the run becomes one of patch features and a note
 * tells why; not so where joining was asked for.
 *
 * @throws LikenessError `train.*` where joining was asked for; the signal's reason where it is
 * aborted, with the training saved
 */
export async function joinNetwork(input: JoinInput, reporter: Reporter): Promise<FeaturesRun> {
  const { folder, config, began, cache } = input;
  const { imageSize: size, seed, workers, threads } = config;
  const settings = settingsOf(config);
  const images = { cache, indices: input.indices };
  reporter.progress({ stage: 'learn', text: 'learning patch features' });
  const started = performance.now();
  let embedded = started;
  const onDictionaries = () => {
    embedded = performance.now();
  };
  const own = { settings: settings.patches, onDictionaries };
  const patches = await withThreads(threads, (engine) =>
    learnPatches({ engine, images, size, seed, workers, reporter, ...own }),
  );
  const now = performance.now();
  const parts = { dictionaries: (embedded - started) / 1000, embedding: (now - embedded) / 1000 };
  const learned = Math.min(settings.patches.images, input.indices.length);
  const rest = secondsAfter(parts, { images: cache.count, learned });
  const minutes = settings.minutes - ((now - began) / 1000 + rest) / 60;
  const path = join(folder.path, NETWORK_FOLDER);
  const isBegun = await isRunFolder(path);
  if (!isBegun && settings.isChecked && minutes < MIN_TRAINING_MINUTES) {
    return patchesAlone(input, patches, NO_TIME, reporter);
  }
  if (!isBegun) await clearLeftovers(path);
  const request: NetworkRequest = isBegun
    ? { out: path, resume: true }
    : {
        ...{ out: path, method: settings.method, seed, began: now },
        minutes: Math.max(minutes, MIN_TRAINING_MINUTES),
      };
  const trained = await trainNetwork(input, request, reporter).catch((error: unknown) => {
    if (!settings.isChecked || !(error instanceof LikenessError)) throw error;
    if (!FAILED.has(error.code)) throw error;
    return error;
  });
  if (trained instanceof LikenessError) {
    const why = `The network could not be trained: ${trained.message.split('\n')[0]}`;
    return patchesAlone(input, patches, `${why} Patch features alone.`, reporter);
  }
  return joined(input, { patches, trained }, reporter);
}

/**
 * Trains the network of a finished run for as many minutes longer as were added, and joins it anew.
 *
 * The encoder of before stays until the new one is learned. A call that was stopped is continued by
 * the same call.
 *
 * @throws LikenessError `train.*`, with the encoder of before kept; the signal's reason where it is
 * aborted, with the training saved
 */
export async function joinLonger(
  { tensors, minutes, ...input }: LongerJoinInput,
  reporter: Reporter,
): Promise<FeaturesRun> {
  const { folder, config } = input;
  const given = settingsOf(config);
  const encoder: EncoderSpec = { name: 'joined', settings: { ...given, minutes } };
  const again = { ...input, config: { ...config, encoder } };
  const path = join(folder.path, NETWORK_FOLDER);
  // Without the network's own run everything is learned anew.
  if (!(await isRunFolder(path))) return joinNetwork(again, reporter);
  const added = minutes - given.minutes;
  const message = `The network is trained ${shownMinutes(added)} longer than before.`;
  reporter.note({ code: 'start.longer', message });
  const { step, config: own } = await openTrainedRun(path);
  // A call that was stopped has stored the longer budget, or trained to its end.
  const isTold = step !== given.network?.step || own.longer?.from === step;
  const before = 'minutes' in own.budget ? own.budget.minutes : given.minutes;
  const request = {
    ...{ out: path, resume: true, began: performance.now() },
    minutes: isTold ? before : before + added,
  };
  const trained = await trainNetwork(input, request, reporter);
  return joined(again, { patches: partOf(tensors, PATCHES), trained }, reporter);
}

const NO_TIME = 'No time is left to train a network beside patch features. Patch features alone.';
/** Codes of trainings after which patch features are used alone. */
const FAILED = new Set(['train.unwell', 'train.tooFew', 'source.identical']);

/** Trains the network, or continues its training. @throws the signal's reason */
async function trainNetwork(
  { folder, source }: JoinInput,
  request: NetworkRequest,
  reporter: Reporter,
): Promise<TrainedRun> {
  // The notes of a training speak of a run that was asked for.
  const quiet: Reporter = { ...reporter, signal: reporter.signal, note() {} };
  const { outcome } = await trainRun(source, request, { reporter: quiet });
  if (outcome === 'interrupted') {
    reporter.warn({
      code: 'start.stopped',
      message:
        `stopped, with the training saved in ${displayPath(folder.path)}. The same call on this ` +
        'folder continues it',
    });
    throw reporter.signal.reason;
  }
  return openTrainedRun(request.out);
}

/** Joins both parts and stores them, or patch features alone where the network has learned less. */
async function joined(
  input: JoinInput,
  { patches, trained }: { patches: PatchTensors; trained: TrainedRun },
  reporter: Reporter,
): Promise<FeaturesRun> {
  const { folder, config, cache, indices } = input;
  const { imageSize: size, seed, workers, threads } = config;
  const { step, state, config: own } = trained;
  const epochs = (step * own.settings.data.batchSize) / own.images;
  const { network: before, weight: given, ...rest } = settingsOf(config);
  // A network that was joined at another step has been trained longer since.
  const isNew = before !== undefined && before.step !== step;
  const longer = (isNew || before?.isLonger) && { isLonger: true };
  const network = { settings: { ...own.settings }, step, epochs, ...longer };
  const weight = (isNew ? undefined : given) ?? weightOf(epochs * own.images);
  const settings: JoinedSettings = { ...rest, weight, network };
  if (settings.isChecked && epochs * own.images < MIN_SEEN) {
    const message =
      `The network saw each image ${epochs.toFixed(1)} times in this time, too few to add to ` +
      'patch features, which are used alone.';
    return patchesAlone(input, patches, message, reporter);
  }
  const images = { cache, indices };
  const shared = { images, size, settings, seed, workers, reporter };
  reporter.progress({ stage: 'learn', text: 'joining patch features and network' });
  const { tensors, found } = await withThreads(threads, async (engine) => {
    const tensors = await learnJoin({ ...shared, engine, patches, state });
    return { tensors, found: await viewRetrieval({ ...shared, engine, tensors }) };
  });
  if (settings.isChecked && found.network < MIN_RETRIEVAL * found.patches) {
    const message = `${comparison(found)} So patch features are used alone.`;
    return patchesAlone(input, patches, message, reporter);
  }
  reporter.note({ code: 'start.joined', message: comparison(found) });
  const encoder: EncoderSpec = {
    name: 'joined',
    settings: { ...settings, network: { ...network, retrieval: found } },
  };
  return stored(folder, { ...config, encoder }, tensors);
}

/** Sentence on what both parts recognize. */
function comparison({ patches, network }: Retrieval): string {
  return (
    `The network ranks an image at ${network.toFixed(2)} by a random view of it (mean reciprocal ` +
    `rank), and patch features at ${patches.toFixed(2)}.`
  );
}

/** Turns the run into one of patch features, and tells why. */
async function patchesAlone(
  { folder, config }: JoinInput,
  tensors: PatchTensors,
  message: string,
  reporter: Reporter,
): Promise<FeaturesRun> {
  reporter.note({ code: 'start.patches', message });
  const encoder: EncoderSpec = { name: 'patches', settings: settingsOf(config).patches };
  const notes = [...config.notes, message];
  return stored(folder, { ...config, encoder, notes }, tensors);
}

/** Writes the settings, then the tensors. Without tensors a run is continued. */
async function stored(
  folder: RunFolder,
  config: FeaturesConfig,
  tensors: PatchTensors,
): Promise<FeaturesRun> {
  // A run that is stopped here holds no tensors that other settings belong to.
  await rm(folder.files.weights, { force: true });
  await writeRunConfig(folder, config);
  await writeEncoder(folder.files.weights, config, tensors);
  return featuresRunOf(folder, config, tensors);
}

function settingsOf({ encoder }: FeaturesConfig): JoinedSettings {
  if (encoder.name === 'joined') return encoder.settings;
  throw new Error(`a run of the encoder ${featureEncoder(encoder).title} joins nothing`);
}

async function withThreads<T>(threads: number, work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await openEngine({ threads });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}
