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
 * Parses JSON that was read from a file.
 *
 * @throws an error for text that is not JSON, and for the key `__proto__`, which would change the
 * objects that the value is copied to.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (/__proto__|\\u00/i.test(text)) {
    JSON.parse(text, (key, item: unknown) => {
      if (key === '__proto__') throw new Error('the key "__proto__" is not allowed');
      return item;
    });
  }
  return value;
}

/** Codes of the system for a path at which there is nothing. */
const ABSENT: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR']);

/**
 * Reads a JSON file and checks it.
 *
 * @param remedy next step where the content is wrong
 * @throws LikenessError `json.missing` where it cannot be read, `json.malformed` where it is
 * damaged or does not fit the schema.
 */
export async function readJson<S extends z.ZodType>(
  file: string,
  schema: S,
  remedy = 'Restore it, or remove it and write it again.',
): Promise<z.output<S>> {
  let text: string;
  try {
    text = await readRegularText(file);
  } catch (error) {
    throw new LikenessError(
      'json.missing',
      `Could not read ${file}: ${reasonOf(error)}. Check the path.`,
      { cause: error },
    );
  }
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw malformed(file, reasonOf(error), remedy);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw malformed(file, firstIssue(result.error), remedy);
}

/** Key and reason of the first value that does not fit a schema. */
export function firstIssue({ issues: [issue] }: z.ZodError): string {
  return `${issue!.path.join('.') || 'the value'}: ${issue!.message}`;
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

/**
 * Returns true for the error of a file that is not there. One that is there and cannot be read is
 * not missing: going on without it would lose what it holds.
 */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof LikenessError) || !error.code.endsWith('.missing')) return false;
  const { cause } = error;
  return cause === undefined || ABSENT.has((cause as NodeJS.ErrnoException).code);
}

function malformed(file: string, reason: string, remedy: string): LikenessError {
  return new LikenessError(
    'json.malformed',
    `${file} is damaged or was changed: ${reason}. ${remedy}`,
  );
}
