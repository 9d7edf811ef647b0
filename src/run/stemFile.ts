/**
 * stem.safetensors: the filters that the first convolution of a network starts from, where they are
 * learned from patches of the images.
 *
 * The metadata have `sha256` of the tensors, so that a damaged file is recognized.
 */
import { encodeSafetensors, type Tensors, writeFileAtomic } from '../formats/index.ts';
import { isMissing } from './json.ts';
import { checksumOf, malformedFile, maxTensorBytes, readTensors } from './tensorFile.ts';

const FORMAT = 'likeness stem 1';
const REMEDY = 'Delete the file, and it is learned again when the run is resumed.';
const kind = { code: 'stem', format: FORMAT, maxBytes: maxTensorBytes.stem, remedy: REMEDY };

/** Name and shape [O, 3, k, k] of the filters. */
export interface StemShape {
  name: string;
  shape: readonly number[];
}

/** Writes the filters. @throws LikenessError `write.*` */
export async function writeStem(
  file: string,
  { name, shape }: StemShape,
  filters: Float32Array,
): Promise<void> {
  const tensors: Tensors = { [name]: { dtype: 'float32', shape: [...shape], data: filters } };
  await writeFileAtomic(
    file,
    encodeSafetensors(tensors, { format: FORMAT, sha256: checksumOf(tensors) }),
  );
}

/**
 * Reads the filters; undefined where there is no file yet.
 *
 * @throws LikenessError `stem.malformed` for a damaged file or one of another network,
 * `safetensors.*`
 */
export async function readStem(
  file: string,
  { name, shape }: StemShape,
): Promise<Float32Array | undefined> {
  const read = await readTensors(file, kind).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (!read) return undefined;
  const { tensors, metadata } = read;
  if (metadata.sha256 !== checksumOf(tensors)) {
    throw malformedFile(file, 'its bytes do not match its checksum', kind);
  }
  const found = tensors[name];
  if (found?.data instanceof Float32Array && found.shape.join() === shape.join()) return found.data;
  throw malformedFile(file, `it has no filters "${name}" of shape ${shape.join(' x ')}`, kind);
}
