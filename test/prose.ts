/**
 * Counts departures from the English of CONTRIBUTING: comments that open with a relative clause,
 * comments and strings beyond column 100, and British spellings. `node test/prose.ts` lists them.
 * `--write` lowers the counts that `test/prose.json` allows to those of today.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { filesOf, readText, root } from './repository.cases.ts';

export type Finding = 'openings' | 'longLines' | 'spellings';
/** Findings in one file, each as `line: text`. */
export type Findings = Readonly<Record<Finding, readonly string[]>>;
/** Counts by top folder; files that lie in none count under `.`. */
export type Counts = Record<string, Record<Finding, number>>;

const OPENING = /^(what|whether|where|how|those|that|one)\b/i;
const MAX_COLUMN = 100;
/** Length from which a string is text to wrap; the formatter wraps code around shorter ones. */
const MIN_STRING = 50;

/** British words. "Programmed", "analyses" and "metered" are not among them. */
const WORDS = [
  'colour(?!space)|neighbour|behaviour|favour|honour|rigour|vigour|grey|centre|metre(?!d)|fibre|artefact',
  'labelled|labelling|modelled|modelling|levelled|travelled|signalled|totalled|catalogue',
  'licence|defence|whilst|programme(?![dr])|analys(?=e[dr]?\\b|ing)',
].join('|');
/** Stems of verbs in -ise. */
const STEMS = [
  'capital|categor|character|critic|custom|emphas|equal|factor|general|initial|local|maxim|memor',
  'minim|normal|optim|organ|parallel|penal|prior|quant|random|real|recogn|regular|serial|special',
  'standard|summar|symbol|synchron|token|util|vector|visual',
].join('|');
const BRITISH = new RegExp(`${WORDS}|(?:${STEMS})is(?:e|ing|ation)`, 'gi');

/** Files in which a British word is data or the subject. */
const notProse = /^(test\/prose\.|test\/fixtures\/|docs\/results\/|package-lock)/;

/** Lists the ranges of a TypeScript text's comments and strings. */
function wordsOf(source: ts.SourceFile): { comments: ts.TextRange[]; strings: ts.TextRange[] } {
  const text = source.text;
  const comments = new Map<number, ts.TextRange>();
  const strings: ts.TextRange[] = [];
  const add = (range: ts.CommentRange) => void comments.set(range.pos, range);
  const visit = (node: ts.Node): void => {
    ts.getLeadingCommentRanges(text, node.getFullStart())?.forEach(add);
    ts.getTrailingCommentRanges(text, node.getEnd())?.forEach(add);
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node))
      strings.push(range(node, source));
    // A template's parts hold no comments, and text that looks like one.
    if (ts.isStringLiteralLike(node)) return;
    if (ts.isTemplateExpression(node))
      for (const { expression } of node.templateSpans) visit(expression);
    else node.getChildren(source).forEach(visit);
  };
  visit(source);
  return { comments: [...comments.values()].sort((a, b) => a.pos - b.pos), strings };
}

const range = (node: ts.Node, source: ts.SourceFile) => ({
  pos: node.getStart(source),
  end: node.getEnd(),
});

/** Finds the departures in one text. Openings and long lines are looked for in TypeScript alone. */
export function findingsOf(file: string, text: string): Findings {
  const lines = text.split('\n');
  const at = (line: number) => `${file}:${line + 1}: ${lines[line]!.trim()}`;
  const spellings = lines.flatMap((line, i) => [...line.matchAll(BRITISH)].map(() => at(i)));
  if (!file.endsWith('.ts')) return { openings: [], longLines: [], spellings };

  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false);
  const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line;
  const { comments, strings } = wordsOf(source);
  const openings: string[] = [];
  let lastLine = -2; // of the comment before
  for (const { pos, end } of comments) {
    const comment = text.slice(pos, end);
    const continues = comment.startsWith('//') && lineOf(pos) === lastLine + 1;
    lastLine = comment.startsWith('//') ? lineOf(pos) : -2;
    const words = comment.replace(/^(\/\/|\/\*+)[\s*]*/, '');
    if (!continues && OPENING.test(words)) openings.push(at(lineOf(pos)));
  }
  const tooLong = new Set<number>();
  const isText = ({ pos, end }: ts.TextRange) => end - pos >= MIN_STRING;
  for (const { pos, end } of [...comments, ...strings.filter(isText)]) {
    for (let line = lineOf(pos); line <= lineOf(end); line++) {
      const start = source.getPositionOfLineAndCharacter(line, 0);
      if (Math.min(end, start + lines[line]!.length) - start > MAX_COLUMN) tooLong.add(line);
    }
  }
  return { openings, longLines: [...tooLong].sort((a, b) => a - b).map(at), spellings };
}

/** Finds them in all files of the repository, by top folder. */
export function findings(): Map<string, Findings> {
  const byFolder = new Map<string, Record<Finding, string[]>>();
  const files = filesOf(['**/*.{ts,md,css,html,py}', '.ci/*', 'package.json']);
  for (const file of files.filter((name) => !notProse.test(name))) {
    const folder = file.includes('/') ? file.split('/')[0]! : '.';
    if (!byFolder.has(folder)) byFolder.set(folder, { openings: [], longLines: [], spellings: [] });
    for (const [kind, found] of Object.entries(findingsOf(file, readText(file)))) {
      byFolder.get(folder)![kind as Finding].push(...found);
    }
  }
  return byFolder;
}

const allowance = 'test/prose.json';

export const allowedCounts = (): Counts => JSON.parse(readText(allowance));

export function countsOf(found: ReadonlyMap<string, Findings>): Counts {
  return Object.fromEntries(
    [...found].map(([folder, { openings, longLines, spellings }]) => [
      folder,
      { openings: openings.length, longLines: longLines.length, spellings: spellings.length },
    ]),
  );
}

/** Lowers allowed counts to those of today. A folder without an allowance is allowed nothing. */
export function lowered(allowed: Counts, counts: Counts): Counts {
  const lower = ([folder, count]: [string, Counts[string]]) => {
    const least = Object.entries(count).map(([kind, n]) => [
      kind,
      Math.min(n, allowed[folder]?.[kind as Finding] ?? 0),
    ]);
    return [folder, Object.fromEntries(least)];
  };
  return Object.fromEntries(Object.entries(counts).map(lower));
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) {
  const found = findings();
  const counts = countsOf(found);
  if (process.argv.includes('--write')) {
    const known = existsSync(join(root, allowance));
    const allowed = known ? lowered(allowedCounts(), counts) : counts;
    writeFileSync(join(root, allowance), `${JSON.stringify(allowed, null, 2)}\n`);
  } else {
    for (const { openings, longLines, spellings } of found.values()) {
      for (const line of [...openings, ...longLines, ...spellings]) console.log(line);
    }
  }
  console.table(counts);
}
