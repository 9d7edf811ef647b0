/**
 * Measured results that are kept in docs/results as the program wrote them, and tables made of
 * them.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Comparison } from '../src/compare/index.ts';

/**
 * A comparison that is kept: what `compare` wrote, without the paths of the machine that it ran on.
 */
export interface KeptComparison {
  /** Name of the data set. */
  readonly title: string;
  readonly command: string;
  /** State of the machine while it ran. */
  readonly state: string;
  readonly comparison: Omit<Comparison, 'source' | Newer> & Partial<Pick<Comparison, Newer>>;
}

/** What comparisons that were made earlier lack. */
type Newer = 'date' | 'likeness';

/** Folder of the files. */
export const resultsFolder = new URL('./results/', import.meta.url);

/** The data sets that methods are compared on, in the order in which they are shown. */
export const compared = ['cifar10', 'fashion-mnist'] as const;

/** What a file holds; nothing where it is not there. */
export function kept<T>(name: string): T | undefined {
  const file = new URL(`${name}.json`, resultsFolder);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined;
}

/** What rows were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly threads: number;
  readonly node: string;
  readonly runtime: string;
}

/** What a row was measured by. */
export interface Provenance {
  readonly command: string;
  /** What else the machine did. */
  readonly state: string;
  /** Day, such as `2026-11-28`; rows of old have none. */
  readonly measured?: string;
  /** Versions of the peers, by name. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** Rows of a benchmark, all of one machine. */
export interface KeptRows<T> {
  readonly machine: Machine;
  readonly rows: readonly (T & Provenance)[];
}

/** A table in Markdown, its first row the head. */
export function markdown([head, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head!), `|${'---|'.repeat(head!.length)}`, ...rows.map(line)].join('\n');
}
