/**
 * Keeps a measured result for the documentation: takes what the program wrote, without paths of the
 * machine, and puts it into docs/results.
 *
 *     node docs/keep.ts comparison cifar10 runs/cifar10/compare.json --title CIFAR-10 --command "likeness compare …" --state "…"
 *     node docs/keep.ts benchmark kmeans bench/results/kmeans.json --command "npm run bench -- kmeans" --state "…"
 *     node docs/keep.ts label-free cifar10 bench/results/label-free.json --title CIFAR-10 --command "npm run bench -- …"
 *
 * A comparison made in pieces, of the same images and budget, is put together: rows of the same
 * method are replaced.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { type ComparedMethod, type Comparison, originOf } from '../src/compare/index.ts';
import { methodNames } from '../src/methods/index.ts';
import { keepBenchmark, writeKept } from './keeping.ts';
import { type KeptComparison, kept } from './kept.ts';

const program = new Command('keep').description('Keeps a measured result for the documentation.');

interface Flags {
  title: string;
  command: string;
  state: string;
}

program
  .command('comparison')
  .arguments('<name> <file>')
  .requiredOption('--title <text>')
  .requiredOption('--command <text>')
  .requiredOption('--state <text>')
  .action((name: string, file: string, flags: Flags) => {
    const { source: _path, ...found } = read<Comparison>(file);
    const before = kept<KeptComparison>(name)?.comparison;
    const comparison = before ? together(before, found) : found;
    write(name, { ...flags, comparison: withoutFolders(comparison) });
  });

program
  .command('benchmark')
  .arguments('<name> <file>')
  .requiredOption('--command <text>')
  .requiredOption('--state <text>')
  .option('--add', 'keeps the rows that are there and were measured on the same machine')
  .action((name: string, file: string, { add, ...flags }: Omit<Flags, 'title'> & { add?: true }) => {
    console.log(keepBenchmark(name, file, { add, ...flags }));
  });

program
  .command('label-free')
  .arguments('<name> <file>')
  .requiredOption('--title <text>')
  .requiredOption('--command <text>')
  .action((name: string, file: string, flags: Omit<Flags, 'state'>) => {
    const { correlations, points } = read<{ correlations: object[]; points: { run: string }[] }>(file);
    write(`label-free-${name}`, {
      ...flags,
      runs: new Set(points.map(({ run }) => run)).size,
      correlations,
    });
  });

function read<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}

function write(name: string, result: object): void {
  console.log(writeKept(name, result));
}

type Kept = KeptComparison['comparison'];

/** Two comparisons under the same conditions as one, in the order of the methods. */
function together(before: Kept, now: Kept): Kept {
  for (const key of ['data', 'images', 'budget', 'seeds', 'preset', 'protocol', 'program'] as const) {
    if (JSON.stringify(before[key]) !== JSON.stringify(now[key])) {
      throw new Error(
        `${key}: ${JSON.stringify(now[key])} is not what is kept, ${JSON.stringify(before[key])}`,
      );
    }
  }
  const added = new Set(now.methods.map(({ method }) => method));
  const methods = [...before.methods.filter(({ method }) => !added.has(method)), ...now.methods];
  const place = ({ method }: ComparedMethod) => (methodNames as readonly string[]).indexOf(method);
  return { ...now, ...originOf(methods), methods: methods.toSorted((a, b) => place(a) - place(b)) };
}

function withoutFolders(comparison: Kept): object {
  const methods = comparison.methods.map((row) => ({
    ...row,
    runs: row.runs.map(({ folder: _, ...run }) => run),
  }));
  return { ...comparison, methods };
}

program.parse();
