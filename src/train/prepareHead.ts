/** Preparing a run that trains a head on the features of a pretrained model. */
import { availableParallelism } from 'node:os';
import { type Engine, openEngine } from '../backends/index.ts';
import { type Features, suggestClusters } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { clusterRange, plural } from '../core/text.ts';
import { identitiesOf, indicesOfSplit, type OpenImages, reportSkipped } from '../data/index.ts';
import {
  type ComparedSet,
  type ImageEncoder,
  type ModelFile,
  rowsSeen,
  sayIfSame,
  standardizationOf,
  standardizationTensors,
  trainingName,
} from '../encoders/index.ts';
import {
  fitToPictures,
  flatSettings,
  headSettings,
  mergeSettings,
  methodNamed,
  type SettingsPatch,
} from '../methods/index.ts';
import {
  type BaseSettings,
  baseCacheSize,
  claimRunFolder,
  hashOfImages,
  requireFree,
  storedSourceOf,
  type TrainedConfig,
  writeBase,
  writeImageList,
  writeRunConfig,
  writeSkipped,
} from '../run/index.ts';
import { withBase } from './headLoader.ts';
import { pictureFacts } from './pictureFacts.ts';
import {
  lockedWhile,
  type PrepareRequest,
  requireDistinct,
  requireImages,
  splitNote,
} from './prepare.ts';
import { givenOptions } from './resumeSettings.ts';
import type { PreparedRun } from './session.ts';

/** Name that the recipe of heads is stored under. */
const RECIPE = 'head';

/**
 * Chooses settings of a head, computes the features of the images, suggests a number of clusters
 * where none is given, and makes the run's folder.
 *
 * Everything that takes long is stored beside the decoded images before the folder is made, so that
 * the same request continues after an interruption.
 */
export async function prepareHead(
  images: OpenImages,
  request: PrepareRequest & { encoder: ModelFile },
  reporter: Reporter,
): Promise<PreparedRun> {
  const { path, cacheDir } = images;
  const { encoder: model, out, split = 'train', minutes, command } = request;
  const given = givenSettings(request);
  if (out !== undefined) await requireFree(out);
  const source = await images.ranged({ reporter });
  const { settings: base } = model;
  checkHead(given, request, { base, images: source.entries.length });
  for (const message of model.notes) reporter.note({ code: 'train.model', message });
  const cache = await images.pixels({ size: baseCacheSize(base), reporter });
  const indices = indicesOfSplit(cache, split);
  requireImages(indices, path);
  const distinct = requireDistinct(cache, indices, path);
  const threads = given.run?.threads || availableParallelism();
  const workers = given.run?.workers ?? 1;
  const found = await withFeatures({ model, threads }, async (engine, encoder) => {
    const features = await encoder.embed({ cache, indices }, { workers, reporter });
    requireDifferent(encoder, { cache, indices }, features);
    const { seed = 0 } = given.run ?? {};
    const chosen =
      request.k === undefined
        ? await suggestClusters(engine, features, { seed, reporter })
        : { k: request.k, kReason: undefined };
    return { ...chosen, standardization: standardizationOf(features) };
  });
  const k = Math.max(2, found.k);
  const facts = { dimension: base.dimension, size: base.input.size, images: indices.length, k };
  const fitted = headSettings(given, facts);
  const names = new Set(Object.keys(flatSettings(given)));
  const { pairs } = methodNamed(fitted.settings.method.name);
  const pictures =
    pairs === 'views' ? await pictureFacts({ cache, indices, workers, reporter }) : undefined;
  const { settings, notes } = pictures
    ? fitToPictures(fitted.settings, pictures, names)
    : { settings: fitted.settings, notes: [] };
  const identities = identitiesOf(cache, indices);
  const { folder, lock } = await claimRunFolder({
    out,
    date: new Date().toISOString().slice(0, 10),
    method: settings.method.name,
    source: path,
  });
  const config: TrainedConfig = {
    kind: 'trained',
    base,
    settings,
    source: storedSourceOf(source),
    split,
    images: indices.length,
    listing: hashOfImages(identities),
    preset: RECIPE,
    ...(pictures && { pictures }),
    notes: [
      `${trainingName(settings.method.name, { base })}, a head on the features of the model`,
      ...(found.kReason === undefined ? [] : [found.kReason]),
      ...fitted.notes,
      ...notes,
    ],
    threads,
    budget: minutes === undefined ? { epochs: settings.schedule.epochs } : { minutes },
    ...(command !== undefined && { command }),
  };
  const tensors = { ...model.tensors, ...standardizationTensors(found.standardization) };
  await lockedWhile(lock, async () => {
    await writeRunConfig(folder, config);
    await writeBase(folder, config, tensors);
    await writeImageList(folder.files.images, identities);
    await writeSkipped(folder.files.skipped, cache.skipped);
  });
  reportSkipped(cache, reporter, { listedIn: 'skipped.csv' });
  const count = `${plural(indices.length, 'image')}${splitNote(cache, indices, split)}`;
  reporter.note({ code: 'train.images', message: `${path}: ${count}` });
  for (const message of config.notes) reporter.note({ code: 'train.settings', message });
  return {
    folder,
    config,
    cache,
    indices,
    distinct,
    cacheDir,
    lock,
    base: { settings: base, tensors },
  };
}

/** The settings of a request, with its options of their own. */
function givenSettings({ method, seed, epochs, settings = {} }: PrepareRequest): SettingsPatch {
  return mergeSettings(settings, givenOptions({ method, seed, epochs }));
}

/** Opens engine and model for as long as `work` takes. */
async function withFeatures<T>(
  { model, threads }: { model: ModelFile; threads: number },
  work: (engine: Engine, encoder: ImageEncoder) => Promise<T>,
): Promise<T> {
  const engine = await openEngine({ threads });
  try {
    return await withBase(engine, model, (encoder) => work(engine, encoder));
  } finally {
    await engine.close();
  }
}

/** Refuses a model that gives one feature to all images. @throws LikenessError `features.same` */
function requireDifferent(encoder: ImageEncoder, set: ComparedSet, { data, dimension }: Features) {
  const seen = rowsSeen(dimension);
  seen.add(data);
  const message = sayIfSame(encoder, set, seen);
  if (message) throw new LikenessError('features.same', message);
}

/**
 * Refuses what no head can be trained with, before any work.
 *
 * @throws LikenessError `option.conflict`, `cluster.k`, `settings.*`, `head.method`
 */
function checkHead(
  given: SettingsPatch,
  { preset, k }: PrepareRequest,
  { base, images }: { base: BaseSettings; images: number },
): void {
  if (preset !== undefined) {
    throw new LikenessError(
      'option.conflict',
      `preset: received "${preset}" together with encoder; expected one of them, because presets ` +
        'describe networks that are trained',
    );
  }
  const [own] = Object.keys(given.encoder ?? {});
  if (own !== undefined) {
    throw new LikenessError(
      'option.conflict',
      `${own}: received a setting of a network together with encoder; expected one of them, ` +
        'because the model is not trained',
    );
  }
  if (k !== undefined && (k < 2 || k > images)) {
    throw new LikenessError(
      'cluster.k',
      `k: received ${k} for ${plural(images, 'image')}; expected ${clusterRange(images)}`,
    );
  }
  const { dimension, input } = base;
  headSettings(given, { dimension, size: input.size, images, k: k ?? 2 });
}
