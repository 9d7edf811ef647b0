import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { exitCodeOf, exitCodeOfSignal, kindOfError } from './exitCodes.ts';

describe('exitCodeOf', () => {
  it.each([
    ['flag.invalid', 2],
    ['settings.invalid', 2],
    ['preset.unknown', 2],
    ['cluster.k', 2],
    ['evaluate.fineTune', 2],
    ['labels.tooFew', 3],
    ['resume.differs', 2],
    ['source.missing', 3],
    ['run.missing', 3],
    ['checkpoint.damaged', 3],
    ['train.tooFew', 3],
    ['write.noSpace', 4],
    ['run.exists', 4],
    ['run.locked', 4],
    ['sort.notEmpty', 4],
    ['cache.full', 4],
    ['train.unwell', 5],
    ['runtime.failed', 1],
    ['decoder.start', 1],
    ['head.encoder', 2],
    ['encoder.name', 2],
    ['toString', 1],
  ])('%s is %i', (code, expected) => {
    expect(exitCodeOf(code)).toBe(expected);
  });

  it('is 1 only for codes of defects and of functions for programs', () => {
    const src = fileURLToPath(new URL('..', import.meta.url));
    const files = globSync('**/*.ts', { cwd: src }).filter(
      (name) => !/\.(test|cases)\.ts$/.test(name),
    );
    const codes = files.flatMap((name) =>
      [...readFileSync(`${src}/${name}`, 'utf8').matchAll(/new LikenessError\(\s*'([\w.]+)'/g)].map(
        (match) => match[1]!,
      ),
    );
    expect(codes.length).toBeGreaterThan(100);
    const words = new Set(
      codes
        .filter((code) => kindOfError(code) === 'failure')
        .map((code) => code.split('.')[0]!.replace('our', 'or')),
    );
    // Commands check what reaches these functions, or the machine has failed.
    const internal =
      'agglomerative collective color concentration decoder doubt dropout eigen export features fewLabels ' +
      'gradient histogram input interrupted kmeans knn layout machine measures metrics nmf ' +
      'neighbors operator outliers output principal replicas runtime shape silhouette spearman ' +
      'state tensor tree usage views whiten';
    expect([...words].filter((word) => !internal.split(' ').includes(word))).toEqual([]);
  });
});

describe('exitCodeOfSignal', () => {
  it.each([
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('of %s is %i', (signal, expected) => {
    expect(exitCodeOfSignal(signal)).toBe(expected);
  });
});
