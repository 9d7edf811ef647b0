/** Files of the repository, for tests of the repository as a whole. */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = resolve(fileURLToPath(import.meta.url), '../..');

/** Tells tests and their helpers from the source that they test. */
export const isTest = (file: string) => /\.(test|cases)\.ts$/.test(file);

/** Lists files that match the patterns, sorted, without installed and generated ones. */
export function filesOf(patterns: readonly string[]): string[] {
  const skipped =
    /(^|\/)(node_modules|dist|runs|bench\/results|docs\/api|\.git|\.cache|__pycache__)(\/|$)/;
  return patterns
    .flatMap((pattern) => globSync(pattern, { cwd: root, exclude: (path) => skipped.test(path) }))
    .map((file) => file.split(sep).join('/'))
    .filter((file) => !skipped.test(file))
    .sort();
}

export const readText = (file: string) => readFileSync(join(root, file), 'utf8');

/** Lists the modules that a text imports: statically, dynamically, by type or by `require`. */
export function specifiersOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map((found) => found.fileName);
}
