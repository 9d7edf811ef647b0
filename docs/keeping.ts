/** Keeps rows of a benchmark in docs/results, each with what it was measured by. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type KeptRows, kept, type Machine, type Provenance, resultsFolder } from './kept.ts';

/** A row as the benchmark wrote it. */
export interface MeasuredRow extends Pick<Provenance, 'measured' | 'versions'> {
  readonly name: string;
}

/** What a benchmark wrote: bench/results/<name>.json. */
export interface MeasuredRows {
  readonly machine: Machine;
  readonly rows: readonly MeasuredRow[];
}

export interface KeepOptions {
  /** What the rows were measured by, and what else the machine did meanwhile. */
  readonly command: string;
  readonly state: string;
  /** Keeps what is there and was not measured again; that has to be of the same machine. */
  readonly add?: boolean;
}

/** Keeps the rows of a file that a benchmark wrote, and gives the path of the kept file. */
export function keepBenchmark(name: string, file: string, { add = false, ...by }: KeepOptions): string {
  const { machine, rows } = JSON.parse(readFileSync(file, 'utf8')) as MeasuredRows;
  const now = { machine, rows: rows.map((row) => ({ ...row, ...by })) };
  const before = add ? kept<typeof now>(name) : undefined;
  return writeKept(name, before ? added(before, now) : now);
}

/** Writes a file of docs/results and gives its path. */
export function writeKept(name: string, result: object): string {
  mkdirSync(resultsFolder, { recursive: true });
  const file = new URL(`${name}.json`, resultsFolder);
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  return file.pathname;
}

/**
 * Rows of two runs on one machine: a row of both is that of the second, in the place of the
 * first's; new ones come last. Where the second has all of the first, its order is taken. Throws
 * where the machines differ.
 */
export function added<R extends { readonly name: string }>(
  before: KeptRows<R>,
  now: KeptRows<R>,
): KeptRows<R> {
  if (!isSameMachine(before, now)) {
    throw new Error(
      `machine: received rows of ${JSON.stringify(now.machine)}; expected the machine of those that are kept, ${JSON.stringify(before.machine)}: keep them without --add, which replaces the others`,
    );
  }
  const again = new Set(now.rows.map(({ name }) => name));
  if (before.rows.every(({ name }) => again.has(name))) return now;
  const rows = new Map([...before.rows, ...now.rows].map((row) => [row.name, row]));
  return { ...now, rows: [...rows.values()] };
}

export function isSameMachine(a: { machine: Machine }, b: { machine: Machine }): boolean {
  return JSON.stringify(a.machine) === JSON.stringify(b.machine);
}
