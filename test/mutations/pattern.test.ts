import { describe, expect, it } from 'vitest';
import { declarationsOf, fill, findPattern, parse } from './pattern.cases.ts';

const source = parse(
  'a.ts',
  `export function loss(q: Tensor, { tau }: Options) {
     const logits = where(isSelf, scalar(MASKED), mul( q, // [B, D]
       1 / (tau)));
     if (a === b) continue;
     return logits!;
   }
   const options = { when: 'before', ...given(q, k), steps: [1, -1] };
   const step = { run(q: Tensor) { return q ; }, other: (k) => k };`,
);
const textsOf = (pattern: string) =>
  findPattern(source, pattern).map(({ start, end }) => source.text.slice(start, end));

describe('findPattern', () => {
  it.each<[string, string[]]>([
    [
      'where($c, $masked, $S)',
      ['where(isSelf, scalar(MASKED), mul( q, // [B, D]\n       1 / (tau)))'],
    ],
    [
      'where($c, scalar($m), mul(q, 1 / tau))',
      ['where(isSelf, scalar(MASKED), mul( q, // [B, D]\n       1 / (tau)))'],
    ],
    ['where($c, $c, $S)', []],
    ['mul(q, 2 / tau)', []],
    ['$a === $b', ['a === b']],
    ['$a !== $b', []],
    ['if ($a) continue;', ['if (a === b) continue;']],
    ["when: 'before'", ["when: 'before'"]],
    ["when: 'after'", []],
    ['...given($$$all)', ['...given(q, k)']],
    ['given($k)', []],
    ['[1, -1]', ['[1, -1]']],
    ['[1, +1]', []],
    ['{ when: $w, ...$rest, steps: $s }', ["{ when: 'before', ...given(q, k), steps: [1, -1] }"]],
    ['logits', ['logits', 'logits']],
  ])('finds %s', (pattern, expected) => {
    expect(textsOf(pattern)).toEqual(expected);
  });

  it('fills what its names stand for into a replacement', () => {
    const [call] = findPattern(source, '...given($first, $$$more)');
    expect(fill('f($$$more, $first)', call!)).toBe('f(k, q)');
    expect(() => fill('$other', call!)).toThrow('$other');
  });
});

describe('declarationsOf', () => {
  it('finds functions, constants and methods by name, the outermost of a name', () => {
    const found = declarationsOf(
      parse('a.ts', `${source.text} function logits() { const logits = 1; }`),
    );
    expect([...found].map(([name, nodes]) => [name, nodes.length])).toEqual([
      ['loss', 1],
      ['logits', 2],
      ['options', 1],
      ['step', 1],
      ['run', 1],
    ]);
  });
});
