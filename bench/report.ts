/**
 * Results as files in this folder's results/: a row is on disk as soon as it is measured, so that a
 * run that is cut short keeps its rows.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { runtimeVersion } from '../src/backends/index.ts';
import { printTable } from './table.ts';

/** What a result file adds to a row. */
export interface Dated {
  /** Day it was measured on, such as `2026-11-28`. */
  readonly measured: string;
}

export interface Report<R extends object> {
  readonly rows: readonly (R & Dated)[];
  /** Adds a row and writes the file. */
  add(row: R): void;
}

/** How a report is shown. */
export interface Shown {
  /** One object on stdout in place of the table. */
  json?: boolean;
  table: readonly (readonly string[])[];
}

/** The file in which a benchmark leaves its result. */
export function resultFile(name: string): string {
  return fileURLToPath(new URL(`./results/${name}.json`, import.meta.url));
}

/** Begins results/<name>.json; what an earlier run left there is gone. */
export function openReport<R extends object>(name: string): Report<R> {
  const rows: (R & Dated)[] = [];
  writeResult(name, { rows });
  return {
    rows,
    add(row) {
      rows.push({ ...row, measured: new Date().toISOString().slice(0, 10) });
      writeResult(name, { rows });
    },
  };
}

/** Writes results/<name>.json: the report, and the machine that it was measured on. */
export function writeResult(name: string, report: object): void {
  const file = resultFile(name);
  mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
  // Under another name first: a run that is ended while it writes leaves the rows before.
  writeFileSync(`${file}.part`, `${JSON.stringify({ machine: machine(), ...report }, null, 2)}\n`);
  renameSync(`${file}.part`, file);
}

/** Prints the report as one object, or the table of its rows. */
export function show(report: object, { json = false, table }: Shown): void {
  if (json) process.stdout.write(`${JSON.stringify({ machine: machine(), ...report })}\n`);
  else printTable(table);
}

/** What the figures were measured on. */
function machine(): Record<string, unknown> {
  return {
    cpu: cpus()[0]?.model,
    threads: availableParallelism(),
    node: process.version,
    runtime: runtimeVersion,
  };
}
