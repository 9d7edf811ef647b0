/** Commands that measure on labeled sources how well something works without labels. */
import type { Command } from 'commander';
import { openEngine } from '../src/backends/index.ts';
import { attempt, say } from './attempt.ts';
import { benchmarkColors, type ColorRow, colorCells, colorPrediction } from './colors.ts';
import { type GroupsRow, groupsOfFile, groupsTable } from './groups.ts';
import { correlationCells, correlations, labelFreePoints } from './labelFree.ts';
import { openReport, show, writeResult } from './report.ts';
import { type SuggestedRow, suggestedTable, suggestForFile } from './suggestedK.ts';

/** Adds the commands to the program of the benchmarks. */
export function addLabeledCommands(program: Command): void {
  program
    .command('label-free')
    .description('rank correlation of label-free measures with true NMI over checkpoints')
    .argument('<source>', 'labeled source of the runs')
    .requiredOption(
      '--runs <folders...>',
      'run folders; train them with --set keepCheckpoints=1000',
    )
    .option('--json', 'print one object')
    .option('--checkpoints <n>', 'largest number of checkpoints per run', '30')
    .option('--images <n>', 'images of the label-free sample', '2000')
    .option('--labeled <n>', 'labeled images for NMI', '5000')
    .action(async (source: string, { runs, json, ...numbers }: LabelFreeFlags) => {
      const points = await labelFreePoints({
        source,
        runs,
        checkpoints: Number(numbers.checkpoints),
        images: Number(numbers.images),
        labeled: Number(numbers.labeled),
        onProgress: say,
      });
      const rows = correlations(points);
      const report = { source, correlations: rows, points };
      writeResult('label-free', report);
      show(report, { json, table: correlationCells(rows) });
    });

  program
    .command('colors')
    .description('what agreement of clusters with color predicts, on labeled sources')
    .argument('<sources...>', 'labeled sources')
    .option('--json', 'print one object')
    .option('--images <n>', 'most images of a source', '3000')
    .option('--epochs <n>', 'epochs of the trained network', '3')
    .action(async (sources: string[], { json, images, epochs }: ColorsFlags) => {
      const report = openReport<ColorRow>('colors');
      const options = { images: Number(images), epochs: Number(epochs), onProgress: say };
      for (const source of sources) {
        await attempt(source, () => benchmarkColors(source, { ...options, onRow: report.add }));
      }
      const prediction = colorPrediction(report.rows);
      show({ rows: report.rows, prediction }, { json, table: colorCells(report.rows) });
    });

  program
    .command('suggested-k')
    .description('suggested number of clusters beside the number of classes, on stored features')
    .argument('<files...>', 'labeled features that "likeness-ml embed --out <set>.npy" has written')
    .requiredOption('--encoder <name>', 'name of the encoder, for the table')
    .option('--json', 'print one object')
    .action(async (files: string[], { encoder, json }: { encoder: string; json?: boolean }) => {
      const report = openReport<SuggestedRow>('suggested-k');
      const engine = await openEngine();
      try {
        for (const file of files)
          await attempt(file, async () => report.add(await suggestForFile(engine, file, encoder)));
      } finally {
        await engine.close();
      }
      show({ rows: report.rows }, { json, table: suggestedTable(report.rows) });
    });

  program
    .command('groups')
    .description('agreement with the classes of the algorithms of "cluster", on stored features')
    .argument('<files...>', 'labeled features that "likeness-ml embed --out <set>.npy" has written')
    .requiredOption('--encoder <name>', 'name of the encoder, for the table')
    .option('--json', 'print one object')
    .action(async (files: string[], { encoder, json }: { encoder: string; json?: boolean }) => {
      const report = openReport<GroupsRow>('groups');
      const engine = await openEngine();
      try {
        for (const file of files)
          await attempt(file, async () => report.add(await groupsOfFile(engine, file, encoder)));
      } finally {
        await engine.close();
      }
      show({ rows: report.rows }, { json, table: groupsTable(report.rows) });
    });
}

interface ColorsFlags {
  json?: boolean;
  images: string;
  epochs: string;
}

interface LabelFreeFlags {
  runs: string[];
  json?: boolean;
  checkpoints: string;
  images: string;
  labeled: string;
}
