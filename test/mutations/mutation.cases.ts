/**
 * The lines that a method stands on, each with a way to break it and the test that notices. They
 * name function and operator instead of text, so that they survive a move, a new format and most
 * renames.
 */
import { basename } from 'node:path/posix';
import type ts from 'typescript';
import { filesOf, isTest, readText } from '../repository.cases.ts';
import { declarationsOf, fill, findPattern, parse } from './pattern.cases.ts';

export interface Mutation {
  /** Meaning of the line, in words. */
  readonly line: string;
  /**
   * The function or constant that holds it, anywhere in `src`; `file/function` where several have
   * that name.
   */
  readonly in: string;
  /** A pattern (`pattern.cases.ts`) that the function holds once. */
  readonly find: string;
  /**
   * Takes the place of the match; empty: an entry or a statement is removed. The result must load.
   */
  readonly to: string;
  /**
   * Name of a test file, after its folder where several have it, and a part of the name of a test
   * in it, which then fails.
   */
  readonly caughtBy: readonly [file: string, name: string];
}

/** A replacement of text in one file of `src`. */
export interface Edit {
  file: string;
  start: number;
  end: number;
  text: string;
}

let declared: Map<string, ts.Node[]> | undefined;

/** Lists the declarations of a name in `src`. */
function declarationsIn(name: string): readonly ts.Node[] {
  if (!declared) {
    declared = new Map();
    for (const file of filesOf(['src/**/*.ts']).filter((candidate) => !isTest(candidate))) {
      for (const [known, nodes] of declarationsOf(parse(file, readText(file)))) {
        declared.set(known, [...(declared.get(known) ?? []), ...nodes]);
      }
    }
  }
  return declared.get(name) ?? [];
}

/**
 * Finds the text that a mutation replaces. Throws unless its function and its line are there
 * exactly once.
 */
export function editOf(mutation: Mutation): Edit {
  const [name, place] = mutation.in.split('/').reverse() as [string, string?];
  const isThere = (node: ts.Node) =>
    !place || basename(node.getSourceFile().fileName) === `${place}.ts`;
  const holders = declarationsIn(name).filter(isThere);
  const where = holders.map((holder) => holder.getSourceFile().fileName).join(', ');
  if (holders.length !== 1)
    throw new Error(`${mutation.in}: declared ${holders.length} times (${where})`);
  const found = findPattern(holders[0]!, mutation.find);
  if (found.length !== 1)
    throw new Error(`${mutation.in} in ${where} has ${found.length} times: ${mutation.find}`);
  const [match] = found as [(typeof found)[number]];
  const { fileName: file, text } = holders[0]!.getSourceFile();
  const replacement = fill(mutation.to, match);
  // An entry of an object goes with its comma.
  const comma = replacement === '' ? /^\s*,/.exec(text.slice(match.end)) : null;
  return { file, start: match.start, end: match.end + (comma?.[0].length ?? 0), text: replacement };
}

export function applied({ start, end, text }: Edit, source: string): string {
  return source.slice(0, start) + text + source.slice(end);
}
