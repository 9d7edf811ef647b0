/** Runs whose encoder needs no training: made, and continued after an interruption. */
import { availableParallelism } from 'node:os';
import { openEngine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { displayPath, plural } from '../core/text.ts';
import {
  identitiesOf,
  indicesOfSplit,
  type OpenImages,
  type PixelCache,
  type RangedOptions,
  reportSkipped,
} from '../data/index.ts';
import { type EncoderSpec, featureEncoder } from '../encoders/index.ts';
import type { Tensors } from '../formats/index.ts';
import { settingsFor } from '../methods/index.ts';
import {
  claimRunFolder,
  clearLeftovers,
  clearStaleLocks,
  differenceOf,
  type FeaturesConfig,
  type FeaturesRun,
  featuresCacheSize,
  featuresRunOf,
  hashOfImages,
  holding,
  lockRun,
  type RunFolder,
  readEncoderIfLearned,
  requireFree,
  requireSameImages,
  storedSourceOf,
  writeEncoder,
  writeImageList,
  writeMissingLists,
  writeRunConfig,
  writeSkipped,
} from '../run/index.ts';
import { joinLonger, joinNetwork } from './joinNetwork.ts';

export interface FeaturesRequest {
  encoder: EncoderSpec;
  /** Tensors of an encoder that is not learned from the images. */
  tensors?: Tensors;
  /** Preset for the images, whose image size the encoder takes. */
  preset: string;
  seed: number;
  /** Folder of the run. Default `runs/<date>-<encoder>-<source>`. */
  out?: string;
  /** Reasons that are stored with the run. */
  notes: string[];
  /** Command line that asks for the run, which is stored with it. */
  command?: string;
  /** Moment at which the call began, as `performance.now()` gives it. */
  began?: number;
}

/** Fewest images that anything can be learned from. */
const MIN_IMAGES = 2;

/**
 * Learns an encoder from the training images of a source, or from all images of a source without a
 * split, and writes a run folder.
 *
 * config.json is written before learning, so that an interrupted run can be continued.
 *
 * @throws LikenessError `source.tooFew`, `run.exists`, `write.*`, and the signal's reason where it
 * is aborted
 */
export async function newFeatures(
  images: OpenImages,
  { encoder, tensors, preset, seed, out, notes, command, began }: FeaturesRequest,
  reporter: Reporter,
): Promise<FeaturesRun> {
  const { path } = images;
  const source = await images.ranged({ reporter });
  const { data, run } = settingsFor(preset, {});
  const imageSize = featureEncoder(encoder).input?.size ?? data.imageSize;
  const split = 'train';
  if (out !== undefined) {
    await clearLeftovers(out);
    await requireFree(out);
  }
  const set = await imagesOf(images, { encoder, imageSize, split }, reporter);
  reportSkipped(set.cache, reporter, { listedIn: 'skipped.csv' });
  const identities = identitiesOf(set.cache, set.indices);
  const config: FeaturesConfig = {
    ...{ kind: 'features', encoder, imageSize, seed, workers: run.workers },
    threads: run.threads || availableParallelism(),
    source: storedSourceOf(source),
    ...{ split, images: set.indices.length, listing: hashOfImages(identities), notes },
    ...(command !== undefined && { command }),
  };
  const { folder, lock } = await claimRunFolder({
    ...{ out, source: path, kind: 'features', method: encoder.name },
    date: new Date().toISOString().slice(0, 10),
  });
  try {
    await writeRunConfig(folder, config);
    await writeImageList(folder.files.images, identities);
    await writeSkipped(folder.files.skipped, set.cache.skipped);
    reporter.note({ code: 'start.folder', message: `run folder: ${displayPath(folder.path)}` });
    return await learn(folder, config, { ...set, images, tensors, began }, reporter);
  } finally {
    lock.release();
  }
}

export interface ContinueOptions {
  /** Tensors of an encoder that is not learned from the images. */
  tensors?: Tensors;
  /** Moment at which the call began. */
  began?: number;
  /** Time that may be spent. More than before trains the network of a joined run longer. */
  minutes?: number;
}

/**
 * Opens a run of an encoder without training, which is learned first where that was interrupted.
 *
 * @throws LikenessError `resume.source` for other images than those that the run was started with
 */
export async function continueFeatures(
  images: OpenImages,
  folder: RunFolder,
  config: FeaturesConfig,
  reporter: Reporter,
  { tensors: given, began, minutes }: ContinueOptions = {},
): Promise<FeaturesRun> {
  const tensors = await readEncoderIfLearned(folder.files.weights, config);
  const { range } = config.source;
  const set = await imagesOf(images, { ...config, range }, reporter);
  const identities = identitiesOf(set.cache, set.indices);
  if (tensors) {
    await clearStaleLocks(folder);
    const difference = await differenceOf(identities, { folder, config, reporter });
    if (!difference && isLonger(config, minutes)) {
      const input = { folder, config, source: images, ...set, began: began ?? performance.now() };
      return holding(lockRun(folder), () => joinLonger({ ...input, tensors, minutes }, reporter));
    }
    reporter.note({ code: 'start.learned', message: 'the encoder is learned already' });
    if (difference) {
      if (images.source.path !== config.source.path) throw otherSource(images, folder, difference);
      const message =
        `${images.path}: ${difference} since the encoder was learned. It is used for the images as ` +
        'they are. Start a new run to learn from them.';
      reporter.warn({ code: 'start.source', message });
    }
    return featuresRunOf(folder, config, tensors);
  }
  await requireSameImages(identities, { folder, config, source: images.path, reporter });
  return holding(lockRun(folder), async () => {
    await writeMissingLists(folder, { config, identities, skipped: set.cache.skipped });
    return learn(folder, config, { ...set, images, tensors: given, began }, reporter);
  });
}

/** Tells if more minutes are given than a joined run was started with. */
function isLonger({ encoder }: FeaturesConfig, minutes: number | undefined): minutes is number {
  if (encoder.name !== 'joined' || minutes === undefined) return false;
  return minutes > encoder.settings.minutes;
}

/** Error for images of another folder than those that a finished run was started with. */
export function otherSource(
  { source }: OpenImages,
  { path }: RunFolder,
  difference: string,
): LikenessError {
  return new LikenessError(
    'start.differs',
    `source: ${source.path}: ${difference}; expected the images that ${displayPath(path)} was ` +
      'started with. Choose another folder with `out`.',
  );
}

/** Decoded images, and cache indices of those that are learned from. */
interface LearningSet {
  cache: PixelCache;
  indices: Uint32Array;
}

/** Images or tensors that an encoder is made from. */
interface LearningInput extends LearningSet {
  images: OpenImages;
  /** Moment at which the call began. Default: now. */
  began?: number;
  /** Tensors that are given. */
  tensors?: Tensors;
}

async function imagesOf(
  images: OpenImages,
  {
    encoder,
    imageSize,
    split,
    range,
  }: Pick<FeaturesConfig, 'encoder' | 'imageSize' | 'split'> & RangedOptions,
  reporter: Reporter,
): Promise<LearningSet> {
  const size = featuresCacheSize({ encoder, imageSize });
  const cache = await images.pixels({ size, range, reporter });
  const indices = indicesOfSplit(cache, split);
  if (indices.length >= MIN_IMAGES) return { cache, indices };
  throw new LikenessError(
    'source.tooFew',
    `${images.path}: found ${plural(indices.length, 'usable image')}; expected at least ` +
      `${MIN_IMAGES}, and hundreds to find groups in`,
  );
}

async function learn(
  folder: RunFolder,
  config: FeaturesConfig,
  { cache, indices, images: source, tensors: given, began = performance.now() }: LearningInput,
  reporter: Reporter,
): Promise<FeaturesRun> {
  const { encoder, imageSize: size, seed, workers, threads } = config;
  if (encoder.name === 'joined') {
    return joinNetwork({ folder, config, source, cache, indices, began }, reporter);
  }
  const own = featureEncoder(encoder);
  if (!own.learn) {
    const tensors = given ?? missing(folder, own.title);
    await writeEncoder(folder.files.weights, config, tensors);
    return featuresRunOf(folder, config, tensors);
  }
  reporter.progress({ stage: 'learn', text: `learning ${own.title}` });
  const engine = await openEngine({ threads });
  try {
    const images = { cache, indices };
    const tensors = await own.learn({ engine, images, size, seed, workers, reporter });
    await writeEncoder(folder.files.weights, config, tensors);
    return featuresRunOf(folder, config, tensors);
  } finally {
    await engine.close();
  }
}

function missing({ path }: RunFolder, title: string): never {
  throw new LikenessError(
    'run.noEncoder',
    `${displayPath(path)} was stopped before it held the model ${title}. Start again with the ` +
      "model's file as `encoder`.",
  );
}
