/** Exporting a run's encoder: built, written under another name, checked against the engine, then given its name. */
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { featuresOf, normalizeRows } from '../cluster/index.ts';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import { showCount } from '../core/text.ts';
import { openSource } from '../data/index.ts';
import {
  checkExport,
  EXPORT_INPUT,
  EXPORT_OUTPUT,
  encoderShapes,
  exportEncoder,
  exportMetadata,
} from '../encoders/index.ts';
import {
  encodeSafetensors,
  makeFolder,
  type StoredTensor,
  writeFailure,
  writeFileAtomic,
} from '../formats/index.ts';
import type { TrainedRun } from '../run/index.ts';
import { required } from './required.ts';
import type { Terminal } from './terminal.ts';
import { evaluationPixels, openRun, withEncoder } from './trainedEncoder.ts';

export interface ExportRequest {
  run?: string;
  to?: string;
}

/** Images that the exported model is compared on. */
const COMPARED = 3;
/** Largest difference of any value of a unit feature that is put down to rounding. */
const TOLERANCE = 1e-3;

/** Exports and returns what `export --json` prints. */
export async function exportRun({ run: path, to }: ExportRequest, terminal: Terminal): Promise<object> {
  const run = await openRun(required('--run', path, 'the folder of a run'), terminal);
  const file = to ?? run.folder.files.encoder;
  const format = formatOf(file);
  await makeFolder(dirname(file));
  const result = format === 'onnx' ? await exportOnnx(run, file, terminal) : await exportWeights(run, file);
  terminal.say(`wrote ${file}: ${result.summary}`);
  const { summary: _, ...rest } = result;
  return { file: resolve(file), format, step: run.checkpoint.info.step, ...rest };
}

function formatOf(file: string): 'onnx' | 'safetensors' {
  const extension = extname(file).toLowerCase();
  if (extension === '.onnx') return 'onnx';
  if (extension === '.safetensors') return 'safetensors';
  throw new LikenessError(
    'export.format',
    `--to: received "${file}"; expected a name that ends in .onnx or .safetensors`,
  );
}

async function exportOnnx(run: TrainedRun, file: string, terminal: Terminal) {
  const { settings } = run.config;
  const { model, dimension, size } = exportEncoder(settings, run.state, {
    'likeness.step': String(run.checkpoint.info.step),
  });
  const images = await imagesToCompare(run, terminal);
  const raw = await withEncoder(run, { batchSize: COMPARED }, (encoder) => encoder.embedViews(images.pixels));
  const expected = normalizeRows(featuresOf(raw, dimension)).data;

  const unchecked = join(dirname(file), `.${basename(file)}.${process.pid}-0.tmp`);
  await writeFileAtomic(unchecked, model);
  try {
    const difference = await checkExport(unchecked, { ...images, expected, count: COMPARED, size });
    if (!(difference <= TOLERANCE)) {
      throw new LikenessError(
        'export.differs',
        `${file}: the exported model's features differ from the training engine's by ${difference.toExponential(1)}; expected at most ${TOLERANCE}. Nothing was written; please report this.`,
      );
    }
    await rename(unchecked, file).catch((error) => {
      throw writeFailure(file, error);
    });
    return {
      summary: `${EXPORT_INPUT} [batch, 3, ${size}, ${size}] (float32, 0 to 1) to ${EXPORT_OUTPUT} [batch, ${dimension}] of length 1; differs from the training engine by at most ${difference.toExponential(1)} on ${COMPARED} ${images.kind === 'images' ? 'images of the source' : 'pictures of noise'}`,
      input: EXPORT_INPUT,
      output: EXPORT_OUTPUT,
      imageSize: size,
      dimension,
      check: { on: images.kind, count: COMPARED, largestDifference: difference },
    };
  } finally {
    await rm(unchecked, { force: true });
  }
}

/** Pixels [3, 3, s, s] of images of the run's source, or noise where the source cannot be read any more. */
async function imagesToCompare(
  { config }: TrainedRun,
  terminal: Terminal,
): Promise<{ kind: 'images' | 'noise'; pixels: Uint8Array }> {
  const { imageSize, seed } = config.settings;
  const pixels = new Uint8Array(COMPARED * 3 * imageSize ** 2);
  const random = randomAt(seed, 'synthetic');
  let found = 0;
  try {
    const source = await openSource(config.source.path);
    try {
      const { length } = source.entries;
      // Some more than needed are tried: a few may be unreadable.
      for (let i = 0; i < Math.min(length, 8 * COMPARED) && found < COMPARED; i++) {
        const image = source.read(Math.floor((i * length) / Math.min(length, 8 * COMPARED)));
        const view = await image.then((read) => evaluationPixels(read, config)).catch(() => undefined);
        if (view) pixels.set(view, found++ * view.length);
      }
    } finally {
      await source.close();
    }
  } catch (error) {
    terminal.warn(`comparing on noise, since the run's images cannot be read: ${reasonOf(error)}`);
  }
  const from = found < COMPARED ? 0 : pixels.length;
  for (let i = from; i < pixels.length; i++) pixels[i] = random.integer(256);
  return { kind: found < COMPARED ? 'noise' : 'images', pixels };
}

async function exportWeights({ config, state, checkpoint }: TrainedRun, file: string) {
  const tensors: Record<string, StoredTensor> = {};
  let parameters = 0;
  for (const { name, shape } of encoderShapes(config.settings)) {
    const data = state[name];
    if (!data) throw new LikenessError('encoder.incomplete', `the checkpoint has no "${name}"`);
    tensors[name] = { dtype: 'float32', shape, data };
    parameters += data.length;
  }
  const metadata = {
    format: 'pt',
    ...exportMetadata(config.settings),
    'likeness.step': String(checkpoint.info.step),
  };
  await writeFileAtomic(file, encodeSafetensors(tensors, metadata));
  const count = Object.keys(tensors).length;
  return {
    summary: `${count} tensors, ${showCount(parameters)} numbers, under torchvision's names`,
    tensors: count,
    numbers: parameters,
  };
}
