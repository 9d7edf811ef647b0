/** Numbers of things that people count agree with their nouns. */
import { describe, expect, it } from 'vitest';
import { filesOf, isTest, readText } from './repository.cases.ts';

/** A number of things with a fixed plural, such as `${count} images` or `${showCount(n)} files`. */
const FIXED =
  /\$\{(?:showCount\()?[\w.]+\)?\} (?:images|files|tensors|steps|threads|minutes|choices)\b/g;

/** Counts that are never one, by the name of their bound. */
const alwaysMany = /\$\{(?:showCount\()?[A-Z_]+\)?\} /;
/** Messages of functions for programs, which people see only after a defect. */
const forPrograms = [
  /src\/(compile|tensor|backends|nn|formats|metrics)\//,
  /src\/evaluate\/(?!evaluationSet)/,
  /src\/encoders\/(checkExport|pixelFeatures|encoder)\.ts/,
  // An example in a comment, and a text that has its own singular.
  /src\/library\/images\.ts|src\/data\/reportSkipped\.ts/,
];

function fixedPlurals(text: string): string[] {
  return [...text.matchAll(FIXED)]
    .map(([found]) => found)
    .filter((found) => !alwaysMany.test(found));
}

describe('the sources', () => {
  it('count images, files, steps and the like by plural()', () => {
    const files = filesOf(['src/**/*.ts']).filter(
      (file) =>
        !isTest(file) && !/\.cases\.ts$/.test(file) && !forPrograms.some((some) => some.test(file)),
    );
    expect(
      files.flatMap((file) => fixedPlurals(readText(file)).map((found) => [file, found])),
    ).toEqual([]);
  });
});

describe('fixedPlurals', () => {
  it.each([
    ['`embedded $' + '{showCount(paths.length)} images`', 1],
    ['`$' + '{threads} threads`', 1],
    ['`$' + "{plural(count, 'image')}`", 0],
    ['`more than $' + '{MANY_IMAGES} images`', 0],
  ])('%s: %i', (text, count) => {
    expect(fixedPlurals(text)).toHaveLength(count);
  });
});
