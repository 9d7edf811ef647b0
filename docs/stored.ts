/**
 * Measured results in docs/results, as the program wrote them, and Markdown tables.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Comparison } from '../src/compare/index.ts';

/** Stored output of `compare`, without paths of the machine. */
export interface StoredComparison {
  /** Name of the data set. */
  readonly title: string;
  readonly command: string;
  /** Other load on the machine. */
  readonly state: string;
  readonly comparison: Omit<Comparison, 'source' | Newer> & Partial<Pick<Comparison, Newer>>;
}

/** Fields that older comparisons lack. */
type Newer = 'date' | 'likeness';

/** Folder of the stored results. */
export const resultsFolder = new URL('./results/', import.meta.url);

/** Data sets of the comparisons, in the order of the pages. */
export const compared = ['cifar10', 'fashion-mnist'] as const;

/** Reads a stored result; `undefined` where there is none. */
export function stored<T>(name: string): T | undefined {
  const file = new URL(`${name}.json`, resultsFolder);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined;
}

/** Machine on which rows were measured. */
export interface Machine {
  readonly cpu: string;
  readonly threads: number;
  readonly node: string;
  readonly runtime: string;
}

/** Origin of a row. */
export interface Provenance {
  readonly command: string;
  /** Other load on the machine. */
  readonly state: string;
  /** Day, such as `2026-11-28`; older rows have none. */
  readonly measured?: string;
  /** Versions of the peers, by name. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** Rows of a benchmark from one machine. */
export interface StoredRows<T> {
  readonly machine: Machine;
  readonly rows: readonly (T & Provenance)[];
}

/** Formats a Markdown table; the first row is its head. */
export function markdown([head, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head!), `|${'---|'.repeat(head!.length)}`, ...rows.map(line)].join('\n');
}
