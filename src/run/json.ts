/** Plain data as it is stored in a run: JSON values, one canonical text, one hash. */
import { createHash } from 'node:crypto';

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
 * As in JSON.stringify, keys whose value is undefined are left out, and NaN and infinities become null.
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
