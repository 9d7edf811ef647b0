/**
 * Stores rows of benchmarks in docs/results, each with its command and the state of the machine.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type Machine, type Provenance, resultsFolder, type StoredRows, stored } from './stored.ts';

/** Row of a benchmark. */
export interface MeasuredRow extends Pick<Provenance, 'measured' | 'versions'> {
  readonly name: string;
}

/** Output of a benchmark: bench/results/<name>.json. */
export interface MeasuredRows {
  readonly machine: Machine;
  readonly rows: readonly MeasuredRow[];
}

export interface StoreOptions {
  /** Command of the rows; `state` describes other load on the machine. */
  readonly command: string;
  readonly state: string;
  /** Keeps the other stored rows, which need the same machine. */
  readonly add?: boolean;
}

/** Stores the rows of a benchmark's output and returns the path of the stored file. */
export function storeBenchmark(
  name: string,
  file: string,
  { add = false, ...by }: StoreOptions,
): string {
  const { machine, rows } = JSON.parse(readFileSync(file, 'utf8')) as MeasuredRows;
  const now = { machine, rows: rows.map((row) => ({ ...row, ...by })) };
  const before = add ? stored<typeof now>(name) : undefined;
  return writeStored(name, before ? added(before, now) : now);
}

/** Writes a file of docs/results and returns its path. */
export function writeStored(name: string, result: object): string {
  mkdirSync(resultsFolder, { recursive: true });
  const file = new URL(`${name}.json`, resultsFolder);
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  return file.pathname;
}

/**
 * Merges the rows of two runs on one machine. Rows of the second replace those of the same name,
 * and new ones come last. If the second has all rows of the first, its order applies.
 *
 * @throws Error where the machines differ.
 */
export function added<R extends { readonly name: string }>(
  before: StoredRows<R>,
  now: StoredRows<R>,
): StoredRows<R> {
  if (!isSameMachine(before, now)) {
    throw new Error(
      `machine: received rows of ${JSON.stringify(now.machine)}; expected the machine of the ` +
        `stored rows, ${JSON.stringify(before.machine)}. Leave out --add to replace them.`,
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
