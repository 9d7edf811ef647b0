import { dirname, relative, resolve, sep } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { circlesOf, importGraph } from './circles.cases.ts';
import { filesOf, isTest, readText, root, specifiersOf } from './repository.cases.ts';

/*
 * Rules about the repository as a whole: which folder may import which, how long a file may be, and
 * what no file may contain. Each rule is a function from (file name, text) to complaints, tried
 * below on texts that break it.
 */

/**
 * Folders of `src` and the facade, lowest first. A file imports from its own and from those before
 * it.
 */
const layers = [
  'core',
  'formats',
  'collectives',
  'tensor',
  'compile',
  'backends',
  'nn',
  'data',
  'views',
  'metrics',
  'cluster',
  'methods',
  'encoders',
  'run',
  'evaluate',
  'duplicates',
  'train',
  'report',
  'compare',
  'library',
  'explore',
  'server',
  'likeness.ts',
  'cli',
];
const longestFile = 400;

/** The command line only parses and prints: it may import the facade, errors and itself. */
const cliMayImport = ['core', 'likeness.ts', 'cli'];

type Rule = (file: string, text: string) => string[];

/**
 * Finds a file's entry in the list of layers: none outside `src`, nor for other files in `src`
 * itself.
 */
function layerOf(file: string): string | undefined {
  const [top, layer, ...rest] = file.split('/');
  return top === 'src' && (rest.length > 0 || layers.includes(layer!)) ? layer : undefined;
}

/** Pairs of an import's text and the file it names, relative to the root. */
function relativeImports(file: string, text: string): [name: string, target: string][] {
  return specifiersOf(text)
    .filter((name) => name.startsWith('.'))
    .map((name) => [
      name,
      relative(root, resolve(root, dirname(file), name))
        .split(sep)
        .join('/'),
    ]);
}

const importsPointDown: Rule = (file, text) => {
  const layer = layerOf(file);
  // A test may use code above its subject, and other files of src itself are public entry points.
  if (layer === undefined || isTest(file)) return [];
  const level = layers.indexOf(layer);
  if (level < 0) return [`${file}: the folder ${layer} has no place in the list of layers`];
  return relativeImports(file, text).flatMap(([name, target]) => {
    const place = layers.indexOf(layerOf(target) ?? '');
    return place >= 0 && place <= level
      ? []
      : [`${file}: imports ${name}, which is above ${layer}`];
  });
};

const cliUsesFacade: Rule = (file, text) => {
  if (layerOf(file) !== 'cli' || isTest(file)) return [];
  const others = relativeImports(file, text)
    .filter(([, target]) => !cliMayImport.includes(layerOf(target) ?? ''))
    .map(([name]) => name);
  return others.length === 0
    ? []
    : [`${file}: imports ${others.join(', ')}; expected ../likeness.ts`];
};

const packageOf = (name: string) => name.split('/', name.startsWith('@') ? 2 : 1).join('/');

const packages = JSON.parse(readText('package.json')) as {
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
};

const isImportedAtOnce = (text: string, name: string) =>
  new RegExp(`^(import(?! type)|export(?! type))\\b[^;(]*['"]${name}['"]`, 'm').test(text);

/** Development packages are missing on a user's machine, and optional ones may be: `import()`. */
const packagesAreDependencies: Rule = (file, text) => {
  if (!file.startsWith('src/') || isTest(file)) return [];
  return specifiersOf(text)
    .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
    .map(packageOf)
    .filter((name) =>
      name in packages.optionalDependencies
        ? isImportedAtOnce(text, name)
        : !(name in packages.dependencies),
    )
    .map((name) => `${file}: imports ${name}, which a user's machine may not have`);
};

const isShort: Rule = (file, text) => {
  const lines = text.trimEnd().split('\n').length;
  return lines > longestFile
    ? [`${file}: ${lines} lines, more than ${longestFile}: split it by idea`]
    : [];
};

const keepsTypes: Rule = (file, text) => {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false);
  const complaints: string[] = [];
  const complain = (node: ts.Node, what: string) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    complaints.push(`${file}:${line + 1}: ${what}`);
  };
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) complain(node, 'any: say what it is, or unknown');
    if (ts.isPropertyAccessExpression(node) && node.getText(source) === 'Math.random') {
      complain(node, 'Math.random: draw with randomAt, so that a seed gives the same bytes');
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  if (/@ts-(ignore|nocheck|expect-error)/.test(text) && file !== 'test/imports.test.ts') {
    complaints.push(`${file}: switches the type checker off`);
  }
  return complaints;
};

/**
 * Reports changes of V8's flags in a running process: Node does not support them, and V8 can abort.
 */
const leavesFlagsAlone: Rule = (file, text) =>
  /^(src|bench)\//.test(file) && /\bsetFlagsFromString\b/.test(text)
    ? [`${file}: changes V8's flags at run time: give them to a process when it is started`]
    : [];

/** Paths that exist on one machine only say nothing to a reader elsewhere. */
const namesNoPrivatePath: Rule = (file, text) =>
  text
    .split('\n')
    .flatMap((line, i) =>
      /(^|[^\w.])\/(work|root)\/|\bshared\/(design|data|models|hooks)|\/tmp\/data\b/.test(line)
        ? [`${file}:${i + 1}: names a path of one machine: ${line.trim().slice(0, 80)}`]
        : [],
    );

function complaints(rule: Rule, files: string[]): string[] {
  return files.flatMap((file) => rule(file, readText(file)));
}

const code = filesOf(['{src,test,bench,docs,examples,ui}/**/*.ts', '*.ts']);
const components = filesOf(['ui/**/*.svelte']);
const text = filesOf([
  '**/*.{ts,py,md,json,yml,yaml,html,css,svg,txt}',
  '.ci/*',
  '.npmrc',
  '.gitignore',
]);

describe('the repository', () => {
  it('is found', () => {
    expect(code).toContain('src/core/random.ts');
    expect(text).toContain('package.json');
  });

  it('imports downwards in the list of folders', () => {
    expect(complaints(importsPointDown, code)).toEqual([]);
  });

  it('has no import circle', () => {
    const sources = code.filter((file) => file.startsWith('src/') && !isTest(file));
    expect(circlesOf(importGraph(new Map(sources.map((file) => [file, readText(file)]))))).toEqual(
      [],
    );
  });

  it('has a command line that imports the facade alone', () => {
    expect(complaints(cliUsesFacade, code)).toEqual([]);
  });

  it('needs only listed dependencies to run', () => {
    expect(complaints(packagesAreDependencies, code)).toEqual([]);
  });

  it(`has no file of code above ${longestFile} lines`, () => {
    expect(complaints(isShort, [...code, ...components])).toEqual([]);
  });

  it('keeps the type checker on and chance seeded', () => {
    expect(complaints(keepsTypes, code)).toEqual([]);
  });

  it("leaves V8's flags alone while it runs", () => {
    expect(complaints(leavesFlagsAlone, code)).toEqual([]);
  });

  it('names no path of one machine', () => {
    expect(complaints(namesNoPrivatePath, text)).toEqual([]);
  });
});

describe('the rules', () => {
  it.each<[string, Rule, string, string, number]>([
    [
      'an import upwards',
      importsPointDown,
      'src/nn/a.ts',
      `import { x } from '../data/index.ts';`,
      1,
    ],
    [
      'a type import upwards',
      importsPointDown,
      'src/nn/a.ts',
      `import type { X } from '../data/x.ts';`,
      1,
    ],
    [
      'a re-export upwards',
      importsPointDown,
      'src/nn/a.ts',
      `export * from '../data/index.ts';`,
      1,
    ],
    [
      'a dynamic import upwards',
      importsPointDown,
      'src/nn/a.ts',
      `await import('../data/index.ts');`,
      1,
    ],
    [
      'an import out of src',
      importsPointDown,
      'src/nn/a.ts',
      `import x from '../../test/x.ts';`,
      1,
    ],
    [
      'an import of the public door',
      importsPointDown,
      'src/nn/a.ts',
      `import x from '../index.ts';`,
      1,
    ],
    [
      'an import of the facade from below',
      importsPointDown,
      'src/run/a.ts',
      `import x from '../likeness.ts';`,
      1,
    ],
    [
      'an import upwards from the facade',
      importsPointDown,
      'src/likeness.ts',
      `import './cli/main.ts';`,
      1,
    ],
    [
      'an import of the facade',
      importsPointDown,
      'src/cli/a.ts',
      `import x from '../likeness.ts';`,
      0,
    ],
    [
      'a command past the facade',
      cliUsesFacade,
      'src/cli/a.ts',
      `import type { X } from '../run/index.ts';`,
      1,
    ],
    [
      'a command that uses the facade',
      cliUsesFacade,
      'src/cli/a.ts',
      `import x from '../likeness.ts'; import '../core/errors.ts'; import './b.ts';`,
      0,
    ],
    [
      'a test of a command',
      cliUsesFacade,
      'src/cli/a.test.ts',
      `import x from '../run/index.ts';`,
      0,
    ],
    ['an unknown folder', importsPointDown, 'src/misc/a.ts', '', 1],
    [
      'imports downwards',
      importsPointDown,
      'src/nn/b/a.ts',
      `import '../../core/x.ts'; import '../c.ts';`,
      0,
    ],
    [
      'a test above its subject',
      importsPointDown,
      'src/nn/a.test.ts',
      `import '../cli/main.ts';`,
      0,
    ],
    [
      'a development package',
      packagesAreDependencies,
      'src/nn/a.ts',
      `import x from '@types/node/fs';`,
      1,
    ],
    [
      'a listed package',
      packagesAreDependencies,
      'src/nn/a.ts',
      `import z from 'zod'; import 'node:fs';`,
      0,
    ],
    ['an optional package', packagesAreDependencies, 'src/a/a.ts', `import { x } from 'koffi';`, 1],
    [
      'an optional package where it is used',
      packagesAreDependencies,
      'src/nn/a.ts',
      `import type { Koffi } from 'koffi';\nimport 'node:fs';\nawait import('koffi');`,
      0,
    ],
    ['a long file', isShort, 'src/nn/a.ts', 'x\n'.repeat(longestFile + 1), 1],
    ['a file of just that length', isShort, 'src/nn/a.ts', 'x\n'.repeat(longestFile), 0],
    ['any', keepsTypes, 'src/nn/a.ts', 'const x: Map<string, any[]> = y as any;', 2],
    ['the word any', keepsTypes, 'src/nn/a.ts', `/* any */ const many = 'any';`, 0],
    ['unseeded chance', keepsTypes, 'src/nn/a.ts', 'const x = Math.random();', 1],
    ['a changed flag', leavesFlagsAlone, 'src/nn/a.ts', `v8.setFlagsFromString('--expose-gc');`, 1],
    [
      'a changed flag by name',
      leavesFlagsAlone,
      'bench/a.ts',
      `v8['setFlagsFromString']('--x');`,
      1,
    ],
    [
      'a flag given at the start',
      leavesFlagsAlone,
      'bench/a.ts',
      `spawn(node, ['--expose-gc']);`,
      0,
    ],
    ['a private path', namesNoPrivatePath, 'README.md', ['see ', 'work', 'a'].join('/'), 1],
    [
      'an ordinary path',
      namesNoPrivatePath,
      'README.md',
      'https://example.org/work/a and docs/work/b',
      0,
    ],
  ])('see %s', (_, rule, file, content, expected) => {
    expect(rule(file, content)).toHaveLength(expected);
  });
});

describe('circlesOf', () => {
  it('finds components of two or more files, and no chain', () => {
    const graph = importGraph(
      new Map([
        ['src/a.ts', `import './b.ts'; import './d.ts';`],
        ['src/b.ts', `import type { C } from './c/c.ts';`],
        ['src/c/c.ts', `export * from '../a.ts'; import 'node:fs';`],
        ['src/d.ts', `await import('./e.ts');`],
        ['src/e.ts', `import './f.ts';`],
        ['src/f.ts', `import './e.ts'; import './g.ts';`],
        ['src/g.ts', ''],
      ]),
    );
    expect(circlesOf(graph)).toEqual([
      ['src/a.ts', 'src/b.ts', 'src/c/c.ts'],
      ['src/e.ts', 'src/f.ts'],
    ]);
  });
});
