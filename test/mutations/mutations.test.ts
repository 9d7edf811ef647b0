/**
 * The lines that mutations break are in the source, each once. `mutations.slow.test.ts` breaks
 * them.
 */
import { describe, expect, it } from 'vitest';
import { methodNames } from '../../src/methods/index.ts';
import { filesOf, readText } from '../repository.cases.ts';
import { mutations } from './all.cases.ts';
import { applied, editOf } from './mutation.cases.ts';
import { parse } from './pattern.cases.ts';

it('has lines of every method', () => {
  expect(Object.keys(mutations)).toEqual(expect.arrayContaining([...methodNames]));
});

/** Errors of syntax, which TypeScript keeps beside the tree. */
function syntaxErrors(file: string, text: string): string[] {
  const source = parse(file, text) as unknown as { parseDiagnostics: { messageText: unknown }[] };
  return source.parseDiagnostics.map(({ messageText }) => String(messageText));
}

const tests = filesOf(['src/**/*.test.ts']);

describe.each(Object.entries(mutations))('the lines of %s', (_method, lines) => {
  it.each(lines)('$line', (mutation) => {
    const edit = editOf(mutation);
    const text = readText(edit.file);
    const broken = applied(edit, text);
    expect(broken).not.toBe(text);
    expect(syntaxErrors(edit.file, broken)).toEqual([]);
    expect(tests.filter((file) => file.endsWith(`/${mutation.caughtBy[0]}`))).toHaveLength(1);
  });
});
