/**
 * Stores a measured result for the documentation: copies the program's output to docs/results,
 * without paths of the machine.
 *
 *     node docs/store.ts comparison cifar10 runs/cifar10/compare.json --title CIFAR-10 \
 *       --command "likeness compare …" --state "…"
 *     node docs/store.ts benchmark kmeans bench/results/kmeans.json \
 *       --command "npm run bench -- kmeans" --state "…"
 *     node docs/store.ts label-free cifar10 bench/results/label-free.json --title CIFAR-10 \
 *       --command "npm run bench -- …"
 *
 *     node docs/store.ts variants pcl-cifar10 runs/pcl/compare.json --title CIFAR-10 \
 *       --command "likeness compare …" --state "…"
 *     node docs/store.ts heads clothes runs/card/compare.json --title "713 clothes" \
 *       --command "likeness compare … --encoder …" --state "…"
 *     node docs/store.ts fine-tuning clothes runs/tuned/compare.json --title "713 clothes" \
 *       --command "likeness compare … --encoder … --fine-tune …" --state "…"
 *
 * Merges a comparison with the stored one of the same images and budget, and replaces the rows of
 * its methods.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { type ComparedMethod, type Comparison, originOf } from '../src/compare/index.ts';
import { methodNames } from '../src/methods/index.ts';
import { shortTuned, type TunedComparison } from './fineTuning.ts';
import { type HeadComparison, shortHeads, withRows } from './heads.ts';
import { type ShortComparison, shortened } from './shortComparisons.ts';
import { type StoredComparison, stored } from './stored.ts';
import { storeBenchmark, writeStored } from './storeResult.ts';

const program = new Command('store').description('Stores a measured result for the documentation.');

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
    const before = stored<StoredComparison>(name)?.comparison;
    const comparison = before ? merged(before, found) : found;
    write(name, { ...flags, comparison: withoutFolders(comparison) });
  });

program
  .command('benchmark')
  .arguments('<name> <file>')
  .requiredOption('--command <text>')
  .requiredOption('--state <text>')
  .option('--add', 'keep the other stored rows, which need the same machine')
  .action(
    (name: string, file: string, { add, ...flags }: Omit<Flags, 'title'> & { add?: true }) => {
      console.log(storeBenchmark(name, file, { add, ...flags }));
    },
  );

program
  .command('label-free')
  .arguments('<name> <file>')
  .requiredOption('--title <text>')
  .requiredOption('--command <text>')
  .action((name: string, file: string, flags: Omit<Flags, 'state'>) => {
    const { correlations, points } = read<{ correlations: object[]; points: { run: string }[] }>(
      file,
    );
    write(`label-free-${name}`, {
      ...flags,
      runs: new Set(points.map(({ run }) => run)).size,
      correlations,
    });
  });

program
  .command('variants')
  .description('a short table of one or several comparisons on the same images')
  .arguments('<name> <files...>')
  .requiredOption('--title <text>')
  .requiredOption('--command <text>')
  .requiredOption('--state <text>')
  .option('--minutes <m>', 'minutes on two threads of a quiet machine that the epochs stand for')
  .action((name: string, files: string[], { minutes, ...flags }: Flags & { minutes?: string }) => {
    const budget = minutes === undefined ? {} : { minutes: Number(minutes) };
    const row = shortened(files.map(read<Comparison>), { name, ...flags, ...budget });
    const before = stored<{ rows: ShortComparison[] }>('variants')?.rows ?? [];
    const rows = [...before.filter((other) => other.name !== name), row];
    write('variants', { rows: rows.toSorted((a, b) => (a.name < b.name ? -1 : 1)) });
  });

program
  .command('heads')
  .description('a comparison of heads on one set, for the table of docs/pretrained.md')
  .arguments('<name> <file>')
  .requiredOption('--title <text>')
  .requiredOption('--command <text>')
  .requiredOption('--state <text>')
  .option('--add', 'keep the other stored rows of the set, its command and its state')
  .action((name: string, file: string, { add, ...flags }: Flags & { add?: true }) => {
    const row = shortHeads(read<Comparison>(file), { name, ...flags });
    const before = stored<{ rows: HeadComparison[] }>('heads')?.rows ?? [];
    const old = add && before.find((other) => other.name === name);
    write('heads', { rows: replaced(before, old ? withRows(old, row) : row) });
  });

program
  .command('fine-tuning')
  .description('a comparison with models trained further, for docs/pretrained.md')
  .arguments('<name> <file>')
  .requiredOption('--title <text>')
  .requiredOption('--command <text>')
  .requiredOption('--state <text>')
  .action((name: string, file: string, flags: Flags) => {
    const row = shortTuned(read<Comparison>(file), { name, ...flags });
    const before = stored<{ rows: TunedComparison[] }>('fine-tuning')?.rows ?? [];
    write('fine-tuning', { rows: replaced(before, row) });
  });

/** Rows with one in the place of that of its name, or behind all. */
function replaced<T extends { name: string }>(rows: readonly T[], row: T): T[] {
  const isNew = rows.every(({ name }) => name !== row.name);
  return isNew ? [...rows, row] : rows.map((old) => (old.name === row.name ? row : old));
}

function read<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}

function write(name: string, result: object): void {
  console.log(writeStored(name, result));
}

type AnyComparison = StoredComparison['comparison'];

/** Merges two comparisons under the same conditions, in the order of the methods. */
function merged(before: AnyComparison, now: AnyComparison): AnyComparison {
  for (const key of [
    'data',
    'images',
    'budget',
    'seeds',
    'preset',
    'protocol',
    'program',
  ] as const) {
    if (JSON.stringify(before[key]) !== JSON.stringify(now[key])) {
      throw new Error(
        `${key}: received ${JSON.stringify(now[key])}; expected that of the stored comparison, ` +
          JSON.stringify(before[key]),
      );
    }
  }
  const added = new Set(now.methods.map(({ method }) => method));
  const methods = [...before.methods.filter(({ method }) => !added.has(method)), ...now.methods];
  const place = ({ method }: ComparedMethod) => (methodNames as readonly string[]).indexOf(method);
  return { ...now, ...originOf(methods), methods: methods.toSorted((a, b) => place(a) - place(b)) };
}

function withoutFolders(comparison: AnyComparison): object {
  const methods = comparison.methods.map((row) => ({
    ...row,
    runs: row.runs.map(({ folder: _, ...run }) => run),
  }));
  return { ...comparison, methods };
}

program.parse();
