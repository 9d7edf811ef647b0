/** Training an encoder on images. */
import { z } from 'zod';
import { type Communicator, graceText } from '../collectives/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { ReporterOptions } from '../core/reporter.ts';
import type { OpenImages } from '../data/index.ts';
import { isHubId, parseModelName, pinnedHubId } from '../encoders/index.ts';
import {
  type Method,
  methodNamed,
  presets,
  registerMethod,
  type SettingsPatch,
  settingsFor,
} from '../methods/index.ts';
import {
  isRunFolder,
  openRunFolder,
  openTrainedRun,
  readRunConfig,
  readStoredSource,
  storedModel,
} from '../run/index.ts';
import {
  checkTrainRequest,
  recipeReach,
  requireNetwork,
  type TrainEvent,
  trainOnRanks,
  trainRun,
} from '../train/index.ts';
import { type Images, reporterFor, withImages } from './images.ts';
import { modelOf, type TrainedModel } from './model.ts';
import {
  callback,
  checkOptions,
  commandLine,
  flag,
  MAX_MINUTES,
  oneOf,
  path,
  positiveNumber,
  settingsOption,
  splitNames,
  wholeNumber,
} from './options.ts';
import { pretrainedModel } from './pretrainedModel.ts';
import { ranksOfProcess } from './ranks.ts';

export interface TrainOptions extends ReporterOptions {
  /**
   * Method to train, by name or as `defineMethod` made it. Default `simclr`, and for a head on a
   * pretrained model `ensemble`.
   */
  method?: string | Method;
  /**
   * Path of a pretrained model, an ONNX file or a folder as hubs lay them out, or
   * `hub:OWNER/NAME`. A head of the method
   * is trained on its features, and the model itself stays as it is, but with `fineTune`.
   */
  encoder?: string;
  /**
   * Trains the pretrained model itself further, under the method's head. Settings `layerDecay` and
   * `frozenLayers` spare its first layers. Exclusive with `k` and `preset`.
   */
  fineTune?: boolean;
  /** Reads models of the hub from the cache alone. Default false. */
  offline?: boolean;
  /** Number of clusters of such a head. Default: suggested from the features. */
  k?: number;
  /** Recipe of encoder, views and batch. Default: by the size of the images. */
  preset?: string;
  /** Passes over the images. Default: the preset's. Exclusive with `minutes`. */
  epochs?: number;
  /** Approximate duration in minutes. */
  minutes?: number;
  /** Seed of every random draw. Default 0. */
  seed?: number;
  /**
   * Images to train on. Default `train`: the training split, or all images of a source without one.
   */
  split?: 'train' | 'test' | 'all';
  /** Settings that differ from the recipe, such as `{ data: { batchSize: 128 } }`. */
  settings?: SettingsPatch;
  /** Folder of the run. Default `runs/<date>-<method>-<source>`. */
  out?: string;
  /**
   * Resumes the run in `out` from its newest intact checkpoint. A finished run of
   * `epochs` is trained longer with more of them, and one of `minutes` with more minutes.
   */
  resume?: boolean;
  /** Restarts a failed run from its last healthy checkpoint with a remedy, up to three times. */
  autoRemedy?: boolean;
  /**
   * Fractions of the training, above 0 and below 1, after which the encoder is saved as a snapshot.
   */
  snapshots?: readonly number[];
  /** Writes the compiled step to step.onnx in the run folder. */
  saveGraph?: boolean;
  /**
   * Command line that asks for this, for programs that have one. It is stored with the results, and
   * the report shows it.
   */
  command?: string;
  /** Receives every event of the training: steps, epochs, checkpoints, verdicts. */
  onEvent?(event: TrainEvent): void;
}

/** A method that `defineMethod` made. */
const isMethod = (value: unknown) =>
  typeof value === 'object' && value !== null && 'program' in value;

/** The name of a method; one that was given as a whole is registered first. */
function nameOf(method: string | Method | undefined): string | undefined {
  if (typeof method !== 'object') return method;
  registerMethod(method);
  return method.name;
}

const fraction = z.number().gt(0).lt(1);
const shape = {
  method: z.union([z.string(), z.custom<Method>(isMethod)]).optional(),
  encoder: path(),
  fineTune: flag,
  offline: flag,
  k: wholeNumber(2),
  preset: path(),
  epochs: wholeNumber(1),
  minutes: positiveNumber(MAX_MINUTES),
  seed: wholeNumber(0),
  split: oneOf(splitNames),
  settings: settingsOption,
  out: path(),
  resume: flag,
  autoRemedy: flag,
  snapshots: z
    .array(fraction, { error: 'expected numbers above 0 and below 1' })
    .readonly()
    .optional(),
  saveGraph: flag,
  command: commandLine,
  onEvent: callback,
};

/**
 * Trains an encoder without labels, or a head on a pretrained one, and writes a run folder.
 *
 * Under `mpirun`, `mpiexec` or `srun` all ranks that call it train one run together: each takes a
 * part of every batch, and rank 0 writes the run (docs/several-machines.md).
 *
 * Aborting `signal` ends the training after its current step with everything saved. The model is
 * then usable, its `training.outcome` is `interrupted`, and `resume` continues it.
 *
 * @example
 * const model = await train('photos', { minutes: 30, out: 'runs/photos' });
 * @example
 * const headed = await train('photos', { encoder: 'dinov2-small', k: 20, out: 'runs/photos' });
 * @example
 * const tuned = await train('photos', { encoder: 'model.onnx', fineTune: true, method: 'simclr' });
 * @throws LikenessError `ranks.*`, `mpi.*`, `option.*`, `settings.invalid`, `source.*`, `run.exists`, `resume.*`, and
 * `train.unwell` where the doctor stops the run and no remedy is left.
 */
export async function train(
  images: Images | string,
  options: TrainOptions = {},
): Promise<TrainedModel> {
  checkOptions(shape, options);
  const { resume, out } = options;
  const stored = resume && out !== undefined ? await readStoredSource(out) : undefined;
  const reporter = reporterFor(options);
  const work = async (opened: OpenImages) => {
    const communicator = await ranksOfProcess();
    const message = communicator?.rank === 0 ? graceText() : undefined;
    if (message) reporter.note({ code: 'ranks.grace', message });
    return trainImages(opened, options, { communicator });
  };
  return withImages(images, work, { reporter, stored });
}

/** Id of the commit that a run was started with, where it is resumed with the same hub id. */
async function pinned(path: string, { resume, out }: TrainOptions): Promise<string> {
  if (!resume || out === undefined || !isHubId(path) || !(await isRunFolder(out))) return path;
  const hub = storedModel(await readRunConfig(await openRunFolder(out)))?.hub;
  const named = parseModelName(path);
  return hub?.id === named.path ? pinnedHubId(hub) + named.suffix : path;
}

/** Refuses options that do not go with training a model further. */
function checkFineTune({ encoder, fineTune, resume, k, preset, method }: TrainOptions): void {
  if (!fineTune) return;
  const refuse = (what: string, expected: string) => {
    throw new LikenessError('option.conflict', `fineTune: received ${what}; expected ${expected}`);
  };
  if (encoder === undefined && !resume) refuse('no encoder', 'the model to train further');
  const name = nameOf(method);
  if (name !== undefined && methodNamed(name).pairs === 'neighbors') {
    refuse(
      `method "${name}"`,
      'one that trains a network, such as "simclr", because it trains a head',
    );
  }
  if (k !== undefined) {
    refuse(`k ${k}`, 'none, because clusters are made after training. Cluster the run with it');
  }
  if (preset !== undefined) {
    refuse(`preset "${preset}"`, 'none, because a model has layers and an image size of its own');
  }
}

/**
 * Checks the options of a training as far as that is possible without images and model.
 *
 * @throws LikenessError `option.*`, `method.unknown`, `preset.*`, `head.encoder`
 */
export function checkTraining(options: TrainOptions): void {
  checkOptions(shape, options);
  checkFineTune(options);
  checkTrainRequest(options);
  const { method, preset, encoder } = options;
  const name = nameOf(method);
  if (name !== undefined) methodNamed(name);
  if (encoder === undefined) {
    requireNetwork(name);
    settingsFor(preset ?? Object.keys(presets)[0]!, name === undefined ? {} : { method: { name } });
  }
}

/**
 * Trains on open images; the options are checked already.
 *
 * @param communicator ranks that all call it; without them the process trains alone, as a part of
 * other work of the first rank
 */
export async function trainImages(
  images: OpenImages,
  options: TrainOptions,
  { communicator }: { communicator?: Communicator | undefined } = {},
): Promise<TrainedModel> {
  const { onEvent, onProgress, onNote, onWarning, signal, ...given } = options;
  const reporter = reporterFor(options);
  const { encoder: path, fineTune, offline, method, ...others } = given;
  checkFineTune(options);
  const own = path === undefined ? undefined : await pinned(path, options);
  const model = own === undefined ? undefined : await pretrainedModel(own, { offline, reporter });
  const request = {
    ...{ ...others, method: nameOf(method) },
    ...(model && (fineTune ? { origin: model } : { encoder: model })),
  };
  const watching = { reporter, onEvent };
  const session = communicator
    ? await trainOnRanks(images, request, { ...watching, communicator })
    : await trainRun(images, request, watching);
  const { outcome, training, verdict, epochs, folder, config, skipped } = session;
  const { totalSteps, seconds, doctor } = training;
  const made = recipeReach(config.settings, config);
  const recipe = made && {
    ...{ epochs: made.presetEpochs, paperEpochs: made.paperEpochs, images: made.need.images },
  };
  const summary = {
    outcome,
    totalSteps,
    seconds,
    loss: doctor?.loss,
    verdict,
    epochs,
    recipe,
    skipped,
  };
  return modelOf(await openTrainedRun(folder.path), { training: summary });
}
