/** Checks of the options that callers pass to the library. */
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import type { ReporterOptions } from '../core/reporter.ts';

export type { ReporterOptions };

const callback = z.custom<unknown>((value) => typeof value === 'function', 'expected a function').optional();

/** Options of `ReporterOptions`, which every function takes. */
export const reporterOptions = {
  onProgress: callback,
  onNote: callback,
  onWarning: callback,
  signal: z.instanceof(AbortSignal, { error: 'expected an AbortSignal' }).optional(),
};

export { callback };

/** An optional whole number of at least `least`. */
export function wholeNumber(least: number) {
  const error = `expected a whole number of at least ${least}`;
  return z.int({ error }).min(least, { error }).optional();
}

/** An optional number above 0. */
export function positiveNumber() {
  const error = 'expected a number above 0';
  return z.number({ error }).positive({ error }).optional();
}

/** An optional text that is one of some words. */
export function oneOf(words: readonly string[]) {
  return z.enum(words as [string, ...string[]], { error: `expected one of ${words.join(', ')}` }).optional();
}

/** An optional text that is not empty, such as a path. */
export function path() {
  const error = 'expected a path';
  return z.string({ error }).min(1, { error }).optional();
}

/** Optional settings by name; their values are checked by the settings' own schema. */
export const settingsOption = z
  .record(z.string(), z.unknown(), { error: 'expected settings by name' })
  .optional();

export const flag = z.boolean({ error: 'expected true or false' }).optional();

/** Names of a split, as `split` options take them. */
export const splitNames = ['train', 'test', 'all'] as const;

/**
 * Checks options by their shape.
 *
 * @throws LikenessError `option.invalid` for a value out of range, `option.unknown` for a misspelt
 * name.
 */
export function checkOptions(shape: z.ZodRawShape, options: object): void {
  const result = z.strictObject({ ...reporterOptions, ...shape }).safeParse(options);
  if (result.success) return;
  const issue = result.error.issues[0]!;
  if (issue.code === 'unrecognized_keys') {
    throw new LikenessError(
      'option.unknown',
      `${issue.keys.join(', ')}: received an unknown option; expected ` +
        `${[...Object.keys(shape), ...Object.keys(reporterOptions)].join(', ')}`,
    );
  }
  const name = String(issue.path[0]);
  const received = (options as Record<string, unknown>)[name];
  throw new LikenessError(
    'option.invalid',
    `${name}: received ${JSON.stringify(received) ?? String(received)}; ${issue.message}`,
  );
}
