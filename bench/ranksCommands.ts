/** Commands that measure collectives and training on ranks of this machine. */
import type { Command } from 'commander';
import { type AllReduceRow, benchmarkAllReduce } from './allReduce.ts';
import { say } from './attempt.ts';
import { hasMpirun } from './mpirun.ts';
import { benchmarkRanks, type RankRow, rankRows } from './ranks.ts';
import { openReport, show } from './report.ts';
import { shown } from './table.ts';

interface Flags {
  json?: boolean;
  rounds: string;
}

/** Adds the commands to the program of the benchmarks. */
export function addRanksCommands(program: Command): void {
  program
    .command('all-reduce')
    .description('sum of arrays over ranks by size, beside mpi4py (where python3 has it)')
    .option('--json', 'print one object')
    .option('--rounds <n>', 'rounds in which both alternate', '5')
    .action(async ({ json, rounds }: Flags) => {
      requireMpirun();
      const report = openReport<AllReduceRow>('all-reduce');
      for (const row of await benchmarkAllReduce({ rounds: Number(rounds) })) report.add(row);
      const cells = report.rows.map((row) => [
        ...[row.name, shown(row.milliseconds, 3), shown(row.peerMilliseconds, 3)],
        shown(row.ratio),
      ]);
      const table = [['size', 'ours ms', 'mpi4py ms', 'ratio'], ...cells];
      show({ rows: report.rows }, { json, table });
    });

  program
    .command('ranks')
    .description('training on ranks of this machine, with the time of exchanges')
    .option('--json', 'print one object')
    .option('--rows <names>', `rows to run: ${Object.keys(rankRows).join(', ')}`)
    .option('--rounds <n>', 'rounds in which the rows alternate', '3')
    .action(async ({ json, rounds, rows }: Flags & { rows?: string }) => {
      requireMpirun();
      const names = rows?.split(',') ?? Object.keys(rankRows).filter((name) => name !== 'smoke');
      const report = openReport<RankRow>('ranks');
      const options = { rounds: Number(rounds), onProgress: say };
      for (const row of await benchmarkRanks(names, options)) report.add(row);
      const cells = report.rows.map((row) => [
        ...[row.name, shown(row.imagesPerSecond, 0), shown(row.milliseconds, 0)],
        ...[shown(row.exchangeMilliseconds, 1), shown(row.exchangedBytes / 1e6, 1)],
        String(row.exchanges),
      ]);
      const head = ['row', 'images/s', 'ms per step', 'exchanging ms', 'MB', 'exchanges'];
      show({ rows: report.rows }, { json, table: [head, ...cells] });
    });
}

function requireMpirun(): void {
  if (hasMpirun()) return;
  throw new Error('mpirun is not there (on Debian: apt-get install openmpi-bin)');
}
