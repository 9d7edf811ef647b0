/**
 * Search and replacement by syntax, as in ast-grep: a pattern is TypeScript in which `$name` stands
 * for any expression and a last `$$$name` for the rest of a list. Space, comments, parentheses and
 * non-null assertions do not count.
 */
import ts from 'typescript';

/**
 * The place of a match, as offsets into its file's text, and what each name of the pattern stands
 * for.
 */
export interface Match {
  start: number;
  end: number;
  bound: ReadonlyMap<string, string>;
}

type Bindings = Map<string, ts.Node[]>;

export const parse = (file: string, text: string) =>
  ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);

/**
 * Parses a pattern: an entry of an object (`key: value`, `...rest`), a statement (ends with `;`),
 * or an expression.
 */
function parsePattern(pattern: string): ts.Node {
  const isEntry = /^(\w+:|\.\.\.)/.test(pattern);
  const isStatement = pattern.endsWith(';');
  const source = parse(
    'pattern.ts',
    isEntry ? `({ ${pattern} })` : isStatement ? pattern : `(${pattern})`,
  );
  const statement = source.statements[0]!;
  if (isStatement) return statement;
  const expression = bare((statement as ts.ExpressionStatement).expression);
  return isEntry ? (expression as ts.ObjectLiteralExpression).properties[0]! : expression;
}

/** Takes parentheses and non-null assertions off an expression. */
function bare(node: ts.Node): ts.Node {
  return ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node)
    ? bare(node.expression)
    : node;
}

function childrenOf(node: ts.Node): ts.Node[] {
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  return children;
}

/** Tells whether a node has the pattern's form; adds what the pattern's names stand for. */
function matches(wrappedPattern: ts.Node, wrappedNode: ts.Node, bindings: Bindings): boolean {
  const [pattern, node] = [bare(wrappedPattern), bare(wrappedNode)];
  if (ts.isIdentifier(pattern) && /^\$\w/.test(pattern.text)) {
    const known = bindings.get(pattern.text);
    if (known) return matches(known[0]!, node, new Map());
    bindings.set(pattern.text, [node]);
    return true;
  }
  if (pattern.kind !== node.kind) return false;
  if (ts.isPrefixUnaryExpression(pattern) || ts.isPostfixUnaryExpression(pattern)) {
    if (pattern.operator !== (node as typeof pattern).operator) return false;
  }
  const [parts, others] = [childrenOf(pattern), childrenOf(node)];
  const last = parts.at(-1);
  const hasRest = last !== undefined && ts.isIdentifier(last) && last.text.startsWith('$$$');
  if (hasRest) {
    parts.pop();
    bindings.set(last.text, others.slice(parts.length));
  }
  if (hasRest ? others.length < parts.length : others.length !== parts.length) return false;
  if (parts.length === 0 && !hasRest) return sameLeaf(pattern, node);
  return parts.every((part, i) => matches(part, others[i]!, bindings));
}

function sameLeaf(pattern: ts.Node, node: ts.Node): boolean {
  if (ts.isIdentifier(pattern) || ts.isLiteralExpression(pattern)) {
    return pattern.text === (node as typeof pattern).text;
  }
  return true; // of one kind, without text: a keyword, an operator, an empty list
}

/** Finds all places within a node that have the pattern's form. */
export function findPattern(within: ts.Node, pattern: string): Match[] {
  const wanted = parsePattern(pattern);
  const source = within.getSourceFile();
  const found: Match[] = [];
  const visit = (node: ts.Node): void => {
    const bindings: Bindings = new Map();
    if (bare(node) === node && matches(wanted, node, bindings)) {
      const textOf = (nodes: ts.Node[]) => nodes.map((bound) => bound.getText(source)).join(', ');
      found.push({
        start: node.getStart(source),
        end: node.getEnd(),
        bound: new Map([...bindings].map(([name, nodes]) => [name, textOf(nodes)])),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(within);
  return found;
}

/** Writes what the names of a match stand for into a replacement. */
export function fill(replacement: string, { bound }: Match): string {
  return replacement.replace(/\${1,3}\w+/g, (name) => {
    const text = bound.get(name);
    if (text === undefined) throw new Error(`replacement: ${name} is not in the pattern`);
    return text;
  });
}

/**
 * Lists the functions, methods and constants of a file by name; those inside one of their own name
 * are left out.
 */
export function declarationsOf(source: ts.SourceFile): Map<string, ts.Node[]> {
  const found = new Map<string, ts.Node[]>();
  const visit = (node: ts.Node, around: readonly string[]): void => {
    const declares =
      ts.isFunctionDeclaration(node) ||
      ts.isMethodDeclaration(node) ||
      ts.isVariableDeclaration(node);
    const name = declares && node.name && ts.isIdentifier(node.name) ? node.name.text : undefined;
    if (name !== undefined && !around.includes(name))
      found.set(name, [...(found.get(name) ?? []), node]);
    const inside = name === undefined ? around : [...around, name];
    ts.forEachChild(node, (child) => visit(child, inside));
  };
  visit(source, []);
  return found;
}
