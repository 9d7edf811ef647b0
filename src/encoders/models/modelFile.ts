/** Opens a model by its file, or by a folder as hubs lay them out, and finds how to use it. */
import { createHash } from 'node:crypto';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { LikenessError } from '../../core/errors.ts';
import { displayPath } from '../../core/text.ts';
import { readRegular, type Tensors } from '../../formats/index.ts';
import {
  checksumOf,
  type HubModel,
  type HubModelOptions,
  isHubId,
  openHubModel,
  parseHubId,
} from '../hub/index.ts';
import { folderOf } from './description.ts';
import { findInput } from './findInput.ts';
import type { ImageInput } from './imageInput.ts';
import { readModelBytes } from './modelBytes.ts';
import { fileHashes } from './modelDifference.ts';
import { type ModelPlace, parseModelName } from './modelName.ts';
import { chooseOutput, pooledLength, type SeenOutput } from './modelOutput.ts';
import { openModelSession } from './modelSession.ts';
import { MODEL_TENSOR, type ModelSettings, POOLED_BY } from './onnxModel.ts';

export interface ModelFileOptions extends HubModelOptions {
  /** Output by name. Default: chosen by rule. */
  output?: string;
  /** Parts of the input that the files of the model do not tell, or tell wrongly. */
  input?: Partial<ImageInput>;
  threads?: number;
}

export interface ModelFile {
  readonly settings: ModelSettings;
  readonly tensors: Tensors;
  /** Sentences that tell what was found and what was assumed. */
  readonly notes: readonly string[];
  readonly place: ModelPlace;
}

/**
 * Places of the model within a folder, the best first. A folder with a file for images alone has
 * one for images and text beside it.
 */
const PLACES = [
  'onnx/vision_model.onnx',
  'onnx/model.onnx',
  'model.onnx',
  'onnx/model_fp16.onnx',
  'onnx/model_quantized.onnx',
  'onnx/model_int8.onnx',
  'onnx/vision_model_quantized.onnx',
];
const WIDENED = 'It is stored in half precision and runs in float32, with the same weights.';

/**
 * Opens a model and finds its input and output.
 *
 * `hub:OWNER/NAME[@REVISION][#FILE]` names a model of the hub, which comes from the cache folder of
 * the hub's tools, and is downloaded into it first where it is not there. Nothing else makes a
 * request.
 *
 * Size, channels, scale, mean, deviation and cropping come from `options`, else from the name,
 * where they stand behind a question mark (`model.onnx?size=96&output=tokens`), else from
 * `preprocessor_config.json` or timm's `config.json` beside the model, else from the model: its
 * fixed size, and colors as they are where its first operators normalize them. Of a bare file, what
 * is still unknown is taken as usual (224 px, ImageNet's mean and deviation), and a note says so. A
 * file beside the model that leaves out a part which nothing else tells is an error that names it.
 *
 * @throws LikenessError `encoder.file`, `encoder.input`, `encoder.output`, `encoder.preprocessor`,
 * `hub.*`
 */
export async function openModelFile(
  name: string,
  options: ModelFileOptions = {},
): Promise<ModelFile> {
  const { output, input: parts, threads, ...hubOptions } = options;
  const named = parseModelName(name);
  const { path } = named;
  const [asked, given] = [output ?? named.output, { ...named.input, ...parts }];
  const hub = isHubId(path) ? await openHubModel(path, hubOptions) : undefined;
  const file = hub?.path ?? modelPath(path);
  const shown = displayPath(file);
  const { bytes, graph, files, isWidened } = await readModelBytes(file);
  if (hub) requireWhole(files, hub.source.id);
  const session = await openModelSession(bytes, { file: shown, threads });
  try {
    const found = await findInput(file, { bytes, graph, model: session.input, given });
    const { input, notes, describedBy } = found;
    if (describedBy !== undefined) files.set(describedBy, await readRegular(describedBy));
    const folder = folderOf(file);
    const outputs = await session.outputs(input);
    const chosen = chooseOutput(outputs, { asked, file: shown });
    const { shape } = outputs.find(({ name: own }) => own === chosen.name) as SeenOutput;
    const dimension = pooledLength(shape, chosen.pooling);
    const settings: ModelSettings = {
      model: hub ? nameOfHub(hub) : nameOf(file),
      sha256: createHash('sha256').update(bytes).digest('hex'),
      files: fileHashes(files, folder),
      ...{ input, output: chosen, dimension },
      ...(hub && { hub: hub.source }),
    };
    const tensors: Tensors = {
      [MODEL_TENSOR]: { dtype: 'uint8', shape: [bytes.length], data: bytes },
    };
    const said =
      `${settings.model}: images of ${input.size} px, ${dimension} features from ` +
      `output "${chosen.name}"${POOLED_BY[chosen.pooling]}`;
    const origin = hub ? [originOf(hub)] : [];
    const precision = isWidened ? [WIDENED] : [];
    const place = { folder, named };
    return { settings, tensors, notes: [said, ...origin, ...precision, ...notes], place };
  } finally {
    await session.close();
  }
}

/** Name of a model of the hub for tables. */
function nameOfHub({ source: { id } }: HubModel): string {
  return parseHubId(id).repo.split('/')[1]!;
}

/** Tells which files of the hub were taken. */
function originOf({ source: { id, commit, file, license } }: HubModel): string {
  return `It is ${file} of ${id} at commit ${commit}, license ${license ?? 'not stated'}.`;
}

/** Refuses files of the cache that have changed since they were downloaded. */
function requireWhole(files: ReadonlyMap<string, Uint8Array>, id: string): void {
  for (const [file, bytes] of files) {
    const expected = checksumOf(file);
    if (expected === undefined) continue;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (sha256 === expected) continue;
    throw new LikenessError(
      'hub.damaged',
      `encoder: received ${id}, whose cached file ${displayPath(realpathSync(file))} has the ` +
        `SHA-256 ${sha256.slice(0, 12)}…; expected that of its name. Delete the file and try again.`,
    );
  }
}

/** Path of the ONNX file that a path names: itself, or the one in a folder of a hub. */
function modelPath(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new LikenessError(
      'encoder.file',
      `encoder: received ${displayPath(path)}, which does not exist; expected an ONNX file, or a ` +
        'folder that holds one',
    );
  }
  if (!found.isDirectory()) return path;
  const place = PLACES.find((name) => existsSync(join(path, name)));
  if (place) return join(path, place);
  throw new LikenessError(
    'encoder.file',
    `encoder: received the folder ${displayPath(path)}, which holds no model; expected ` +
      `${PLACES.slice(0, 3).join(', ')} in it`,
  );
}

/** Name of a model for tables: that of its folder on a hub, or of its file. */
function nameOf(file: string): string {
  const folder = dirname(resolve(file));
  const own = basename(file).replace(/\.onnx$/i, '');
  if (!/^(vision_)?model(_\w+)?$/.test(own)) return own;
  return basename(basename(folder) === 'onnx' ? dirname(folder) : folder);
}
