/** Checks of the options that callers pass to the library. */
import { z } from 'zod';
import { abortSignal, callback, optionCheck } from '../core/options.ts';
import type { ReporterOptions } from '../core/reporter.ts';
import { MAX_COMMAND } from '../run/index.ts';

export {
  callback,
  flag,
  MAX_MINUTES,
  oneOf,
  positiveNumber,
  wholeNumber,
} from '../core/options.ts';
export type { ReporterOptions };

/** Options of `ReporterOptions`, which every function takes. */
export const reporterOptions = {
  onProgress: callback,
  onNote: callback,
  onWarning: callback,
  signal: abortSignal,
};

/** An optional text that is not empty, such as a path. */
export function path() {
  const error = 'expected a path';
  return z.string({ error }).min(1, { error }).optional();
}

/** An optional command line, which is stored for the report. */
export const commandLine = z.string().min(1).max(MAX_COMMAND).optional();

/** Optional settings by name; their values are checked by the settings' own schema. */
export const settingsOption = z
  .record(z.string(), z.unknown(), { error: 'expected settings by name' })
  .optional();

/** Names of a split, as `split` options take them. */
export const splitNames = ['train', 'test', 'all'] as const;

/**
 * Checks options by their shape.
 *
 * @throws LikenessError `option.invalid` for a value out of range, `option.unknown` for a misspelt
 * name.
 */
export function checkOptions(shape: Readonly<Record<string, z.ZodType>>, options: object): void {
  const known: Readonly<Record<string, z.ZodType>> = { ...shape, ...reporterOptions };
  optionCheck<object>(known)(options);
}
