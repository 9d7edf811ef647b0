/** The bytes of a model, with the weights that lie in other files. */
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LikenessError, reasonOf } from '../../core/errors.ts';
import { displayPath } from '../../core/text.ts';
import {
  inlineOnnxWeights,
  type OnnxExternalData,
  readRegular,
  widenOnnx,
} from '../../formats/index.ts';
import { isSafePath } from '../hub/index.ts';
import { type ModelGraph, readModelGraph } from './modelGraph.ts';
import { MAX_MODEL_BYTES } from './modelSession.ts';

export interface ModelBytes {
  /** The model as one file, in float32. */
  readonly bytes: Uint8Array;
  /** True where the model is stored in half precision, float16 or bfloat16. */
  readonly isWidened: boolean;
  readonly graph: ModelGraph;
  /** Files as they were read: the model, then those of its weights. */
  readonly files: Map<string, Uint8Array>;
}

/**
 * Reads a model. Weights of other files, which must lie in the folder of the model or below it, are
 * put into it, and half-precision floats become float32.
 *
 * @throws LikenessError `encoder.file`
 */
export async function readModelBytes(file: string): Promise<ModelBytes> {
  const shown = displayPath(file);
  const own = await readPart(file, shown);
  const files = new Map([[file, own]]);
  const graph = readModelGraph(own);
  if (!graph) throw notAModel(shown, 'its bytes are no ONNX file');
  if (!graph.hasExternalData) return { ...widened(own, graph, shown), files };
  const read = async ({ location, offset, length }: OnnxExternalData) => {
    const path = join(dirname(file), location);
    if (!isSafePath(location)) {
      throw notAModel(shown, `its weights lie in ${JSON.stringify(location)}, out of its folder`);
    }
    const weights = files.get(path) ?? (await readPart(path, shown, location));
    files.set(path, weights);
    const end = length === undefined ? weights.length : offset + length;
    if (end <= weights.length && offset <= end) return weights.subarray(offset, end);
    throw notAModel(
      shown,
      `its weights end at byte ${end} of ${location}, which has ${weights.length} bytes. Download ` +
        'both files again.',
    );
  };
  const bytes = await inlineOnnxWeights(own, read).catch((error: unknown) => {
    throw ofModel(error, shown);
  });
  const whole = readModelGraph(bytes);
  if (whole && !whole.hasExternalData) return { ...widened(bytes, whole, shown), files };
  const advice = 'Save it as one file: onnx.save(model, file, save_as_external_data=False)';
  throw notAModel(shown, `constants of its nodes lie in other files. ${advice}`);
}

/** The model in float32. */
function widened(
  bytes: Uint8Array,
  graph: ModelGraph,
  shown: string,
): Pick<ModelBytes, 'bytes' | 'graph' | 'isWidened'> {
  try {
    const whole = widenOnnx(bytes);
    if (whole === bytes) return { bytes, graph, isWidened: false };
    return { bytes: whole, graph: readModelGraph(whole) ?? graph, isWidened: true };
  } catch (error) {
    throw ofModel(error, shown);
  }
}

/** The error with the model's name, where it is one of its file. */
function ofModel(error: unknown, shown: string): unknown {
  const isOnnx = error instanceof LikenessError && error.code.startsWith('onnx.');
  return isOnnx ? notAModel(shown, error.message) : error;
}

/** Reads the model, or a file of its weights. */
async function readPart(path: string, shown: string, location?: string): Promise<Uint8Array> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (location !== undefined && !found) {
    throw notAModel(shown, `its weights lie in ${location}, which is not beside it. Add the file.`);
  }
  if (found && found.size > MAX_MODEL_BYTES) {
    const where = location === undefined ? '' : ` in ${location}`;
    throw notAModel(shown, `its ${found.size} bytes${where} are more than 2 GiB`);
  }
  const bytes = await readRegular(path).catch((error: unknown) => {
    throw notAModel(shown, reasonOf(error));
  });
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function notAModel(file: string, reason: string): LikenessError {
  return new LikenessError('encoder.file', `${file} cannot be used as an encoder: ${reason}`);
}
