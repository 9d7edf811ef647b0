/** Results as a table in the terminal and as a file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { runtimeVersion } from '../src/runtime/index.ts';

/** What the figures were measured on. */
export function machine(): Record<string, unknown> {
  return {
    cpu: cpus()[0]?.model,
    threads: availableParallelism(),
    node: process.version,
    runtime: runtimeVersion,
  };
}

/** Writes results/<name>.json in this folder, and prints the report, or the table of its rows. */
export function writeReport(
  name: string,
  report: Record<string, unknown>,
  { json = false, table }: { json?: boolean; table: readonly (readonly string[])[] },
): void {
  const whole = { machine: machine(), ...report };
  mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
  writeFileSync(new URL(`./results/${name}.json`, import.meta.url), `${JSON.stringify(whole, null, 2)}\n`);
  if (json) process.stdout.write(`${JSON.stringify(whole)}\n`);
  else for (const line of aligned(table)) console.log(line);
}

/** Lines of a table whose columns are as wide as their widest cell. */
function aligned(table: readonly (readonly string[])[]): string[] {
  const widths = table[0]!.map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((text, i) => text.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}
