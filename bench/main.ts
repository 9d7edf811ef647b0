/**
 * Benchmarks: `npm run bench -- step [--json] [--rows a,b] [--rounds n]`, and `npm run bench -- label-free <source> --runs a b`.
 * Progress goes to stderr.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { correlations, correlationTable, labelFreePoints } from './labelFree.ts';
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

program
  .command('label-free')
  .description(
    'how well measures without labels follow true NMI over the checkpoints of several runs of one source',
  )
  .argument('<source>', 'labelled source that the runs were trained on')
  .requiredOption('--runs <folders...>', 'run folders; train them with --set keepCheckpoints=1000')
  .option('--json', 'print one object')
  .option('--checkpoints <n>', 'most checkpoints looked at per run', '30')
  .option('--images <n>', 'images of the sample that is measured without labels', '2000')
  .option('--labelled <n>', 'labelled images that NMI is measured on', '5000')
  .action(async (source: string, { runs, json, ...numbers }: LabelFreeFlags) => {
    const points = await labelFreePoints({
      source,
      runs,
      checkpoints: Number(numbers.checkpoints),
      images: Number(numbers.images),
      labelled: Number(numbers.labelled),
      onProgress: (what) => process.stderr.write(`${what}\n`),
    });
    const rows = correlations(points);
    const report = { machine: machine(), source, correlations: rows, points };
    mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
    writeFileSync(
      new URL('./results/label-free.json', import.meta.url),
      `${JSON.stringify(report, null, 2)}\n`,
    );
    if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
    else for (const line of correlationTable(rows)) console.log(line);
  });

interface LabelFreeFlags {
  runs: string[];
  json?: boolean;
  checkpoints: string;
  images: string;
  labelled: string;
}

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
