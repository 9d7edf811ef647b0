/** An ONNX model of images in ONNX Runtime: shapes in, views in, outputs out. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { LikenessError, reasonOf } from '../../core/errors.ts';
import type { ImageInput } from './imageInput.ts';
import type { SeenOutput } from './modelOutput.ts';

/** Names of axes of a batch of images: `nchw` [B, 3, s, s] or `nhwc` [B, s, s, 3]. */
export type AxisOrder = 'nchw' | 'nhwc';

/** The image input of a model. */
export interface ModelInput {
  readonly name: string;
  readonly order: AxisOrder;
  /** Side that the model is fixed to, in pixels; absent where it takes any. */
  readonly size?: number;
  /** Batch that the model is fixed to; absent where it takes any. */
  readonly batch?: number;
}

export interface ModelSession {
  readonly input: ModelInput;
  /** Runs views [B, 3, s, s], uint8, and returns an output, float32, with its shape. */
  run(
    pixels: Uint8Array,
    about: ImageInput,
    output?: string,
  ): Promise<{ data: Float32Array; shape: readonly number[] }>;
  /** Outputs for one batch of black images. */
  outputs(about: ImageInput): Promise<SeenOutput[]>;
  close(): Promise<void>;
}

/** Largest model that is opened, in bytes: the longest protobuf message. */
export const MAX_MODEL_BYTES = 2 ** 31 - 1;

/**
 * Opens a model that has one input of images.
 *
 * @param file name for errors
 * @throws LikenessError `encoder.file` for what ONNX Runtime cannot open, `encoder.input` for a
 * model without an input of RGB images
 */
export async function openModelSession(
  bytes: Uint8Array,
  { file, threads }: { file: string; threads?: number },
): Promise<ModelSession> {
  const session = await attempt(file, 'opened as an ONNX model', () =>
    InferenceSession.create(bytes, {
      logSeverityLevel: 3,
      ...(threads && { intraOpNumThreads: threads }),
    }),
  );
  const input = await inputOf(session, file).catch(async (error: unknown) => {
    await session.release();
    throw error;
  });
  const feed = (values: Float32Array, { size }: ImageInput) => {
    const count = values.length / (3 * size ** 2);
    const shape = input.order === 'nchw' ? [count, 3, size, size] : [count, size, size, 3];
    return { [input.name]: new Tensor('float32', values, shape) };
  };
  // A new array of megabytes per run makes V8 collect its whole heap about once a second.
  const free: Float32Array[] = [];
  const outputs = async (
    pixels: Uint8Array,
    about: ImageInput,
    names: readonly string[] = session.outputNames,
  ) => {
    const last = free.pop();
    const values = last?.length === pixels.length ? last : new Float32Array(pixels.length);
    scale(pixels, values, { ...about, order: input.order });
    const found = await attempt(file, `run on images of ${about.size} px`, () =>
      session.run(feed(values, about), names),
    );
    free.push(values);
    return found;
  };
  return {
    input,
    async run(pixels, about, output) {
      const found = await outputs(pixels, about, output === undefined ? undefined : [output]);
      const tensor = output === undefined ? Object.values(found)[0]! : found[output]!;
      return { data: tensor.data as Float32Array, shape: tensor.dims };
    },
    async outputs(about) {
      const count = input.batch ?? 1;
      const found = await outputs(new Uint8Array(count * 3 * about.size ** 2), about);
      return Object.entries(found)
        .filter(([, tensor]) => tensor.type === 'float32')
        .map(([name, { dims }]) => ({ name, shape: dims }));
    },
    close: () => session.release(),
  };
}

/** Finds the only input, which must be float32 with three channels. */
async function inputOf(session: InferenceSession, file: string): Promise<ModelInput> {
  const found = session.inputMetadata.flatMap((about) => {
    if (!about.isTensor || about.type !== 'float32' || about.shape.length !== 4) return [];
    const { name, shape } = about;
    const order: AxisOrder | undefined =
      shape[1] === 3 ? 'nchw' : shape[3] === 3 ? 'nhwc' : isFree(shape[1]) ? 'nchw' : undefined;
    if (!order) return [];
    const [height, width] = order === 'nchw' ? [shape[2], shape[3]] : [shape[1], shape[2]];
    if (!isFree(height) && height !== width) return [];
    return [
      {
        ...{ name, order },
        ...(!isFree(height) && { size: height as number }),
        ...(!isFree(shape[0]) && { batch: shape[0] as number }),
      },
    ];
  });
  const [input] = found;
  if (input && session.inputMetadata.length === 1) return input;
  const listed = session.inputMetadata.map((about) =>
    about.isTensor ? `${about.name} ${about.type} [${about.shape.join(', ')}]` : about.name,
  );
  throw new LikenessError(
    'encoder.input',
    `${file}: its inputs are ${listed.join('; ')}; expected one of square RGB images, float32 ` +
      '[batch, 3, size, size]. Export the image part of the model alone.',
  );
}

/** True for an axis of any length: a name, or 0 or -1 in old files. */
function isFree(length: number | string | undefined): boolean {
  return typeof length !== 'number' || length < 1;
}

/** Writes the numbers that a model takes, [B, 3, s, s] or [B, s, s, 3], of views [B, 3, s, s]. */
function scale(
  pixels: Uint8Array,
  values: Float32Array,
  { size, channels, scale, mean, std, order }: ImageInput & { order: AxisOrder },
): void {
  const plane = size ** 2;
  const count = pixels.length / (3 * plane);
  for (let c = 0; c < 3; c++) {
    const table = Float32Array.from({ length: 256 }, (_, v) => (v * scale - mean[c]!) / std[c]!);
    // Mean and deviation are those of the model's channel c, which is blue first in BGR.
    const from = channels === 'rgb' ? c : 2 - c;
    for (let b = 0; b < count; b++) {
      const source = (b * 3 + from) * plane;
      const target = order === 'nchw' ? (b * 3 + c) * plane : b * 3 * plane + c;
      const step = order === 'nchw' ? 1 : 3;
      for (let i = 0; i < plane; i++) values[target + i * step] = table[pixels[source + i]!]!;
    }
  }
}

async function attempt<T>(file: string, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = reasonOf(error).split('\n')[0]!;
    throw new LikenessError('encoder.file', `${file} cannot be ${what}: ${reason}`, {
      cause: error,
    });
  }
}
