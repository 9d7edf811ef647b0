/** An open run of either kind, with everything that is done with an encoder after it is learned. */
import { LikenessError } from '../core/errors.ts';
import {
  featureEncoder,
  headedEncoder,
  headShapes,
  type ImageEncoder,
  networkShapes,
  trainedEncoder,
  trainingName,
  viewOf,
} from '../encoders/index.ts';
import type { Tensors } from '../formats/index.ts';
import { cacheSizeFor } from '../methods/index.ts';
import type { EvaluationSpec } from '../views/index.ts';
import { readBase, trainedCacheSize } from './base.ts';
import {
  type Checkpoint,
  type DamagedCheckpoint,
  listCheckpoints,
  loadCheckpoint,
  loadLatestCheckpoint,
  stateOf,
} from './checkpoint.ts';
import { maxCheckpointBytes, requireOwnSettings, requireShapes } from './checkState.ts';
import { readEncoder } from './encoderFile.ts';
import type { RunFolder } from './files.ts';
import { openRunFolder } from './folder.ts';
import { isMissing } from './json.ts';
import { clusterAgain } from './nextSteps.ts';
import { originView, readOrigin } from './origin.ts';
import { type FeaturesConfig, readRunConfig, type TrainedConfig } from './runConfig.ts';
import { settingsHash } from './settingsHash.ts';
import { type OpenEncoderOptions, storingEncoder } from './storingEncoder.ts';

/** Reading of images for an encoder, and the threads that it runs on. */
export interface RunView {
  /** Side of the evaluation view, in pixels. */
  readonly imageSize: number;
  /** Evaluation view, where it is another than the central square of that side. */
  readonly input?: EvaluationSpec;
  /** Side of the cached images that views are cut from, in pixels. */
  readonly cacheSize: number;
  /** Worker threads that make the views. */
  readonly workers: number;
  /** Threads of the runtime. */
  readonly threads: number;
  readonly seed: number;
}

interface AnyRun {
  readonly folder: RunFolder;
  /** Name of the method, or of the encoder without training. */
  readonly method: string;
  /** Training steps of the encoder; 0 without training. */
  readonly step: number;
  /** Epochs of training, rounded down. */
  readonly epoch: number;
  readonly view: RunView;
  /** Newer checkpoints that were skipped because they are cut off or changed. */
  readonly damaged: readonly DamagedCheckpoint[];
  openEncoder(options: OpenEncoderOptions): Promise<ImageEncoder>;
}

/** A run that trained a network, at one of its checkpoints. */
export interface TrainedRun extends AnyRun {
  readonly kind: 'trained';
  readonly config: TrainedConfig;
  readonly checkpoint: Checkpoint;
  /** Values by name. */
  readonly state: Readonly<Record<string, Float32Array>>;
  /** Bytes of the pretrained model, and the standardization of its features, of a head. */
  readonly base?: Tensors;
  /** File of the pretrained model that was trained further. */
  readonly origin?: Tensors;
}

/** A run whose encoder needs no training. */
export interface FeaturesRun extends AnyRun {
  readonly kind: 'features';
  readonly config: FeaturesConfig;
  /** Learned tensors by name. */
  readonly tensors: Tensors;
}

export type Run = TrainedRun | FeaturesRun;

/**
 * Opens a run with its newest intact checkpoint, or with its learned tensors.
 *
 * @throws LikenessError `run.missing`, `config.*`, `run.noCheckpoint`, `encoder.*`
 */
export async function openRun(path: string): Promise<Run> {
  const folder = await openRunFolder(path);
  const config = await readRunConfig(folder);
  return config.kind === 'trained' ? openTrained(folder, config) : openFeatures(folder, config);
}

/** Opens a run that trained a network. @throws LikenessError `run.untrained` for another kind */
export async function openTrainedRun(path: string): Promise<TrainedRun> {
  const run = await openRun(path);
  if (run.kind === 'trained') return run;
  throw new LikenessError(
    'run.untrained',
    `${path}: received a run of the encoder "${run.method}"; expected one that was trained`,
  );
}

async function openTrained(folder: RunFolder, config: TrainedConfig): Promise<TrainedRun> {
  const origin = await readOrigin(folder, config);
  const { checkpoint, damaged } = await loadLatestCheckpoint(folder.files.checkpoints, {
    maxBytes: maxCheckpointBytes(folder, config),
  });
  if (!checkpoint) {
    const why =
      damaged.length > 0
        ? `all ${damaged.length} are damaged (${damaged[0]!.reason})`
        : 'there is none yet';
    throw new LikenessError(
      'run.noCheckpoint',
      `${folder.path} has no usable checkpoint: ${why}. Train first: ` +
        '`train(images, { out, resume: true })`.',
    );
  }
  const base = await readBase(folder, config);
  return trainedRunAt({ folder, config, base, origin, damaged }, checkpoint);
}

function trainedRunAt(
  {
    folder,
    config,
    base,
    origin,
    damaged,
  }: Pick<TrainedRun, 'folder' | 'config' | 'damaged'> & {
    base: Tensors | undefined;
    origin: Tensors | undefined;
  },
  checkpoint: Checkpoint,
): TrainedRun {
  const { settings, threads } = config;
  requireOwnSettings(folder, config, checkpoint);
  requireShapes(checkpoint, new Map([...networkShapes(settings), ...headShapes(settings)]));
  const { step, epoch } = checkpoint.info;
  const state = stateOf(checkpoint.tensors);
  const { base: model } = config;
  const own = model && viewOf(model.input);
  const input = own ?? originView(config);
  return {
    ...{ kind: 'trained', folder, config, checkpoint, state, damaged, step, epoch },
    ...(base && { base }),
    ...(origin && { origin }),
    method: settings.method.name,
    view: {
      imageSize: settings.data.imageSize,
      ...(input && { input }),
      cacheSize: trainedCacheSize(config),
      workers: settings.run.workers,
      threads,
      seed: settings.run.seed,
    },
    openEncoder:
      base && model
        ? (options) => headedEncoder({ settings, state, model, tensors: base, ...options })
        : storingEncoder(
            {
              model: `a network trained by ${settings.method.name}`,
              settings: { settings: settingsHash(settings), input: input ?? null },
              tensors: checkpoint.tensors,
            },
            (options) =>
              trainedEncoder({ settings, state, view: input, ...titleOf(config), ...options }),
          ),
  };
}

/** Title of a model that was trained further; other networks have that of trained encoders. */
function titleOf({ settings, origin }: TrainedConfig): { title?: string } {
  return origin ? { title: trainingName(settings.method.name, { origin }) } : {};
}

async function openFeatures(folder: RunFolder, config: FeaturesConfig): Promise<FeaturesRun> {
  const tensors = await readEncoder(folder.files.weights, config).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    throw new LikenessError(
      'run.noEncoder',
      `${folder.path} was stopped before its encoder was learned. Continue with ` +
        '`start(images, { out })`.',
    );
  });
  return featuresRunOf(folder, config, tensors);
}

/** Describes a run whose tensors are known. */
export function featuresRunOf(
  folder: RunFolder,
  config: FeaturesConfig,
  tensors: Tensors,
): FeaturesRun {
  const { encoder, imageSize, workers, threads, seed } = config;
  const own = featureEncoder(encoder);
  return {
    ...{ kind: 'features', folder, config, tensors, damaged: [], step: stepOf(encoder), epoch: 0 },
    method: encoder.name,
    view: {
      ...{ imageSize, cacheSize: featuresCacheSize(config), workers, threads, seed },
      ...(own.input && { input: own.input }),
    },
    openEncoder: own.isLearned
      ? storingEncoder({ model: own.title, settings: { encoder, imageSize }, tensors }, (options) =>
          own.open({ size: imageSize, tensors, ...options }),
        )
      : (options) => own.open({ size: imageSize, tensors, ...options }),
  };
}

/**
 * Step that clusterings of an encoder name: 0 for the first encoder of a run, and that of the
 * network where it was trained longer, which makes the clusters of before stale.
 */
function stepOf(encoder: FeaturesConfig['encoder']): number {
  const network = encoder.name === 'joined' ? encoder.settings.network : undefined;
  return network?.isLonger ? network.step : 0;
}

/** Side of the cached images, in pixels: of those that the encoder's view is cut from. */
export function featuresCacheSize({
  encoder,
  imageSize,
}: Pick<FeaturesConfig, 'encoder' | 'imageSize'>): number {
  const { resize = imageSize } = featureEncoder(encoder).input ?? {};
  return Math.max(cacheSizeFor(imageSize), resize);
}

/**
 * Opens a run at the step that its clusters were made at, which need not be the newest.
 *
 * @throws LikenessError `clustering.stale` where that checkpoint is gone
 */
export async function runAtStep(run: Run, step: number): Promise<Run> {
  if (run.step === step) return run;
  const { folder } = run;
  const files = run.kind === 'trained' ? await listCheckpoints(folder.files.checkpoints) : [];
  const found = files.find((file) => file.step === step);
  if (run.kind === 'features' || !found) {
    throw new LikenessError(
      'clustering.stale',
      `the clusters of ${folder.path} were made at step ${step}, whose checkpoint is gone; the ` +
        `newest is of step ${run.step}. ${clusterAgain}`,
    );
  }
  const { config, damaged, base, origin } = run;
  const checkpoint = await loadCheckpoint(found.file, {
    maxBytes: maxCheckpointBytes(folder, config),
  });
  return trainedRunAt({ folder, config, base, origin, damaged }, checkpoint);
}
