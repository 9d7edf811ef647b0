/**
 * Parsers of flag values. Each throws an error that names the flag, the value and the expected
 * form.
 */
import { LikenessError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import { showCount } from '../core/text.ts';

/** Parses a whole number of at least `least`. */
export function wholeNumber(flag: string, { least = 1 } = {}): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least) {
      throw new LikenessError(
        'flag.invalid',
        `${flag}: received "${text}"; expected a whole number of at least ${least}`,
      );
    }
    return value;
  };
}

/** Parses a number above 0 and of at most `most`. */
export function positiveNumber(flag: string, { most }: { most: number }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value > 0) || !(value <= most)) {
      throw new LikenessError(
        'flag.invalid',
        `${flag}: received "${text}"; expected a number above 0 and of at most ${showCount(most)}`,
      );
    }
    return value;
  };
}

/** Parses numbers above 0 and below 1, joined by commas. */
export function fractions(flag: string): (text: string) => number[] {
  return (text) => {
    const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    if (values.some((value) => !(value > 0 && value < 1))) {
      throw new LikenessError(
        'flag.invalid',
        `${flag}: received "${text}"; expected numbers above 0 and below 1 joined by ` +
          'commas, such as "0.1,0.5"',
      );
    }
    return values;
  };
}

/** Parses two numbers joined by a comma, the first below the second. */
export function valueRange(flag: string): (text: string) => [number, number] {
  return (text) => {
    const parts = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    const [low = Number.NaN, high = Number.NaN] = parts;
    if (parts.length !== 2 || !Number.isFinite(low) || !Number.isFinite(high) || low >= high) {
      throw new LikenessError(
        'flag.invalid',
        `${flag}: received "${text}"; expected two numbers joined by a comma, the first below the ` +
          'second, such as "0,4095"',
      );
    }
    return [low, high];
  };
}

/** Parses as many numbers as are expected, joined by commas. */
export function numbers(flag: string, count: number): (text: string) => number[] {
  return (text) => {
    const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    if (values.length !== count || !values.every(Number.isFinite)) {
      throw new LikenessError(
        'flag.invalid',
        `${flag}: received "${text}"; expected ${count} numbers joined by commas`,
      );
    }
    return values;
  };
}

/** Parses one of some words. */
export function oneOf<T extends string>(flag: string, words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) {
      throw new LikenessError(
        'flag.invalid',
        `${flag}: received "${text}"; expected one of ${words.join(', ')}${didYouMean(text, words)}`,
      );
    }
    return found;
  };
}

/** Different words out of some, joined by commas. */
export function namesOf<T extends string>(
  flag: string,
  words: readonly T[],
): (text: string) => T[] {
  return (text) => {
    const names = text.split(',').map((name) => name.trim());
    for (const [i, name] of names.entries()) {
      if (!words.some((word) => word === name)) {
        throw new LikenessError(
          'flag.invalid',
          `${flag}: received "${name}"; expected names joined by commas, of ${words.join(', ')}` +
            didYouMean(name, words),
        );
      }
      if (names.indexOf(name) !== i) {
        throw new LikenessError(
          'flag.invalid',
          `${flag}: received "${name}" twice; expected each name once`,
        );
      }
    }
    return names as T[];
  };
}
