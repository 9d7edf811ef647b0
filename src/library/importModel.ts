/** Runs made of checkpoints of PyTorch. */
import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import { z } from 'zod';
import type { ReporterOptions } from '../core/reporter.ts';
import { displayPath } from '../core/text.ts';
import { checkpointModel } from '../encoders/index.ts';
import { stems } from '../nn/index.ts';
import {
  claimRunFolder,
  clearLeftovers,
  type FeaturesConfig,
  featuresRunOf,
  requireFree,
  writeEncoder,
  writeRunConfig,
} from '../run/index.ts';
import { reporterFor } from './images.ts';
import { type FeaturesModel, modelOf } from './model.ts';
import { checkOptions, commandLine, oneOf, path } from './options.ts';

export interface ImportOptions extends ReporterOptions {
  /** Folder of the run. Default `runs/<date>-model-<file>`. */
  out?: string;
  /** Side of the images, in pixels. Default 224, or 32 where the first convolution is 3 x 3. */
  size?: number;
  /** Shorter side before cropping, in pixels. Default: `size` / 0.875 from 128 px on. */
  resize?: number;
  /** First layers, where a 3 x 3 convolution does not tell its stride. Default `cifar`: 1. */
  stem?: (typeof stems)[number];
  /** Mean of the colors, red, green and blue from 0 to 1. Default: as such files are trained. */
  mean?: readonly [number, number, number];
  /** Deviation of the colors, as `mean`. */
  std?: readonly [number, number, number];
  /** Command line that asks for this, for programs that have one. It is stored with the run. */
  command?: string;
}

/** A run that was made of a checkpoint. */
export interface ImportResult {
  readonly model: FeaturesModel;
  /** Architecture, such as `resnet50 of width 64`. */
  readonly network: string;
  /** Place of its weights in the file, empty for the outermost names. */
  readonly place: string;
  /** Number of tensors that are used. */
  readonly used: number;
  /** Tensors that are not, by the first part of their names, such as `projection_head`. */
  readonly left: Readonly<Record<string, number>>;
  readonly imageSize: number;
  /** D */
  readonly dimension: number;
}

/** Largest side of an image of a run, in pixels. */
const MAX_SIDE = 2048;
const side = z
  .number()
  .int()
  .min(1)
  .max(MAX_SIDE, { error: `expected a whole number from 1 to ${MAX_SIDE}` })
  .optional();
const triple = (least: number) => {
  const error = `expected three numbers from ${least} to 1, for red, green and blue`;
  const number = z.number({ error }).min(least, { error }).max(1, { error });
  return z.tuple([number, number, number], { error }).readonly().optional();
};
/** Smallest deviation that pixels are divided by. */
const MIN_DEVIATION = 0.001;

/**
 * Makes a run of a checkpoint, a file of `torch.save` of either kind or of safetensors:
 * SwAV, DeepCluster, DeepCluster-v2, PCL, HCSC, MoCo, Contrastive Clustering, and ResNets of
 * torchvision and timm. The run clusters, evaluates, embeds, assigns and exports as any other.
 *
 * Nothing that the file names is run. Notes tell which weights were found, and what is left over.
 *
 * @example
 * const { model } = await importModel('swav_800ep.pth.tar', { out: 'runs/swav' });
 * const groups = await model.cluster('photos');
 * @throws LikenessError `import.*` for files without such a network, `torch.*`, `safetensors.*`,
 * `run.exists`, `write.*`, `option.*`
 */
export async function importModel(
  file: string,
  options: ImportOptions = {},
): Promise<ImportResult> {
  checkOptions(
    {
      ...{ out: path(), size: side, resize: side, stem: oneOf(stems) },
      ...{ mean: triple(0), std: triple(MIN_DEVIATION), command: commandLine },
    },
    options,
  );
  const { out, size, resize, stem, mean, std, command } = options;
  const reporter = reporterFor(options);
  if (out !== undefined) {
    await clearLeftovers(out);
    await requireFree(out);
  }
  reporter.progress({ stage: 'import', text: `reading ${displayPath(file)}` });
  const found = await checkpointModel(file, {
    ...(size !== undefined && { size }),
    ...(resize !== undefined && { resize }),
    ...(stem !== undefined && { stem }),
    ...(mean && { mean }),
    ...(std && { std }),
  });
  const { settings, tensors, notes, ...about } = found;
  for (const message of notes) reporter.note({ code: 'import.model', message });
  reporter.signal.throwIfAborted();
  const config: FeaturesConfig = {
    ...{ kind: 'features', encoder: { name: 'model', settings }, imageSize: settings.input.size },
    ...{ seed: 0, workers: 1, threads: availableParallelism() },
    source: { path: resolve(file), name: basename(file), kind: 'checkpoint' },
    ...{ split: 'train', images: 0, notes: [...notes] },
    ...(command !== undefined && { command }),
  };
  const { folder, lock } = await claimRunFolder({
    ...{ out, source: file, kind: 'features', method: 'model' },
    date: new Date().toISOString().slice(0, 10),
  });
  try {
    reporter.progress({ stage: 'import', text: 'writing the run' });
    await writeRunConfig(folder, config);
    await writeEncoder(folder.files.weights, config, tensors);
  } finally {
    lock.release();
  }
  const model = modelOf(featuresRunOf(folder, config, tensors)) as FeaturesModel;
  const { size: imageSize } = settings.input;
  return { model, ...about, imageSize, dimension: settings.dimension };
}
