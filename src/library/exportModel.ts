/**
 * Exporting a run's encoder: written under a temporary name, compared with the engine, then
 * renamed.
 */
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { featuresOf, normalizeRows } from '../cluster/index.ts';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import type { Reporter, ReporterOptions } from '../core/reporter.ts';
import { openSource } from '../data/index.ts';
import {
  checkExport,
  EXPORT_INPUT,
  EXPORT_OUTPUT,
  type ExportedEncoder,
  encoderShapes,
  exportEncoder,
  exportMetadata,
  exportModel,
  featureEncoder,
  headShapes,
  type ModelSettings,
  withWeights,
} from '../encoders/index.ts';
import {
  encodeSafetensors,
  makeFolder,
  removeAbandoned,
  requireReplaceable,
  reserveTemporary,
  type Tensors,
  WRITE_FLAGS,
  writeFailure,
  writeFileAtomic,
} from '../formats/index.ts';
import type { Run, TrainedRun } from '../run/index.ts';
import { reporterFor } from './images.ts';
import { checkOptions } from './options.ts';
import { evaluationPixels, withEncoder } from './runEncoder.ts';

/**
 * An encoder in an ONNX file, from images [batch, 3, s, s] (float32, 0 to 1) to features [batch, D]
 * of length 1.
 */
export interface ExportedOnnx {
  /** Absolute path. */
  readonly file: string;
  /** Names of input and output. */
  readonly input: string;
  readonly output: string;
  /** Side s of the images, in pixels. */
  readonly imageSize: number;
  /** D */
  readonly dimension: number;
  /** Comparison with the training engine. */
  readonly check: {
    readonly on: 'images' | 'noise';
    readonly count: number;
    readonly largestDifference: number;
  };
}

/** Weights in a safetensors file. */
export interface ExportedWeights {
  /** Absolute path. */
  readonly file: string;
  readonly tensors: number;
  /** Values of all tensors together. */
  readonly numbers: number;
}

/** Images that the exported model is compared on. */
const COMPARED = 3;
/** Files that are tried per compared image, because some may be unreadable. */
const TRIED_PER_IMAGE = 8;
/** Largest difference of a value of a unit feature that is put down to rounding. */
const TOLERANCE = 1e-3;

/**
 * Exports the encoder as ONNX and compares it with the training engine.
 *
 * @throws LikenessError `export.differs` where the two differ; nothing is written then.
 */
export async function exportOnnx(
  run: Run,
  file: string,
  options: ReporterOptions = {},
): Promise<ExportedOnnx> {
  checkOptions({}, options);
  await makeFolder(dirname(file));
  await requireReplaceable(file);
  const reporter = reporterFor(options);
  const report = (text: string) => reporter.progress({ stage: 'export', text });
  report('building the ONNX model');
  const { base } = run.kind === 'trained' ? run.config : {};
  if (base) {
    const message =
      `the file gives the features of ${base.model}. Its head assigns images in the run, and a ` +
      '.safetensors file has the weights of the head';
    reporter.note({ code: 'export.head', message });
  }
  const { model, dimension, size } = modelFileOf(run);
  report('reading images to compare on');
  const images = await imagesToCompare(run, reporter);
  report('embedding the images with the training engine');
  const raw = await withEncoder(run, { batchSize: COMPARED }, (encoder) =>
    encoder.embedViews(images.pixels),
  );
  const expected = normalizeRows(featuresOf(raw, dimension)).data; // [3, D]

  await removeAbandoned(file);
  const { temporary: unchecked, release } = reserveTemporary(file);
  try {
    await writeUnchecked(file, unchecked, model);
    report('comparing the ONNX model');
    options.signal?.throwIfAborted();
    const difference = await checkExport(unchecked, { ...images, expected, count: COMPARED, size });
    if (!(difference <= TOLERANCE)) {
      throw new LikenessError(
        'export.differs',
        `${file}: the exported model's features differ from the training engine's by ` +
          `${difference.toExponential(1)}; expected at most ${TOLERANCE}. Nothing was ` +
          'written; please report this.',
      );
    }
    await rename(unchecked, file).catch((error) => {
      throw writeFailure(file, error);
    });
    return {
      file: resolve(file),
      ...{ input: EXPORT_INPUT, output: EXPORT_OUTPUT, imageSize: size, dimension },
      check: { on: images.kind, count: COMPARED, largestDifference: difference },
    };
  } finally {
    await rm(unchecked, { force: true });
    release();
  }
}

/** Writes a model under a temporary name, and flushes it to the disk. */
async function writeUnchecked(file: string, unchecked: string, model: Uint8Array): Promise<void> {
  try {
    await writeFile(unchecked, model, { flag: WRITE_FLAGS, flush: true });
  } catch (error) {
    throw writeFailure(file, error);
  }
}

/** Builds the ONNX model of either kind of run. */
function modelFileOf(run: Run): ExportedEncoder {
  if (run.kind === 'trained') {
    const { base, origin } = run.config;
    if (base && run.base) {
      const { size } = base.input;
      return featureEncoder({ name: 'model', settings: base }).exportOnnx({
        ...{ size, tensors: run.base },
      });
    }
    if (origin && run.origin) return exportFineTuned(run, origin, run.origin);
    return exportEncoder(run.config.settings, run.state, { 'likeness.step': String(run.step) });
  }
  const { encoder, imageSize: size } = run.config;
  return featureEncoder(encoder).exportOnnx({ size, tensors: run.tensors });
}

/** Builds the file of a model with the weights that a run has trained. */
function exportFineTuned(
  { state, step, config, view }: TrainedRun,
  settings: ModelSettings,
  { model }: Tensors,
): ExportedEncoder {
  const data = withWeights(model!.data as Uint8Array, state);
  const { size, resize = size, fit = 'crop' } = view.input ?? { size: view.imageSize };
  return exportModel({
    settings: { ...settings, input: { ...settings.input, size, resize, fit } },
    tensors: { model: { dtype: 'uint8', shape: [data.length], data } },
    metadata: {
      'likeness.method': config.settings.method.name,
      'likeness.model': settings.model,
      'likeness.step': String(step),
    },
  });
}

/**
 * Reads pixels [3, 3, s, s] of images of the run's source, or makes noise where the source is gone.
 */
async function imagesToCompare(
  { config, view }: Run,
  reporter: Reporter,
): Promise<{ kind: 'images' | 'noise'; pixels: Uint8Array }> {
  const { imageSize, seed } = view;
  const pixels = new Uint8Array(COMPARED * 3 * imageSize ** 2);
  const random = randomAt(seed, 'synthetic');
  let found = 0;
  try {
    const source = await openSource(config.source.path, {
      ...config.source,
      labels: 'none',
      signal: reporter.signal,
    });
    try {
      const { length } = source.entries;
      const tried = Math.min(length, TRIED_PER_IMAGE * COMPARED);
      for (let i = 0; i < tried && found < COMPARED; i++) {
        reporter.signal.throwIfAborted();
        const image = source.read(Math.floor((i * length) / tried));
        const pixelsOf = await image
          .then((read) => evaluationPixels(read, view, reporter.signal))
          .catch(() => undefined);
        if (pixelsOf) pixels.set(pixelsOf, found++ * pixelsOf.length);
      }
    } finally {
      await source.close();
    }
  } catch (error) {
    reporter.signal.throwIfAborted();
    reporter.warn({
      code: 'export.noise',
      message: `comparing on noise, because the run's images cannot be read: ${reasonOf(error)}`,
    });
  }
  const from = found < COMPARED ? 0 : pixels.length;
  for (let i = from; i < pixels.length; i++) pixels[i] = random.integer(256);
  return { kind: found < COMPARED ? 'noise' : 'images', pixels };
}

/**
 * Exports the encoder's weights, those of a trained network under torchvision's names. Of a head on
 * a pretrained model these are the head's weights, with `mean` and `deviation` of the features that
 * it reads.
 */
export async function exportWeights(run: Run, file: string): Promise<ExportedWeights> {
  await makeFolder(dirname(file));
  const { tensors, metadata } = weightsOf(run);
  await writeFileAtomic(file, encodeSafetensors(tensors, metadata));
  const numbers = Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0);
  return { file: resolve(file), tensors: Object.keys(tensors).length, numbers };
}

/** Tensors of the weights file, and its metadata. */
function weightsOf(run: Run): { tensors: Tensors; metadata: Record<string, string> } {
  if (run.kind === 'features') {
    const { name, settings } = run.config.encoder;
    const metadata = {
      'likeness.method': name,
      'likeness.settings': JSON.stringify(settings),
      'likeness.image_size': String(run.view.imageSize),
    };
    return { tensors: run.tensors, metadata };
  }
  const { settings } = run.config;
  const tensors: Tensors = {};
  if (run.base) {
    const { mean, deviation } = run.base;
    Object.assign(tensors, { mean, deviation });
  }
  const shapes = run.config.base
    ? [...headShapes(settings)].map(([name, shape]) => ({ name, shape }))
    : encoderShapes(settings);
  for (const { name, shape } of shapes) {
    const data = run.state[name];
    if (!data) throw new LikenessError('encoder.incomplete', `the checkpoint has no "${name}"`);
    tensors[name] = { dtype: 'float32', shape, data };
  }
  const own = { ...exportMetadata(settings), 'likeness.step': String(run.step) };
  return { tensors, metadata: { format: 'pt', ...own } };
}
