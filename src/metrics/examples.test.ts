/** Evaluates the examples in the doc comments, so that their values cannot drift. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Contingency } from './index.ts';
import * as metrics from './index.ts';

const folder = new URL('./', import.meta.url);
const example = /@example (\w+)\((.*)\)(\.counts)? \/\/ (.+)$/gm;

/** Examples on one line, such as `@example nmi([0, 1], [0, 1]) // 1`. */
const examples = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .flatMap((file) => [...readFileSync(new URL(file, folder), 'utf8').matchAll(example)])
  .map(([, name, args, member, value]) => ({ name: name!, args: args!, member, value: value! }));

const parse = (text: string): unknown =>
  JSON.parse(text.replaceAll("'", '"').replaceAll(/(\w+):/g, '"$1":')) as unknown;

const calls = new Map(Object.entries(metrics));

it('finds an example of every metric', () => {
  const found = new Set(examples.map(({ name }) => name));
  const expected = [
    'accuracy',
    'adjustedRand',
    'ami',
    'fowlkesMallows',
    'nmi',
    'purity',
    'silhouette',
  ];
  expect(expected.filter((name) => !found.has(name))).toEqual([]);
});

it.each(examples)('$name($args) is $value', ({ name, args, member, value }) => {
  const call = calls.get(name) as (...args: unknown[]) => unknown;
  const result = call(...(parse(`[${args}]`) as unknown[]));
  const actual = member ? [...(result as Contingency).counts] : result;
  if (typeof actual === 'number') expect(actual).toBeCloseTo(Number(value), 4);
  else expect(actual).toEqual(parse(value));
});
