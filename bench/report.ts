/**
 * Result files in results/. Each row is written as soon as it is measured, so that an interrupted
 * run keeps its rows.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { runtimeVersion } from '../src/backends/index.ts';
import { printTable } from './table.ts';

/** Fields that a result file adds to a row. */
export interface Dated {
  /** Day of the measurement, such as `2026-11-28`. */
  readonly measured: string;
}

export interface Report<R extends object> {
  readonly rows: readonly (R & Dated)[];
  /** Adds a row and writes the file. */
  add(row: R): void;
}

/** Format of a printed report. */
export interface Shown {
  /** Print one object on stdout instead of a table. */
  json?: boolean;
  table: readonly (readonly string[])[];
}

/** Path of the result file of a benchmark. */
export function resultFile(name: string): string {
  return fileURLToPath(new URL(`./results/${name}.json`, import.meta.url));
}

/** Starts results/<name>.json and discards the output of an earlier run. */
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

/** Writes results/<name>.json: the report and the machine of the measurement. */
export function writeResult(name: string, report: object): void {
  const file = resultFile(name);
  mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
  // Renaming keeps the earlier rows where the run ends while it writes.
  writeFileSync(`${file}.part`, `${JSON.stringify({ machine: machine(), ...report }, null, 2)}\n`);
  renameSync(`${file}.part`, file);
}

/** Prints the report as one object, or as a table. */
export function show(report: object, { json = false, table }: Shown): void {
  if (json) process.stdout.write(`${JSON.stringify({ machine: machine(), ...report })}\n`);
  else printTable(table);
}

/** Describes this machine. */
function machine(): Record<string, unknown> {
  return {
    cpu: cpus()[0]?.model,
    threads: availableParallelism(),
    node: process.version,
    runtime: runtimeVersion,
  };
}
