/** Option objects: misspelt names and values out of range. */
import { describe, expect, it } from 'vitest';
import { LikenessError } from './errors.ts';
import {
  abortSignal,
  callback,
  checkedLater,
  flag,
  numberFrom,
  oneOf,
  optionCheck,
  positiveNumber,
  wholeNumber,
} from './options.ts';

const check = optionCheck<Record<string, unknown>>({
  count: wholeNumber(1),
  rate: positiveNumber(),
  decay: numberFrom(0),
  way: oneOf(['copy', 'link']),
  flag,
  callback,
  signal: abortSignal,
  k: checkedLater,
});
function refusal(options: Record<string, unknown>): [code: string, message: string] {
  try {
    check(options);
  } catch (error) {
    if (error instanceof LikenessError) return [error.code, error.message];
  }
  throw new Error('expected a LikenessError');
}

describe('a check of options', () => {
  it('accepts none, absent ones and values in range', () => {
    check({});
    check({ count: undefined, k: 'anything' });
    check({ count: 1, rate: 0.1, decay: 0, way: 'link', flag: true, callback: () => {} });
    check({ signal: new AbortController().signal });
  });

  it('lists the names where one is misspelt', () => {
    expect(refusal({ counts: 3 })).toEqual([
      'option.unknown',
      'counts: received an unknown option; expected count, rate, decay, way, flag, callback, signal, k',
    ]);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ count: 0 }, 'count: received 0; expected a whole number of at least 1'],
    [{ count: 1.5 }, 'count: received 1.5; expected a whole number of at least 1'],
    [{ rate: 0 }, 'rate: received 0; expected a number above 0'],
    [{ rate: '1' }, 'rate: received "1"; expected a number above 0'],
    [{ decay: -1 }, 'decay: received -1; expected a number of at least 0'],
    [{ way: 'move' }, 'way: received "move"; expected one of copy, link'],
    [{ flag: 1 }, 'flag: received 1; expected true or false'],
    [{ callback: 'log' }, 'callback: received "log"; expected a function'],
    [{ signal: {} }, 'signal: received {}; expected an AbortSignal'],
  ])('refuses %j', (options, message) => {
    expect(refusal(options)).toEqual(['option.invalid', message]);
  });
});
