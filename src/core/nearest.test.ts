import { describe, expect, it } from 'vitest';
import { didYouMean, nearest } from './nearest.ts';

const names = ['tiny-28', 'small-32', 'multicrop-96', 'constructor'];

describe('didYouMean', () => {
  it.each([
    ['smal-32', '; did you mean "small-32"?'],
    ['small32', '; did you mean "small-32"?'],
    ['something else', ''],
    ['', ''],
  ])('%j', (name, expected) => {
    expect(didYouMean(name, names)).toBe(expected);
    expect(nearest(name, names)).toBe(expected === '' ? undefined : 'small-32');
  });
});
