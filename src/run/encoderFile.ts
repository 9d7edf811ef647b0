/**
 * encoder.safetensors: the learned tensors of an encoder without training.
 *
 * The metadata have `encoder`, a hash of what the tensors were learned with, so that tensors of
 * other settings are refused, and `sha256` of their bytes, so that a damaged file is recognized.
 */
import { createHash } from 'node:crypto';
import { encodeSafetensors, type Tensors, writeFileAtomic } from '../formats/index.ts';
import { hashOfJson, isMissing, type JsonObject } from './json.ts';
import type { FeaturesConfig } from './runConfig.ts';
import { checksumOf, malformedFile, maxTensorBytes, readTensors } from './tensorFile.ts';

const FORMAT = 'likeness encoder 1';
const REMEDY = 'Restore the file, or delete the run and make it again.';
const kind = { code: 'encoder', format: FORMAT, maxBytes: maxTensorBytes.encoder, remedy: REMEDY };

/** Settings that the tensors depend on. */
type Learned = Pick<FeaturesConfig, 'encoder' | 'imageSize' | 'seed' | 'images' | 'split'>;

/** Writes the tensors. @throws LikenessError `write.*` */
export async function writeEncoder(file: string, config: Learned, tensors: Tensors): Promise<void> {
  const metadata = { format: FORMAT, encoder: hashOf(config), sha256: checksumOf(tensors) };
  await writeFileAtomic(file, encodeSafetensors(tensors, metadata));
}

/**
 * Reads the tensors.
 *
 * @throws LikenessError `encoder.missing`, `encoder.malformed` for a damaged file or one of other
 * settings, `safetensors.*`
 */
export async function readEncoder(file: string, config: Learned): Promise<Tensors> {
  const { tensors, metadata } = await readTensors(file, kind);
  if (metadata.sha256 !== checksumOf(tensors)) {
    throw malformedFile(file, 'its bytes do not match its checksum', kind);
  }
  if (metadata.encoder !== hashOf(config)) {
    throw malformedFile(file, 'it was learned with other settings than those of config.json', kind);
  }
  const { encoder } = config;
  const model = encoder.name === 'model' ? encoder.settings : undefined;
  if (model && sha256Of(tensors.model?.data as Uint8Array | undefined) !== model.sha256) {
    throw malformedFile(
      file,
      `it holds another model than the ${model.model} of config.json`,
      kind,
    );
  }
  for (const [name, { dtype, data }] of Object.entries(tensors)) {
    if (dtype !== 'float32' || (data as Float32Array).every(Number.isFinite)) continue;
    throw malformedFile(file, `"${name}" has values that are not finite`, kind);
  }
  return tensors;
}

/** Reads the tensors; undefined where the run was stopped before it had learned them. */
export function readEncoderIfLearned(file: string, config: Learned): Promise<Tensors | undefined> {
  return readEncoder(file, config).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
}

const sha256Of = (bytes: Uint8Array = new Uint8Array()) =>
  createHash('sha256').update(bytes).digest('hex');

function hashOf({ encoder, imageSize, seed, images, split }: Learned): string {
  return hashOfJson({ encoder, imageSize, seed, images, split } as unknown as JsonObject);
}
