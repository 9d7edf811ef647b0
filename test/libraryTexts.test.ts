/** Texts of the library name options and calls; the command line has flags and commands. */
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { commands } from '../src/cli/commands.ts';
import { commandOfCall } from '../src/cli/nextCommand.ts';
import { filesOf, isTest, readText } from './repository.cases.ts';

interface Text {
  readonly at: string;
  readonly text: string;
}

/** Lists strings and templates with their lines; `…` stands for inserted values. */
function textsOf(file: string, content: string): Text[] {
  const source = ts.createSourceFile(file, content, ts.ScriptTarget.Latest, true);
  const texts: Text[] = [];
  const visit = (node: ts.Node): void => {
    const text = ts.isStringLiteralLike(node)
      ? node.text
      : ts.isTemplateExpression(node)
        ? [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…')
        : undefined;
    if (text !== undefined) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      texts.push({ at: `${file}:${line + 1}`, text });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return texts;
}

const FLAG = /(^|[\s"'`])(--[a-z][a-z-]*|-[a-z])(?=[\s"'`.,:;)]|$)/;
const COMMAND = new RegExp(`\\blikeness (${commands.map(({ name }) => name).join('|')})\\b`);

const speaksOfFlags = ({ text }: Text) => FLAG.test(text) || COMMAND.test(text);

/** Calls in backticks, such as `model.cluster(images)`. */
const callsIn = ({ text }: Text) =>
  [...text.matchAll(/`([^`\n]*\([^`\n]*\))`/g)].map((match) => match[1]!);

/** Arguments of other programs, which are no texts for people. */
const otherPrograms = ['src/core/version.ts', 'src/data/deepImages.ts', 'src/data/heic.ts'];

const library = filesOf(['src/**/*.ts']).filter(
  (file) => !file.startsWith('src/cli/') && !isTest(file) && !otherPrograms.includes(file),
);
const texts = library.flatMap((file) => textsOf(file, readText(file)));

describe('texts below src/cli', () => {
  it('are found', () => {
    expect(texts.some(({ text }) => text.includes('expected a whole number of at least'))).toBe(
      true,
    );
  });

  it('have no flag and no command', () => {
    expect(texts.filter(speaksOfFlags)).toEqual([]);
  });

  it('name calls as the next step that the command line has a command for', () => {
    const calls = texts.flatMap(callsIn);
    expect(calls).toContain('model.cluster(images)');
    expect(calls.filter((call) => commandOfCall(call) === undefined)).toEqual([]);
  });
});

describe('speaksOfFlags', () => {
  it.each<[string, boolean]>([
    ['Choose another folder with --out.', true],
    ['--set: received', true],
    ['k: use -k', true],
    ['Run "likeness cluster" again.', true],
    ['Choose another folder with `out`.', false],
    [':root{--page:#fff;color:var(--ink)}', false],
    ['likeness clusters 1', false],
    ['one - or two', false],
  ])('%s', (text, expected) => {
    expect(speaksOfFlags({ at: '', text })).toBe(expected);
  });
});
