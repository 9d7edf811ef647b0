/** Facts about a run, a checkpoint or a source. */
import { readdir, stat } from 'node:fs/promises';
import { LikenessError } from '../core/errors.ts';
import type { Reporter, ReporterOptions } from '../core/reporter.ts';
import { beginStage, countStage } from '../core/stage.ts';
import {
  countEqualFiles,
  countEqualPictures,
  openSource,
  readHeaders,
  remarkTexts,
  type SkippedImage,
  type Source,
  type SourceHeaders,
  type SourceKind,
  type SourceOptions,
  type SourceSizes,
  withOwnRange,
  withRange,
} from '../data/index.ts';
import { featureEncoder } from '../encoders/index.ts';
import { flatSettings, headSettings, presets, settingsFor } from '../methods/index.ts';
import {
  type CheckpointInfo,
  type FeaturesConfig,
  isRunFolder,
  listCheckpoints,
  loadCheckpoint,
  openRunFolder,
  type RunFolder,
  readCheckpointInfo,
  readEncoderIfLearned,
  readingText,
  readRunConfig,
  type TrainedConfig,
} from '../run/index.ts';
import { reporterFor, sourceShape } from './images.ts';
import { checkOptions } from './options.ts';

export interface InspectedRun
  extends Pick<TrainedConfig, 'source' | 'preset' | 'images' | 'notes' | 'budget' | 'settings'> {
  readonly kind: 'run';
  readonly path: string;
  readonly name: string;
  /** Ways in which the source is read, in words; null for the usual ones. */
  readonly reading: string | null;
  /** Pretrained model whose features a head is trained on; absent where a network is trained. */
  readonly base?: TrainedConfig['base'];
  /** Pretrained model that is trained further; absent where a network starts anew. */
  readonly origin?: TrainedConfig['origin'];
  /** Names of settings that differ from the preset's. */
  readonly changed: readonly string[];
  /** Steps of the newest checkpoint; null before the first. */
  readonly step: number | null;
  /** Marks a run that was trained to its end. */
  readonly final: boolean;
  /** Steps of the stored checkpoints. */
  readonly checkpoints: readonly number[];
  /** Names of the files in the folder. */
  readonly files: readonly string[];
}

/** A run whose encoder needs no training. */
export interface InspectedFeatures
  extends Pick<
    FeaturesConfig,
    'source' | 'split' | 'images' | 'notes' | 'encoder' | 'imageSize' | 'seed'
  > {
  readonly kind: 'features';
  readonly path: string;
  readonly name: string;
  /** Settings of the encoder in words. */
  readonly facts: Readonly<Record<string, string | number>>;
  /** Ways in which the source is read, in words; null for the usual ones. */
  readonly reading: string | null;
  /** Number of learned tensors; null where the run was stopped before it had learned them. */
  readonly tensors: number | null;
  /** Names of the files in the folder. */
  readonly files: readonly string[];
}

export interface InspectedCheckpoint extends CheckpointInfo {
  readonly kind: 'checkpoint';
  readonly path: string;
  /** True for the end of a run that was judged healthy. */
  readonly healthy: boolean;
  /** Word of the run doctor, such as `learning`, `healthy` or `too short`; null where it has none. */
  readonly health: string | null;
  /** Shapes by name. */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
  /** Number of values of all tensors. */
  readonly values: number;
  /** Size of the file. */
  readonly bytes: number;
}

export interface InspectedSource {
  readonly kind: 'source';
  readonly path: string;
  readonly name: string;
  /** Format of the source. */
  readonly source: SourceKind;
  readonly images: number;
  readonly train: number;
  readonly test: number;
  /** Number of images per class; null without labels. */
  readonly labels: readonly { readonly name: string; readonly images: number }[] | null;
  /** Null where no image can be read. */
  readonly sizes: SourceSizes | null;
  /** Number of images whose headers were read. They are evenly spread where they are not all. */
  readonly checked: number;
  /** Number of images of these that were decoded, to compare their pixels. */
  readonly decoded: number;
  /** Images that cannot be used, by their headers or on decoding, with the reasons. */
  readonly unreadable: readonly { readonly id: string; readonly reason: string }[];
  /** Images that equal an earlier one. */
  readonly equal: EqualImages;
  /** Files that are no images, with the reasons. */
  readonly skipped: readonly { readonly id: string; readonly reason: string }[];
  /** Sentences about the choice of labels and folders that are left out. */
  readonly notes: readonly string[];
}

/** Images of a source that equal an earlier one. */
export interface EqualImages {
  readonly count: number;
  /** Unset where the count is a lower bound, as not all images were compared. */
  readonly isExact: boolean;
  /** `pixels`, or `files` where decoding all images of equal size would take minutes. */
  readonly compared: 'pixels' | 'files';
}

export type Inspected = InspectedRun | InspectedFeatures | InspectedCheckpoint | InspectedSource;

/** Callbacks, and for a source the images that are left out and the choice of labels. */
export interface InspectOptions extends ReporterOptions, SourceOptions {}

/**
 * Reads what a path holds: a run folder, a checkpoint, or a source of images.
 *
 * @throws LikenessError `path.missing` where there is nothing.
 */
export async function inspect(path: string, options: InspectOptions = {}): Promise<Inspected> {
  checkOptions(sourceShape, options);
  const found = await stat(path).catch(() => undefined);
  if (!found) {
    throw new LikenessError(
      'path.missing',
      `${path}: there is nothing; expected a run, a checkpoint or a source`,
    );
  }
  if (await isRunFolder(path)) return inspectRun(path);
  if (found.isFile() && path.endsWith('.safetensors')) return inspectCheckpoint(path, found.size);
  return inspectSource(path, options);
}

async function inspectRun(path: string): Promise<InspectedRun | InspectedFeatures> {
  const folder = await openRunFolder(path);
  const config = await readRunConfig(folder);
  return config.kind === 'trained'
    ? inspectTrained(folder, config)
    : inspectFeatures(folder, config);
}

async function inspectFeatures(
  folder: RunFolder,
  config: FeaturesConfig,
): Promise<InspectedFeatures> {
  const { path, name, files } = folder;
  const { source, split, images, notes, encoder, imageSize, seed } = config;
  const tensors = await readEncoderIfLearned(files.weights, config);
  return {
    ...{ kind: 'features', path, name, source, split, images, notes, encoder, imageSize, seed },
    facts: featureEncoder(encoder).facts,
    reading: readingText(source) ?? null,
    tensors: tensors ? Object.keys(tensors).length : null,
    files: (await readdir(path)).toSorted(),
  };
}

async function inspectTrained(folder: RunFolder, config: TrainedConfig): Promise<InspectedRun> {
  const { path } = folder;
  const { settings, source, preset, images, notes, budget } = config;
  const checkpoints = await listCheckpoints(folder.files.checkpoints);
  const newest = checkpoints.at(-1);
  const info = newest && (await readCheckpointInfo(newest.file).catch(() => undefined));
  return {
    ...{ kind: 'run', path, name: folder.name, settings, source, preset, images, notes, budget },
    ...(config.base && { base: config.base }),
    ...(config.origin && { origin: config.origin }),
    reading: readingText(source) ?? null,
    changed: changedSettings(config),
    step: info?.step ?? null,
    final: info?.final ?? false,
    checkpoints: checkpoints.map(({ step }) => step),
    files: (await readdir(path)).toSorted(),
  };
}

/** Flat settings of the recipe that a run was made with, for its method. */
function recipeOf({ settings, preset, base, images }: TrainedConfig): FlatTexts {
  const method = { name: settings.method.name };
  if (base && settings.encoder.architecture === 'pretrained') {
    const { clusters, prototypes } = settings.method as { clusters?: number; prototypes?: number };
    const k = [clusters ?? prototypes ?? 2].flat()[0]!;
    const { dimension, input } = base;
    const facts = { dimension, size: input.size, images, k };
    return flatSettings(headSettings({ method }, facts).settings);
  }
  return presets[preset] ? flatSettings(settingsFor(preset, { method })) : {};
}

type FlatTexts = ReturnType<typeof flatSettings>;

/** Flat names of the settings that differ from the recipe's for the method. */
function changedSettings(config: TrainedConfig): string[] {
  const flat = flatSettings(config.settings);
  const base = recipeOf(config);
  return Object.keys(flat).filter((key) => flat[key] !== base[key]);
}

async function inspectCheckpoint(path: string, bytes: number): Promise<InspectedCheckpoint> {
  const { info, tensors } = await loadCheckpoint(path);
  const names = Object.keys(tensors);
  const { health } = info.extra ?? {};
  return {
    ...{ kind: 'checkpoint', path, ...info },
    healthy: health === 'healthy',
    health: typeof health === 'string' ? health : null,
    tensors: Object.fromEntries(names.map((name) => [name, tensors[name]!.shape])),
    bytes,
    values: names.reduce((sum, name) => sum + tensors[name]!.data.length, 0),
  };
}

async function inspectSource(path: string, options: InspectOptions): Promise<InspectedSource> {
  const { exclude, classes, labels: choice, pages } = options;
  const reporter = reporterFor(options);
  const { signal } = reporter;
  const onListed = beginStage(reporter, { stage: 'list', text: 'listing', unit: 'image' });
  const source = await openSource(path, {
    exclude,
    classes,
    labels: choice,
    pages,
    onListed,
    signal,
  });
  try {
    const { entries, labelNames, kind, skipped, name } = source;
    const onProgress = countStage(reporter, { stage: 'inspect', text: 'measuring', unit: 'image' });
    const headers = await readHeaders(source, { onProgress, signal });
    const ranges: string[] = [];
    const say = ({ message }: { message: string }) => void ranges.push(message);
    const ranged =
      options.range === undefined
        ? await withOwnRange(source, { ...reporter, note: say, warn: say })
        : withRange(source, options.range);
    const { equal, decoded, damaged } = await compareImages(ranged, headers, reporter);
    const countOf = (split: string) => entries.filter((entry) => entry.split === split).length;
    return {
      ...{ kind: 'source', path, name, source: kind, images: entries.length },
      ...{ train: countOf('train'), test: countOf('test') },
      labels:
        labelNames?.map((className, label) => ({
          name: className,
          images: entries.filter((entry) => entry.label === label).length,
        })) ?? null,
      sizes: headers.sizes ?? null,
      checked: headers.checked,
      decoded,
      unreadable: [...headers.unreadable, ...damaged].map(({ id, reason }) => ({ id, reason })),
      equal,
      skipped,
      notes: [
        ...(source.notes ?? []).map(({ message }) => message),
        ...ranges,
        ...remarkTexts(headers.remarks, headers.checked),
      ],
    };
  } finally {
    await source.close();
  }
}

interface Compared {
  readonly equal: EqualImages;
  readonly decoded: number;
  readonly damaged: readonly SkippedImage[];
}

/** Counts equal images by their pixels, or by their bytes where decoding would take minutes. */
async function compareImages(
  source: Source,
  headers: SourceHeaders,
  reporter: Reporter,
): Promise<Compared> {
  const { signal } = reporter;
  const text = 'looking for equal images';
  const onProgress = countStage(reporter, { stage: 'inspect', text, unit: 'image' });
  const isFiles = source.kind === 'folder' || source.kind === 'image' || source.kind === 'tar';
  const found = isFiles && (await countEqualPictures(source, headers, { onProgress, signal }));
  if (found) {
    const { count, decoded, damaged } = found;
    return { equal: { count, isExact: true, compared: 'pixels' }, decoded, damaged };
  }
  const equal = await countEqualFiles(source, { onProgress, signal });
  // The bytes of packed sources are pixels.
  return { equal: { ...equal, compared: isFiles ? 'files' : 'pixels' }, decoded: 0, damaged: [] };
}
