/**
 * JSON in a run: values, one canonical text, one hash, and files that are checked when they are
 * read.
 */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { readRegularText, writeFileAtomic } from '../formats/index.ts';

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };
export type JsonObject = { readonly [key: string]: JsonValue | undefined };

/**
 * JSON with keys in alphabetical order and without spaces, so that equal values have equal texts.
 *
 * As in JSON.stringify, keys whose value is undefined are left out, and NaN and infinities become
 * null.
 */
export function canonicalJson(value: JsonValue): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** SHA-256 of the canonical text, as 64 hexadecimal digits; equal settings have equal hashes. */
export function hashOfJson(value: JsonValue): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** Writes a value, indented by two spaces. @throws LikenessError `write.*` */
export function writeJson(file: string, value: object): Promise<void> {
  return writeFileAtomic(file, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Reads a JSON file and checks it.
 *
 * @throws LikenessError `json.missing` where it cannot be read, `json.malformed` where it is
 * damaged or does not fit the schema.
 */
export async function readJson<S extends z.ZodType>(file: string, schema: S): Promise<z.output<S>> {
  let text: string;
  try {
    text = await readRegularText(file);
  } catch (error) {
    throw new LikenessError('json.missing', `Could not read ${file}: ${reasonOf(error)}. Check the path.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(file, reasonOf(error));
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw malformed(file, `${issue!.path.join('.') || 'the value'}: ${issue!.message}`);
}

/** Reads a JSON file that may be absent or torn: undefined where `readJson` would throw. */
export function readJsonIfValid<S extends z.ZodType>(
  file: string,
  schema: S,
): Promise<z.output<S> | undefined> {
  return readJson(file, schema).catch((error: unknown) => {
    if (error instanceof LikenessError) return undefined;
    throw error;
  });
}

/** Returns true for the error of a file that cannot be opened. */
export function isMissing(error: unknown): boolean {
  return error instanceof LikenessError && error.code.endsWith('.missing');
}

function malformed(file: string, reason: string): LikenessError {
  return new LikenessError(
    'json.malformed',
    `${file} is damaged or was changed: ${reason}. Restore it, or remove it and write it again.`,
  );
}
