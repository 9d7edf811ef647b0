/** Safetensors files of a run with a format name and JSON in their metadata. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { LikenessError, reasonOf } from '../core/errors.ts';
import {
  bytesOf,
  type DecodedSafetensors,
  decodeSafetensors,
  openRegular,
  readSafetensorsBytes,
  type Tensors,
} from '../formats/index.ts';
import { firstIssue, parseJson } from './json.ts';

/** Names of a kind of file. */
export interface TensorFileKind {
  /** Errors are `<code>.missing` and `<code>.malformed`. */
  readonly code: string;
  /** Value of `format` in the metadata. */
  readonly format: string;
  /** Most bytes of the tensors. */
  readonly maxBytes: number;
  /** Sentence that tells how to make the file. */
  readonly remedy: string;
}

/** Names of a kind of file that errors have. */
type KindInErrors = Pick<TensorFileKind, 'code' | 'remedy'>;

const MiB = 2 ** 20;
/** Most bytes of the tensors of each file of a run, well above those that likeness writes. */
export const maxTensorBytes = {
  /** Up to 1,000 images in a dozen maps. */
  maps: 64 * MiB,
  thumbnails: 1024 * MiB,
  /** Centroids, such as 100,000 of dimension 8,192. */
  clusters: 4096 * MiB,
  /** Dictionaries of patches, with their whitening. */
  encoder: 1024 * MiB,
  stem: 64 * MiB,
  /** A number for each image of a sample. */
  watched: 64 * MiB,
  /** Coordinates of at most 400 images. */
  moment: MiB,
} as const;

/**
 * Reads a file of a kind.
 *
 * @throws LikenessError `<code>.missing`, `<code>.malformed` for another format or too many bytes,
 * `safetensors.*`
 */
export async function readTensors(file: string, kind: TensorFileKind): Promise<DecodedSafetensors> {
  const { code, format, maxBytes, remedy } = kind;
  let bytes: Uint8Array;
  try {
    bytes = await tensorBytesOf(file, maxBytes);
  } catch (error) {
    const { code: found } = Object(error) as { code?: unknown };
    if (found === 'safetensors.tooLarge') throw malformedFile(file, reasonOf(error), kind);
    if (found === 'safetensors.malformed') throw error;
    throw new LikenessError(
      `${code}.missing`,
      `Could not read ${file}: ${reasonOf(error)}. ${remedy}`,
      { cause: error },
    );
  }
  const decoded = decodeSafetensors(bytes, file);
  const found = decoded.metadata.format ?? 'none';
  if (found !== format)
    throw malformedFile(file, `it has format "${found}", expected "${format}"`, kind);
  return decoded;
}

/** Reads the bytes of a file of a run. @throws as `readSafetensorsBytes` */
export async function tensorBytesOf(file: string, maxBytes: number): Promise<Uint8Array> {
  const handle = await openRegular(file);
  try {
    return await readSafetensorsBytes(handle, { name: file, maxBytes });
  } finally {
    await handle.close();
  }
}

/** Parses and checks JSON of the metadata. @throws LikenessError `<code>.malformed` */
export function metadataJson<S extends z.ZodType>(
  file: string,
  text: string | undefined,
  schema: S,
  kind: KindInErrors,
): z.output<S> {
  let value: unknown;
  try {
    value = parseJson(text ?? '');
  } catch (error) {
    throw malformedFile(file, `its metadata are not JSON (${reasonOf(error)})`, kind);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw malformedFile(file, `its metadata do not fit (${firstIssue(result.error)})`, kind);
}

/**
 * Returns the values of a float32 tensor of a shape, all of them finite.
 *
 * @param shape sizes; undefined for any size of at least 1
 * @throws LikenessError `<code>.malformed`
 */
export function floatsOf(
  file: string,
  { tensors }: DecodedSafetensors,
  {
    name,
    shape,
    kind,
  }: { name: string; shape: readonly (number | undefined)[]; kind: KindInErrors },
): Float32Array {
  const tensor = tensors[name];
  const fits =
    tensor?.dtype === 'float32' &&
    tensor.shape.length === shape.length &&
    tensor.shape.every((size, i) => (shape[i] === undefined ? size > 0 : size === shape[i]));
  const sizes = shape.map((size) => size ?? 'n').join(', ');
  if (!fits) throw malformedFile(file, `it has no "${name}" of float32 [${sizes}]`, kind);
  const data = tensor.data as Float32Array;
  if (data.every(Number.isFinite)) return data;
  throw malformedFile(file, `"${name}" has values that are not finite`, kind);
}

/** Most clusters of a run. */
const MAX_CLUSTERS = 1e8;

/**
 * Returns the values of an int32 tensor [n], all of them within bounds.
 *
 * @throws LikenessError `<code>.malformed`
 */
export function integersOf(
  file: string,
  { tensors }: DecodedSafetensors,
  {
    name,
    count,
    least = 0,
    below = MAX_CLUSTERS,
    kind,
  }: { name: string; count: number; least?: number; below?: number; kind: KindInErrors },
): Int32Array {
  const tensor = tensors[name];
  if (tensor?.dtype !== 'int32' || tensor.shape.length !== 1 || tensor.data.length !== count) {
    throw malformedFile(file, `it has no "${name}" of int32 [${count}]`, kind);
  }
  const data = tensor.data as Int32Array;
  if (data.every((value) => value >= least && value < below)) return data;
  throw malformedFile(file, `"${name}" has values out of bounds`, kind);
}

export function malformedFile(
  file: string,
  reason: string,
  { code, remedy }: KindInErrors,
): LikenessError {
  return new LikenessError(`${code}.malformed`, `${file} cannot be used: ${reason}. ${remedy}`);
}

/** Hashes names, types, shapes and bytes of the tensors in the order of their names. */
export function checksumOf(tensors: Tensors): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(tensors).sort()) {
    const { dtype, shape, data } = tensors[name]!;
    hash.update(`${name} ${dtype} ${shape.join(',')}\n`).update(bytesOf(data));
  }
  return hash.digest('hex');
}
