/**
 * Command line of the benchmarks; `npm run bench -- --help` lists them. Every command prints a
 * table, or one object with --json, and writes results/<name>.json row by row. Progress goes to
 * stderr. A failed row is reported, the others go on, and the exit code is 1.
 */
import { Command } from 'commander';
import { type BenchmarkName, benchmarkAll, benchmarkNames } from './all.ts';
import { attempt, failed, say } from './attempt.ts';
import { benchmarkClustering, type ClusteringRow, clusteringRows } from './clustering.ts';
import { benchmarkDecode, decodeRows } from './decode.ts';
import {
  benchmarkDuplicates,
  type DuplicatesRow,
  duplicatesCells,
  type SearchRow,
  searchSeconds,
} from './duplicates.ts';
import { benchmarkEpoch, type EpochRow, epochRows } from './epoch.ts';
import { benchmarkExplore, type ExploreRow, exploreTable } from './explore.ts';
import { benchmarkGrowth, type GrowthRow } from './growth.ts';
import { benchmarkInference, inferenceRows } from './inference.ts';
import { benchmarkJavascript, javascriptRows } from './javascript.ts';
import { benchmarkKmeans, kmeansRows } from './kmeans.ts';
import { addLabeledCommands } from './labeled.ts';
import { benchmarkMap, type MapRow, mapTable } from './map.ts';
import { benchmarkPatches, type PatchRow, patchRows } from './patches.ts';
import { benchmarkPhase, type PhaseRow, phaseMethods } from './phases.ts';
import { type Profile, profileOf, profileRows } from './profile.ts';
import { addRanksCommands } from './ranksCommands.ts';
import { openReport, show } from './report.ts';
import { benchmarkScale, type ScaleRow } from './scale.ts';
import { benchmarkSettings, defaultRows } from './settings.ts';
import { benchmarkStep, stepRows } from './step.ts';
import { benchmarkSwav, swavRows } from './swav.ts';
import { kmeansTable, secondsTable, settingsTable, shown, speedTable } from './table.ts';
import { benchmarkViews, viewsRows } from './views.ts';
import { benchmarkVit, vitRows } from './vit.ts';

const program = new Command('bench').description('Benchmarks likeness beside its peers.');
/** Steps to profile: the first of the table, and the slowest relative to PyTorch. */
const profiledRows = 'resnet18-cifar-32-w64-b64,resnet50-imagenet-64-w64-b64';

/** Defines a command that benchmarks rows beside a peer and prints a table. */
function timing<R extends object>(
  name: string,
  {
    description,
    rows,
    run,
    table,
    rounds = 5,
    asked,
  }: {
    description: string;
    rows: Readonly<Record<string, unknown>>;
    run(row: string, options: { rounds: number }): Promise<R>;
    table(results: readonly R[]): string[][];
    rounds?: number;
    /** Default rows. Default: all except those for tests. */
    asked?: readonly string[];
  },
): void {
  program
    .command(name)
    .description(description)
    .option('--json', 'print one object')
    .option('--rows <names>', `rows to run: ${Object.keys(rows).join(', ')}`)
    .option('--rounds <n>', 'rounds in which ours and the peers alternate', String(rounds))
    .action(async (flags: RowFlags) => {
      const names = namesOf(flags.rows ?? asked?.join(','), rows);
      const report = openReport<R>(name);
      for (const row of names)
        await attempt(row, async () =>
          report.add(await run(row, { rounds: Number(flags.rounds) })),
        );
      show({ rows: report.rows }, { json: flags.json, table: table(report.rows) });
    });
}

program
  .command('all', { isDefault: true })
  .description(
    'run all benchmarks of docs/performance.md, store rows in docs/results, write the page (hours)',
  )
  .option('--only <names>', `benchmarks to run: ${benchmarkNames.join(', ')}`)
  .option('--rounds <n>', 'rounds (default: those of each benchmark)')
  .option('--state <text>', 'other load on the machine', 'nothing else running')
  .option(
    '--pictures <folder>',
    'images for the epochs, train/<class>/*.jpg and test/<class>/*.jpg (default: synthetic)',
  )
  .action(async ({ only, rounds, ...options }: AllFlags) => {
    const names = only?.split(',');
    const unknown = names?.find((name) => !(benchmarkNames as string[]).includes(name));
    if (unknown !== undefined)
      throw new Error(
        `--only: received "${unknown}"; expected some of ${benchmarkNames.join(', ')}`,
      );
    const failures = await benchmarkAll({
      ...options,
      only: names as BenchmarkName[] | undefined,
      rounds: rounds === undefined ? undefined : Number(rounds),
      onProgress: say,
    });
    if (failures.length > 0)
      failed(
        `These benchmarks failed: ${failures.join(', ')}. The messages above have the reasons.`,
      );
  });

timing('step', {
  description: 'one training step of a ResNet beside PyTorch (where python3 has torch)',
  ...{ rows: stepRows, run: benchmarkStep, table: speedTable },
});
timing('swav', {
  description:
    'one step of SwAV (multi-crop, queue, LARC) beside PyTorch (where python3 has torch)',
  ...{ rows: swavRows, run: benchmarkSwav, table: speedTable },
});
timing('inference', {
  description: 'embedding images beside PyTorch (where python3 has torch)',
  ...{ rows: inferenceRows, run: benchmarkInference, table: speedTable },
});
timing('vit', {
  description: 'a vision transformer of an ONNX file beside torchvision (where python3 has it)',
  ...{ rows: vitRows, run: benchmarkVit, table: speedTable, rounds: 3 },
});
timing('javascript', {
  description: 'a training step beside other JavaScript libraries (where they are installed)',
  ...{ rows: javascriptRows, run: benchmarkJavascript, table: speedTable, rounds: 2 },
});
timing('views', {
  description: 'augmented views on one thread beside torchvision (where python3 has it)',
  ...{ rows: viewsRows, run: benchmarkViews, table: speedTable },
});
timing('decode', {
  description:
    'decoding a folder of JPEGs into the pixel cache beside Pillow (where python3 has torchvision)',
  ...{ rows: decodeRows, run: benchmarkDecode, table: speedTable },
});
timing('kmeans', {
  description:
    'k-means beside scikit-learn (where python3 has it), from the same initial centroids',
  ...{ rows: kmeansRows, run: benchmarkKmeans, table: kmeansTable, rounds: 3 },
});
timing<ClusteringRow>('clustering', {
  description:
    'Sinkhorn codes and exact nearest neighbors beside PyTorch (where python3 has torch)',
  ...{
    rows: clusteringRows,
    run: benchmarkClustering,
    table: (rows) => secondsTable(rows, 'PyTorch'),
  },
});

timing<PatchRow>('patches', {
  description: 'the patch encoder beside its recipe in scikit-learn (where python3 has it)',
  ...{ rows: patchRows, run: benchmarkPatches, rounds: 3 },
  table: (rows) => secondsTable(rows, 'scikit-learn'),
});

timing('settings', {
  description: 'one training step with the settings of ONNX Runtime, and with each switched alone',
  ...{
    rows: stepRows,
    run: benchmarkSettings,
    table: settingsTable,
    rounds: 3,
    asked: defaultRows,
  },
});

program
  .command('epoch')
  .description('whole epochs of SwAV beside a plain PyTorch script of the same recipe')
  .argument('[source]', 'folder of train/<class>/*.jpg and test/<class>/*.jpg (default: synthetic)')
  .option('--json', 'print one object')
  .option('--rows <names>', `rows to run: ${Object.keys(epochRows).join(', ')}`)
  .option('--epochs <n>', 'epochs of a run', '1')
  .option('--rounds <n>', 'rounds in which both alternate', '3')
  .action(
    async (
      source: string | undefined,
      { json, rows, epochs, rounds }: RowFlags & { epochs: string },
    ) => {
      const names = namesOf(rows, epochRows);
      const report = openReport<EpochRow>('epoch');
      const options = { source, epochs: Number(epochs), rounds: Number(rounds) };
      for (const name of names) {
        await attempt(name, async () => {
          const row = await benchmarkEpoch(name, options);
          report.add(row);
          say(
            `waiting for views ${shown(100 * row.waiting, 1)} % of the time, ` +
              `longest pause ${shown(row.pause, 1)} ms`,
          );
        });
      }
      show({ rows: report.rows }, { json, table: speedTable(report.rows) });
    },
  );

program
  .command('profile')
  .description(
    'time of a training step by operator, of a neighbor search, and of decoding an image',
  )
  .option('--json', 'print one object')
  .option('--rows <names>', `rows to run: ${Object.keys(profileRows).join(', ')}`, profiledRows)
  .option('--shapes', 'list the calls of an operator by the shape of their result')
  .option('--top <n>', 'operators to print', '25')
  .action(async ({ json, rows, shapes, top }: ProfileFlags) => {
    const names = namesOf(rows, profileRows);
    const report = openReport<Profile>('profile');
    for (const name of names)
      await attempt(name, async () =>
        report.add(await profileOf(name, { by: shapes ? 'shape' : 'operator' })),
      );
    const cells = report.rows.flatMap(({ name, per, operators }) =>
      operators
        .slice(0, Number(top))
        .map(({ operator, calls, milliseconds, share }) => [
          ...[name, operator, shown(calls, 0), shown(milliseconds, 2), per, shown(100 * share, 1)],
        ]),
    );
    const table = [['row', 'operator', 'calls', 'ms', 'per', '%'], ...cells];
    show({ rows: report.rows }, { json, table });
  });

program
  .command('phases')
  .description('clustering of the methods between epochs, on synthetic features')
  .option('--json', 'print one object')
  .option('--images <counts>', 'numbers of images, separated by commas', '50000,1000000')
  .option(
    '--methods <names>',
    `methods to run, of ${phaseMethods.join(', ')}`,
    phaseMethods.join(','),
  )
  .action(
    async ({ json, images, methods }: { json?: boolean; images: string; methods: string }) => {
      const report = openReport<PhaseRow>('phases');
      for (const count of images.split(',').map(Number)) {
        for (const method of phaseMethods.filter((name) => methods.split(',').includes(name))) {
          await attempt(`${method}, ${count} images`, async () =>
            report.add(await benchmarkPhase(method, count)),
          );
        }
      }
      const cells = report.rows.map((row) => [
        ...[row.method, String(row.images), row.clusters, String(row.iterations)],
        ...[shown(row.seconds, 1), shown(row.megabytes, 0), shown(row.featureMegabytes, 0)],
      ]);
      const table = [
        ['method', 'images', 'clusters', 'iterations', 'seconds', 'peak MB', 'features MB'],
        ...cells,
      ];
      show({ rows: report.rows }, { json, table });
    },
  );

program
  .command('growth')
  .description('time and memory of a step of SwAV by prototypes, crops and threads')
  .option('--json', 'print one object')
  .action(async ({ json }: { json?: boolean }) => {
    const report = openReport<GrowthRow>('growth');
    await benchmarkGrowth({ onProgress: say, onRow: report.add });
    const cells = report.rows.map(({ varied, value, milliseconds, megabytes }) => [
      ...[varied, value, shown(milliseconds, 1), shown(megabytes, 0)],
    ]);
    const table = [['varied', 'value', 'ms per step', 'peak MB'], ...cells];
    show({ rows: report.rows }, { json, table });
  });

program
  .command('explore')
  .description('seconds from `likeness explore` to pictures and to clusters, in headless Chromium')
  .argument('<sources...>', 'folders of images')
  .option('--json', 'print one object')
  .option('--pictures', 'do not wait for the clusters')
  .action(async (sources: string[], { json, pictures }: { json?: true; pictures?: true }) => {
    const report = openReport<ExploreRow>('explore');
    const until = pictures ? 'picture' : 'clusters';
    await benchmarkExplore(sources, { until, onRow: report.add });
    show({ rows: report.rows }, { json, table: exploreTable(report.rows) });
  });

program
  .command('map')
  .description('frames per second of the map of the page, in headless Chromium')
  .option('--json', 'print one object')
  .option('--images <numbers>', 'numbers of images', '3000,100000,1000000')
  .action(async ({ json, images }: { json?: boolean; images: string }) => {
    const report = openReport<MapRow>('map');
    await benchmarkMap(images.split(',').map(Number), report.add);
    show({ rows: report.rows }, { json, table: mapTable(report.rows) });
  });

program
  .command('scale')
  .description('time and memory of the program by number of synthetic images')
  .option('--json', 'print one object')
  .option(
    '--images <counts>',
    'numbers of images, separated by commas',
    '1000,10000,100000,1000000',
  )
  .option('--minutes <m>', 'minutes of training', '2')
  .option('--clusters <k>', 'largest number of clusters', '10000')
  .action(async ({ json, images, minutes, clusters }: ScaleFlags) => {
    const report = openReport<ScaleRow>('scale');
    const options = { minutes: Number(minutes), clusters: Number(clusters), onRow: report.add };
    for (const count of images.split(',').map(Number)) {
      await attempt(`${count} images`, () => benchmarkScale(count, options));
    }
    const cells = report.rows.map((row) => [
      ...[String(row.images), row.work, row.detail, shown(row.seconds, 1), shown(row.megabytes, 0)],
    ]);
    const table = [['images', 'work', 'of', 'seconds', 'peak MB'], ...cells];
    show({ rows: report.rows }, { json, table });
  });

interface AllFlags {
  only?: string;
  rounds?: string;
  state: string;
  pictures?: string;
}

interface ProfileFlags {
  json?: boolean;
  rows: string;
  shapes?: boolean;
  top: string;
}

interface ScaleFlags {
  json?: boolean;
  images: string;
  minutes: string;
  clusters: string;
}

interface RowFlags {
  json?: boolean;
  rows?: string;
  rounds: string;
}

/** Selects rows by name. Default: all except those for tests. */
function namesOf(asked: string | undefined, rows: Readonly<Record<string, unknown>>): string[] {
  const names = asked?.split(',') ?? Object.keys(rows).filter((name) => !name.includes('smoke'));
  const unknown = names.find((name) => !(name in rows));
  if (unknown === undefined) return names;
  throw new Error(
    `--rows: received "${unknown}"; expected some of ${Object.keys(rows).join(', ')}`,
  );
}

program
  .command('duplicates')
  .description('near-duplicates among variants of photos, beside a perceptual hash (sharp-phash)')
  .argument('<sources...>', 'sources of photos')
  .option('--json', 'print one object')
  .option('--originals <n>', 'photos of which variants are made', '1000')
  .action(async (sources: string[], { json, originals }: { json?: boolean; originals: string }) => {
    const report = openReport<DuplicatesRow>('duplicates');
    await benchmarkDuplicates(sources, {
      ...{ originals: Number(originals), onProgress: say, onRow: report.add },
    });
    show({ rows: report.rows }, { json, table: duplicatesCells(report.rows) });
  });

program
  .command('duplicates-search')
  .description('seconds of one core for the search for near-duplicates among synthetic descriptors')
  .option('--json', 'print one object')
  .option('--images <counts>', 'numbers of images', '10000,30000,100000')
  .action(async ({ json, images }: { json?: boolean; images: string }) => {
    const report = openReport<SearchRow>('duplicates-search');
    for (const count of images.split(',').map(Number)) {
      const name = `${count} images`;
      await attempt(name, async () =>
        report.add({ name, images: count, ...(await searchSeconds(count)) }),
      );
    }
    const table = report.rows.map((row) => [row.name, String(row.pairs), row.seconds.toFixed(1)]);
    show({ rows: report.rows }, { json, table: [['images', 'pairs', 'seconds'], ...table] });
  });

addLabeledCommands(program);
addRanksCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  failed(error instanceof Error ? error.message : String(error));
}
