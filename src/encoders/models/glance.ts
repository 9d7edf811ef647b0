/** Facts of a model from its file alone, without running it. */
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LikenessError } from '../../core/errors.ts';
import { type OnnxPort, readOnnx, readRegular } from '../../formats/index.ts';
import { weightsOf } from '../hub/index.ts';
import { descriptionOf } from './description.ts';
import { chooseOutput, pooledLength, poolingOf } from './modelOutput.ts';

export interface ModelGlance {
  /** Size with the weights that lie beside it. */
  readonly bytes: number;
  /** Side of the images, in pixels; absent where no file tells it. */
  readonly imageSize?: number;
  /** Dimension D of the features; absent where the model does not state the form of its output. */
  readonly dimension?: number;
  /** Reason why it cannot be an encoder, as far as the file tells. */
  readonly reason?: string;
}

/** Size from which a file is not read for its facts, in bytes. */
const MAX_READ = 2 ** 30;

/** Reads the facts of an ONNX file and of the files beside it. */
export async function glanceAtModel(file: string): Promise<ModelGlance> {
  const weights = weightsOf(readdirSync(dirname(file)), basename(file));
  const sizes = [file, ...weights.map((name) => join(dirname(file), name))].map(sizeOf);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  try {
    const described = await descriptionOf(file);
    const side = described?.input.size;
    const size = side === undefined ? {} : { imageSize: side };
    if (sizes[0]! > MAX_READ) return { bytes, ...size };
    const { inputs, outputs, hasExternalData } = readOnnx(await readRegular(file));
    if (hasExternalData && weights.length === 0) {
      return { bytes, reason: 'its weights lie in files that are not beside it' };
    }
    const [input] = inputs;
    if (inputs.length !== 1 || (input!.shape !== undefined && input!.shape.length !== 4)) {
      const names = inputs.map(({ name }) => name).join(', ');
      return { bytes, reason: `it takes ${names || 'nothing'}, not images alone` };
    }
    const [, first, second, third] = input!.shape ?? [];
    const extent = first === 3 ? second : third === 3 ? first : undefined;
    const fixed = typeof extent === 'number' && extent > 0 ? { imageSize: extent } : undefined;
    const dimension = dimensionOf(outputs);
    return { bytes, ...(fixed ?? size), ...(dimension !== undefined && { dimension }) };
  } catch (error) {
    if (error instanceof LikenessError) return { bytes, reason: error.message };
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { bytes, reason: `it cannot be read (${code})` };
  }
}

const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** Dimension of the output that is chosen, where its form is stated; free extents are unknown. */
function dimensionOf(ports: readonly OnnxPort[]): number | undefined {
  const outputs = ports.flatMap(({ name, shape }) =>
    shape === undefined
      ? []
      : [
          {
            name,
            shape: shape.map((extent) => (typeof extent === 'number' ? extent : Number.NaN)),
          },
        ],
  );
  const isUsable = outputs.some(({ shape }) => shape.length >= 2 && shape.length <= 4);
  if (!isUsable) return undefined;
  const { name } = chooseOutput(outputs, { file: '' });
  const { shape } = outputs.find((output) => output.name === name)!;
  const dimension = pooledLength(shape, poolingOf(shape));
  return Number.isInteger(dimension) && dimension > 0 ? dimension : undefined;
}
