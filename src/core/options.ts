/** Checks of option objects by strict schemas. */
import { z } from 'zod';
import { LikenessError } from './errors.ts';
import { showCount } from './text.ts';

/** An optional whole number of at least `least`. */
export function wholeNumber(least: number) {
  const error = `expected a whole number of at least ${least}`;
  return z.int({ error }).min(least, { error }).optional();
}

/** An optional number above 0 and of at most `most`. */
export function positiveNumber(most = Number.MAX_VALUE) {
  const limit = most < Number.MAX_VALUE ? ` and of at most ${showCount(most)}` : '';
  const error = `expected a number above 0${limit}`;
  return z.number({ error }).positive({ error }).max(most, { error }).optional();
}

/** Longest training, in minutes: a year. Its steps are counted epoch by epoch. */
export const MAX_MINUTES = 366 * 24 * 60;

/** An optional number of at least `least`. */
export function numberFrom(least: number) {
  const error = `expected a number of at least ${least}`;
  return z.number({ error }).min(least, { error }).optional();
}

/** An optional text that is one of some words. */
export function oneOf(words: readonly string[]) {
  return z
    .enum(words as [string, ...string[]], { error: `expected one of ${words.join(', ')}` })
    .optional();
}

export const flag = z.boolean({ error: 'expected true or false' }).optional();

export const callback = z
  .custom<unknown>((value) => typeof value === 'function', 'expected a function')
  .optional();

export const abortSignal = z
  .instanceof(AbortSignal, { error: 'expected an AbortSignal' })
  .optional();

/** Any value: the function itself checks it, because the bounds depend on other arguments. */
export const checkedLater = z.unknown().optional();

/** Schemas of all options of a function. */
export type OptionShape<T> = { readonly [K in keyof Required<T>]: z.ZodType };

/**
 * Makes a check of options by their schemas.
 *
 * @returns a function that throws LikenessError `option.unknown` for a misspelt name and
 * `option.invalid` for a value out of range
 */
export function optionCheck<T extends object>(shape: OptionShape<T>): (options: T) => void {
  const schema = z.strictObject(shape);
  return (options) => {
    const result = schema.safeParse(options);
    if (result.success) return;
    const issue = result.error.issues[0]!;
    if (issue.code === 'unrecognized_keys') {
      throw new LikenessError(
        'option.unknown',
        `${issue.keys.join(', ')}: received an unknown option; expected ${Object.keys(shape).join(', ')}`,
      );
    }
    const name = String(issue.path[0]);
    const received = (options as Record<string, unknown>)[name];
    throw new LikenessError(
      'option.invalid',
      `${name}: received ${JSON.stringify(received) ?? String(received)}; ${issue.message}`,
    );
  };
}
