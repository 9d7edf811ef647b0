/** An encoder in an ONNX file that `likeness export` wrote; needs no run. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { readRegular } from '../formats/index.ts';
import { encoderOf, type ImageEncoder } from './encoder.ts';
import { EXPORT_INPUT } from './exportEncoder.ts';
import { EXPORT_OUTPUT } from './exportMetadata.ts';
import { exportedView, readOnnxMetadata } from './onnxMetadata.ts';

const BATCH = 128;

/**
 * Opens an exported encoder. Its features are rows of length 1.
 *
 * @throws LikenessError `encoder.file` for a file that is unreadable or was not exported by
 * likeness.
 */
export async function onnxEncoder(file: string): Promise<ImageEncoder> {
  const bytes = await attempt(file, () => readRegular(file));
  const metadata = readOnnxMetadata(bytes) ?? {};
  const view = exportedView(metadata);
  if (!view) {
    throw new LikenessError(
      'encoder.file',
      `${file}: received a file without the metadata "likeness.image_size"; expected an ` +
        'encoder in ONNX format. ' +
        'Write one with `model.exportOnnx(file)`.',
    );
  }
  const { size } = view;
  const session = await attempt(file, () =>
    InferenceSession.create(bytes, { logSeverityLevel: 3 }),
  );
  const run = async (pixels: Uint8Array) =>
    (await runExported(session, pixels, size))[EXPORT_OUTPUT]!;
  const dimension = (await attempt(file, () => run(new Uint8Array(3 * size ** 2)))).length;
  return encoderOf({
    id: 'onnx',
    title: 'exported encoder',
    protocol: [metadata['likeness.method'], metadata['likeness.architecture']]
      .filter(Boolean)
      .join(', '),
    dimension,
    ...view,
    batchSize: BATCH,
    run,
    close: () => session.release(),
  });
}

/**
 * Outputs of a session of an exported encoder for views [n, 3, s, s], uint8: features [n, D], and
 * others by name where they are asked for.
 */
export async function runExported(
  session: InferenceSession,
  pixels: Uint8Array,
  size: number,
  names: readonly string[] = [EXPORT_OUTPUT],
): Promise<Readonly<Record<string, Float32Array>>> {
  const count = pixels.length / (3 * size ** 2);
  const values = Float32Array.from(pixels, (value) => value / 255);
  const images = new Tensor('float32', values, [count, 3, size, size]);
  const found = await session.run({ [EXPORT_INPUT]: images }, names);
  return Object.fromEntries(names.map((name) => [name, found[name]!.data as Float32Array]));
}

async function attempt<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new LikenessError(
      'encoder.file',
      `${file}: cannot be opened as an encoder: ${reasonOf(error)}`,
      {
        cause: error,
      },
    );
  }
}
