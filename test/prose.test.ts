/** Forbidden openings, over-long lines and British spellings may only become fewer. */
import { describe, expect, it } from 'vitest';
import { allowedCounts, countsOf, type Finding, findings, findingsOf, lowered } from './prose.ts';

describe('the English of the repository', () => {
  const found = findings();
  const allowed = allowedCounts();

  it.each([...found.keys()])('has in %s no more findings than are allowed', (folder) => {
    const counts = countsOf(found)[folder]!;
    for (const [kind, count] of Object.entries(counts) as [Finding, number][]) {
      const list = found.get(folder)![kind].join('\n');
      expect(
        count,
        `${kind} in ${folder} rose (node test/prose.ts lists them):\n${list}`,
      ).toBeLessThanOrEqual(allowed[folder]?.[kind] ?? 0);
    }
  });
});

describe('findingsOf', () => {
  const countsIn = (text: string, file = 'src/a.ts') => {
    const { openings, longLines, spellings } = findingsOf(file, text);
    return [openings.length, longLines.length, spellings.length];
  };
  const long = 'x'.repeat(98);

  it.each<[string, string, [openings: number, longLines: number, spellings: number]]>([
    [
      'a doc comment that opens with What',
      '/** What a step gives. */\nexport const a = 1;',
      [1, 0, 0],
    ],
    ['the same on a line of its own', '/**\n * Whether it ends.\n */\nlet a = 1;', [1, 0, 0]],
    ['a comment behind code', 'const a = 1; // how many there are', [1, 0, 0]],
    [
      'a comment in an empty block',
      'try {\n  a();\n} catch {\n  // One that is missing.\n}',
      [1, 0, 0],
    ],
    [
      'the second line of a comment',
      '// Counts files in\n// those folders.\nlet a = 1;',
      [0, 0, 0],
    ],
    ['a verb and a noun', '/** Counts what there is. */\nlet a = 1; // Onesided test', [0, 0, 0]],
    ['text that looks like a comment', "const a = '// What'; const b = `/* How */`;", [0, 0, 0]],
    ['a long comment', `// ${long}`, [0, 1, 0]],
    ['a comment of just that length', `// ${long.slice(1)}`, [0, 0, 0]],
    ['a long string', `const a = '${long}';`, [0, 1, 0]],
    ['a long line of a template', `const a = \`\n${long}${long}\n\${b}\`;`, [0, 1, 0]],
    ['long code that ends with a short string', `f(${'b + '.repeat(25)}c, 'a');`, [0, 0, 0]],
    ['long code behind a short string', `f('a', ${'b + '.repeat(25)} c);`, [0, 0, 0]],
    [
      'British spellings',
      '// Normalised colours of the unlabelled\nconst neighbourCount = 1;',
      [0, 0, 4],
    ],
    [
      'all forms of a verb',
      '// Optimise, optimises, optimised, optimising, optimisation',
      [0, 0, 5],
    ],
    ['American spellings', '// Normalized colors, an optimist, programmed analyses', [0, 0, 0]],
  ])('sees %s', (_, text, expected) => {
    expect(countsIn(text)).toEqual(expected);
  });

  it('looks at the spelling alone of other files', () => {
    expect(countsIn(`What colour is ${long}`, 'docs/a.md')).toEqual([0, 0, 1]);
  });
});

describe('lowered', () => {
  it('never raises a count, and allows a new folder nothing', () => {
    const counts = (openings: number, longLines: number) => ({ openings, longLines, spellings: 0 });
    expect(
      lowered({ a: counts(2, 2), gone: counts(1, 1) }, { a: counts(3, 1), b: counts(1, 0) }),
    ).toEqual({
      a: counts(2, 1),
      b: counts(0, 0),
    });
  });
});
