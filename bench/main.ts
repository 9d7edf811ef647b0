/** Benchmarks: `npm run bench -- step [--json] [--rows a,b] [--rounds n]`. Progress goes to stderr. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { benchmarkStep, machine, type StepRow, stepRows } from './step.ts';

const program = new Command('bench').description('Times likeness beside its peers, in the same run.');
program
  .command('step')
  .description('one training step of a ResNet-18 beside PyTorch (where python3 has torch)')
  .option('--json', 'print one object')
  .option('--rows <names>', `rows to run: ${Object.keys(stepRows).join(', ')}`)
  .option('--rounds <n>', 'how often the peers take turns', '5')
  .action(async ({ json, rows, rounds }: { json?: boolean; rows?: string; rounds: string }) => {
    const names = rows?.split(',') ?? Object.keys(stepRows).filter((name) => name !== 'smoke');
    const unknown = names.find((name) => !(name in stepRows));
    if (unknown !== undefined) {
      throw new Error(`--rows: received "${unknown}"; expected some of ${Object.keys(stepRows).join(', ')}`);
    }
    const results: StepRow[] = [];
    for (const name of names) {
      process.stderr.write(`${name} …\n`);
      results.push(await benchmarkStep(name, { rounds: Number(rounds) }));
    }
    const report = { machine: machine(), rows: results };
    mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
    writeFileSync(new URL('./results/step.json', import.meta.url), `${JSON.stringify(report, null, 2)}\n`);
    if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
    else printTable(results);
  });

function printTable(rows: readonly StepRow[]): void {
  const cells = rows.map(({ name, ours, peer, ratio, spread }) => [
    name,
    ours.toFixed(1),
    peer === null ? 'not installed' : peer.toFixed(1),
    ratio === null ? '' : ratio.toFixed(2),
    spread === null ? '' : `${spread[0].toFixed(2)} to ${spread[1].toFixed(2)}`,
  ]);
  const table = [['row', 'ours img/s', 'PyTorch img/s', 'ratio', 'min to max'], ...cells];
  const widths = table[0]!.map((_, i) => Math.max(...table.map((row) => row[i]!.length)));
  for (const row of table) console.log(row.map((text, i) => text.padEnd(widths[i]!)).join('  '));
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
