/**
 * Exporting a run as a folder of the hub's layout, which transformers.js opens for
 * `image-feature-extraction`, and likeness as an encoder.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import type { ReporterOptions } from '../core/reporter.ts';
import { displayPath } from '../core/text.ts';
import { version } from '../core/version.ts';
import { EXPORT_OUTPUT, type Precision, precisions, withOutputAliases } from '../encoders/index.ts';
import { makeFolder, readRegularText, writeFileAtomic } from '../formats/index.ts';
import { type Run, readEvaluationIfValid } from '../run/index.ts';
import type { EvaluationSpec } from '../views/index.ts';
import { planExport } from './exportModel.ts';
import { hubCard } from './hubCard.ts';
import { checkOptions, path } from './options.ts';
import { type ExportedOnnx, writeOnnx } from './writeOnnx.ts';

export interface ExportHubOptions extends ReporterOptions {
  /** Clustering of the output `clusters`. Default: that of the run's own images. */
  clustering?: string;
}

/** A folder of the hub's layout. */
export interface ExportedHub {
  /** Absolute path. */
  readonly folder: string;
  /** Paths of its files, relative to it. */
  readonly files: readonly string[];
  /** The models, one for each precision. */
  readonly models: readonly ExportedOnnx[];
}

/** Kind of the model in config.json. No library has a network of this name. */
const MODEL_TYPE = 'likeness';
const CARD = 'README.md';

/** Files of the models, under the names that transformers.js gives to `fp32`, `fp16` and `q8`. */
export const hubModels: Readonly<Record<Precision, string>> = {
  fp32: 'onnx/model.onnx',
  fp16: 'onnx/model_fp16.onnx',
  int8: 'onnx/model_quantized.onnx',
};

/** Names of the features that the pipeline reads, without and with `pool`. */
const ALIASES = ['image_embeds', 'pooler_output'];

/**
 * Writes config.json, preprocessor_config.json, the models in all precisions, and a card.
 *
 * An earlier export is replaced but for its card, which a person may have edited.
 *
 * @throws LikenessError `export.folder` for a folder with other files, and those of `exportOnnx`
 */
export async function exportHub(
  run: Run,
  folder: string,
  options: ExportHubOptions = {},
): Promise<ExportedHub> {
  checkOptions({ clustering: path() }, options);
  await requireOwnFolder(folder);
  const plan = await planExport(run, options);
  const { model, names, reporter } = plan;
  const { dimension } = model;
  const files: string[] = [];
  const write = async (name: string, content: string | object) => {
    const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`;
    await writeFileAtomic(join(folder, name), text);
    files.push(name);
  };
  await makeFolder(folder);
  // First, because it marks the folder as one that an interrupted export may write again.
  await write('config.json', {
    ...{ model_type: MODEL_TYPE, likeness_version: version },
    ...{ method: run.method, step: run.step, image_size: model.size, hidden_size: dimension },
    ...(names.length > 0 && {
      id2label: Object.fromEntries(names.map(({ name }, i) => [i, name])),
    }),
  });
  await write(
    'preprocessor_config.json',
    preprocessorConfig(run.view.input ?? { size: run.view.imageSize }),
  );
  await makeFolder(join(folder, 'onnx'));
  const aliased = withOutputAliases(model.model, {
    ...{ output: EXPORT_OUTPUT, shape: ['batch', dimension], names: ALIASES },
  });
  const models: ExportedOnnx[] = [];
  for (const precision of precisions) {
    const file = hubModels[precision];
    const parts = { ...plan, model: { ...model, model: aliased }, precision };
    models.push(await writeOnnx(run, join(folder, file), parts));
    files.push(file);
  }
  if (existsSync(join(folder, CARD))) {
    const message = `${displayPath(join(folder, CARD))} stays as it is`;
    reporter.note({ code: 'export.card', message });
    files.push(CARD);
  } else {
    const scores = await readEvaluationIfValid(run.folder.files.evaluation);
    const title = basename(resolve(folder));
    await write(CARD, hubCard({ run, title, models, names, ...(scores && { scores }) }));
  }
  return { folder: resolve(folder), files: files.sort(), models };
}

/** Refuses a folder that holds other files than an earlier export. */
async function requireOwnFolder(folder: string): Promise<void> {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found || (found.isDirectory() && readdirSync(folder).length === 0)) return;
  try {
    const config = JSON.parse(await readRegularText(join(folder, 'config.json')));
    if (config?.model_type === MODEL_TYPE) return;
  } catch {
    // Without a config.json that can be read, the folder is another one.
  }
  const what = found.isDirectory() ? 'a folder that holds other files' : 'a file';
  throw new LikenessError(
    'export.folder',
    `${displayPath(folder)}: received ${what}; expected a new or empty folder, or an earlier ` +
      'export. Name another folder.',
  );
}

/**
 * Preparation of images as the processors of transformers read it. Colors are normalized in the
 * model, so pixels from 0 to 1 remain.
 *
 * The filter is Lanczos whatever that of the run: transformers.js has no antialiasing for the
 * others. likeness reads the run's own filter from the model.
 */
export function preprocessorConfig({ size, resize = size, fit = 'crop' }: EvaluationSpec): object {
  return {
    image_processor_type: 'CLIPImageProcessor',
    do_convert_rgb: true,
    do_resize: true,
    size: fit === 'crop' ? { shortest_edge: resize } : { height: resize, width: resize },
    resample: LANCZOS,
    do_center_crop: true,
    crop_size: { height: size, width: size },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: false,
  };
}

/** Pillow's number of the filter. */
const LANCZOS = 1;
