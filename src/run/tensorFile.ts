/** Safetensors files of a run with a format name and JSON in their metadata. */
import type { z } from 'zod';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { type DecodedSafetensors, decodeSafetensors, readRegular } from '../formats/index.ts';

/** Names of a kind of file. */
export interface TensorFileKind {
  /** Errors are `<code>.missing` and `<code>.malformed`. */
  readonly code: string;
  /** Value of `format` in the metadata. */
  readonly format: string;
  /** Sentence that tells how to make the file. */
  readonly remedy: string;
}

/**
 * Reads a file of a kind.
 *
 * @throws LikenessError `<code>.missing`, `<code>.malformed` for another format, `safetensors.*`
 */
export async function readTensors(file: string, kind: TensorFileKind): Promise<DecodedSafetensors> {
  const { code, format, remedy } = kind;
  let bytes: Uint8Array;
  try {
    bytes = await readRegular(file);
  } catch (error) {
    throw new LikenessError(`${code}.missing`, `Could not read ${file}: ${reasonOf(error)}. ${remedy}`);
  }
  const decoded = decodeSafetensors(bytes, file);
  const found = decoded.metadata.format ?? 'none';
  if (found !== format) throw malformedFile(file, `it has format "${found}", expected "${format}"`, kind);
  return decoded;
}

/** Parses and checks JSON of the metadata. @throws LikenessError `<code>.malformed` */
export function metadataJson<S extends z.ZodType>(
  file: string,
  text: string | undefined,
  schema: S,
  kind: TensorFileKind,
): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch (error) {
    throw malformedFile(file, `its metadata are not JSON (${reasonOf(error)})`, kind);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw malformedFile(file, `its metadata do not fit (${issue!.path.join('.')}: ${issue!.message})`, kind);
}

export function malformedFile(file: string, reason: string, { code, remedy }: TensorFileKind): LikenessError {
  return new LikenessError(`${code}.malformed`, `${file} cannot be used: ${reason}. ${remedy}`);
}
