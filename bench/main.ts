/**
 * Benchmarks, one command each; `npm run bench -- --help` lists them. Every one prints a table (or one object with --json) and
 * writes results/<name>.json. Progress goes to stderr.
 */
import { Command } from 'commander';
import { benchmarkClustering, type ClusteringRow, clusteringRows } from './clustering.ts';
import { benchmarkDecode, decodeRows } from './decode.ts';
import { benchmarkEpoch, type EpochRow, epochRows } from './epoch.ts';
import { benchmarkGrowth } from './growth.ts';
import { benchmarkInference, inferenceRows } from './inference.ts';
import { benchmarkJavascript, javascriptRows } from './javascript.ts';
import { benchmarkKmeans, type KmeansRow, kmeansRows } from './kmeans.ts';
import { correlationCells, correlations, labelFreePoints } from './labelFree.ts';
import { benchmarkPhase, type PhaseRow, phaseMethods } from './phases.ts';
import { type Profile, profileOf, profileRows } from './profile.ts';
import { benchmarkScale, type ScaleRow } from './scale.ts';
import { benchmarkSettings, defaultRows, type SettingsRow } from './settings.ts';
import { benchmarkStep, type StepRow, stepRows } from './step.ts';
import { benchmarkSwav, swavRows } from './swav.ts';
import { writeReport } from './table.ts';
import { benchmarkViews, viewsRows } from './views.ts';

const program = new Command('bench').description('Times likeness beside its peers, in the same run.');
const say = (what: string) => process.stderr.write(`${what}\n`);
const shown = (value: number | null, digits = 2) => (value === null ? '-' : value.toFixed(digits));
const range = (spread: readonly [number, number] | null) =>
  spread === null ? '-' : `${spread[0].toFixed(2)} to ${spread[1].toFixed(2)}`;

/** A command that times rows by name, each beside its peer, and prints them as a table. */
function timing<R>(
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
    /** Rows that run unless others are named; default: all but those for tests. */
    asked?: readonly string[];
  },
): void {
  program
    .command(name)
    .description(description)
    .option('--json', 'print one object')
    .option('--rows <names>', `rows to run: ${Object.keys(rows).join(', ')}`)
    .option('--rounds <n>', 'how often the peers take turns', String(rounds))
    .action(async (flags: RowFlags) => {
      const results: R[] = [];
      for (const row of namesOf(flags.rows ?? asked?.join(','), rows)) {
        say(`${row} …`);
        results.push(await run(row, { rounds: Number(flags.rounds) }));
      }
      writeReport(name, { rows: results }, { json: flags.json, table: table(results) });
    });
}

timing('step', {
  description: 'one training step of a ResNet beside PyTorch (where python3 has torch)',
  ...{ rows: stepRows, run: benchmarkStep, table: speedTable },
});
timing('swav', {
  description:
    'one step of SwAV, multi-crop, queue and LARC included, beside PyTorch (where python3 has torch)',
  ...{ rows: swavRows, run: benchmarkSwav, table: speedTable },
});
timing('inference', {
  description: 'embedding images beside PyTorch (where python3 has torch)',
  ...{ rows: inferenceRows, run: benchmarkInference, table: speedTable },
});
timing('javascript', {
  description: 'a training step beside other libraries in JavaScript (where they are installed)',
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
  description: 'k-means beside scikit-learn (where python3 has it), from the same first centroids',
  ...{ rows: kmeansRows, run: benchmarkKmeans, table: kmeansTable, rounds: 3 },
});
timing('clustering', {
  description: 'Sinkhorn codes and exact nearest neighbours beside PyTorch (where python3 has torch)',
  ...{ rows: clusteringRows, run: benchmarkClustering, table: clusteringTable },
});

timing('settings', {
  description: 'one training step with the settings of the runtime, and with each switched alone',
  ...{ rows: stepRows, run: benchmarkSettings, table: settingsTable, rounds: 3, asked: defaultRows },
});

program
  .command('epoch')
  .description(
    'whole epochs of SwAV on a folder, by the program, beside a plain PyTorch script of the same recipe',
  )
  .argument('<source>', 'folder with train/<class>/*.jpg and test/<class>/*.jpg, such as CIFAR-10')
  .option('--json', 'print one object')
  .option('--rows <names>', `rows to run: ${Object.keys(epochRows).join(', ')}`)
  .option('--epochs <n>', 'epochs of a run', '1')
  .option('--rounds <n>', 'how often they take turns', '3')
  .action(async (source: string, { json, rows, epochs, rounds }: RowFlags & { epochs: string }) => {
    const results: EpochRow[] = [];
    for (const name of namesOf(rows, epochRows)) {
      say(`${name} …`);
      const row = await benchmarkEpoch(name, { source, epochs: Number(epochs), rounds: Number(rounds) });
      say(
        `waiting for views ${shown(100 * row.waiting, 1)} % of the time, longest pause ${shown(row.pause, 1)} ms`,
      );
      results.push(row);
    }
    writeReport('epoch', { rows: results }, { json, table: speedTable(results) });
  });

program
  .command('profile')
  .description(
    'where the time goes: of a training step by operator, of a search for neighbours, of decoding a picture',
  )
  .option('--json', 'print one object')
  .option(
    '--rows <names>',
    `rows to run: ${Object.keys(profileRows).join(', ')}`,
    'resnet18-cifar-32-w64-b64',
  )
  .option('--shapes', 'tell the calls of an operator apart by the shape of their result')
  .option('--top <n>', 'operators shown', '25')
  .action(async ({ json, rows, shapes, top }: ProfileFlags) => {
    const results: Profile[] = [];
    for (const name of namesOf(rows, profileRows)) {
      say(`${name} …`);
      results.push(await profileOf(name, { by: shapes ? 'shape' : 'operator' }));
    }
    const cells = results.flatMap(({ name, per, operators }) =>
      operators
        .slice(0, Number(top))
        .map(({ operator, calls, milliseconds, share }) => [
          ...[name, operator, shown(calls, 0), shown(milliseconds, 2), per, shown(100 * share, 1)],
        ]),
    );
    const table = [['row', 'operator', 'calls', 'ms', 'per', '%'], ...cells];
    writeReport('profile', { rows: results }, { json, table });
  });

program
  .command('phases')
  .description('what the clustering methods do between epochs, on made-up features')
  .option('--json', 'print one object')
  .option('--images <counts>', 'numbers of images, joined by commas', '50000,1000000')
  .option('--methods <names>', `methods to run, of ${phaseMethods.join(', ')}`, phaseMethods.join(','))
  .action(async ({ json, images, methods }: { json?: boolean; images: string; methods: string }) => {
    const results: PhaseRow[] = [];
    for (const count of images.split(',').map(Number)) {
      for (const method of phaseMethods.filter((name) => methods.split(',').includes(name))) {
        say(`${method}, ${count} images …`);
        results.push(await benchmarkPhase(method, count));
      }
    }
    const cells = results.map((row) => [
      ...[row.method, String(row.images), row.clusters, String(row.iterations)],
      ...[shown(row.seconds, 1), shown(row.megabytes, 0), shown(row.featureMegabytes, 0)],
    ]);
    const table = [
      ['method', 'images', 'clusters', 'iterations', 'seconds', 'peak MB', 'features MB'],
      ...cells,
    ];
    writeReport('phases', { rows: results }, { json, table });
  });

program
  .command('growth')
  .description('how time and memory of a step of SwAV grow with prototypes, crops and threads')
  .option('--json', 'print one object')
  .action(async ({ json }: { json?: boolean }) => {
    const rows = await benchmarkGrowth({ onProgress: say });
    const cells = rows.map(({ varied, value, milliseconds, megabytes }) => [
      ...[varied, value, shown(milliseconds, 1), shown(megabytes, 0)],
    ]);
    writeReport(
      'growth',
      { rows },
      { json, table: [['varied', 'value', 'ms per step', 'peak MB'], ...cells] },
    );
  });

program
  .command('scale')
  .description('how time and memory of the program grow with the number of images, on made-up ones')
  .option('--json', 'print one object')
  .option('--images <counts>', 'numbers of images, joined by commas', '1000,10000,100000,1000000')
  .option('--minutes <m>', 'minutes of training', '2')
  .option('--clusters <k>', 'most clusters', '10000')
  .action(async ({ json, images, minutes, clusters }: ScaleFlags) => {
    const rows: ScaleRow[] = [];
    for (const count of images.split(',').map(Number)) {
      say(`${count} images …`);
      rows.push(...(await benchmarkScale(count, { minutes: Number(minutes), clusters: Number(clusters) })));
    }
    const cells = rows.map((row) => [
      ...[String(row.images), row.work, row.detail, shown(row.seconds, 1), shown(row.megabytes, 0)],
    ]);
    writeReport(
      'scale',
      { rows },
      { json, table: [['images', 'work', 'of', 'seconds', 'peak MB'], ...cells] },
    );
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
      onProgress: say,
    });
    const rows = correlations(points);
    writeReport(
      'label-free',
      { source, correlations: rows, points },
      { json, table: correlationCells(rows) },
    );
  });

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

interface LabelFreeFlags {
  runs: string[];
  json?: boolean;
  checkpoints: string;
  images: string;
  labelled: string;
}

/** Images per second, ours and the peer's. */
function speedTable(
  rows: readonly (Pick<StepRow, 'name' | 'ours' | 'peer' | 'ratio' | 'spread'> &
    Partial<Pick<StepRow, 'megabytes' | 'peerMegabytes'>>)[],
): string[][] {
  return [
    ['row', 'ours img/s', 'peer img/s', 'ratio', 'min to max', 'ours MB', 'peer MB'],
    ...rows.map(({ name, ours, peer, ratio, spread, megabytes = null, peerMegabytes = null }) => [
      ...[name, ours.toFixed(1), peer === null ? 'not installed' : peer.toFixed(1)],
      ...[shown(ratio), range(spread), shown(megabytes, 0), shown(peerMegabytes, 0)],
    ]),
  ];
}

/** Seconds and memory, ours and scikit-learn's. */
function kmeansTable(rows: readonly KmeansRow[]): string[][] {
  const head = ['row', 'ours s', 'scikit-learn s', 'ratio', 'min to max', 'MiniBatch s', 'its excess %'];
  return [
    [...head, 'ours MB', 'scikit-learn MB'],
    ...rows.map((row) => [
      ...[row.name, shown(row.seconds), shown(row.peerSeconds), shown(row.ratio), range(row.spread)],
      ...[shown(row.miniBatchSeconds), shown(row.miniBatchExcess && 100 * row.miniBatchExcess, 1)],
      ...[shown(row.megabytes, 0), shown(row.peerMegabytes, 0)],
    ]),
  ];
}

/** Seconds, ours and the peer's. */
function clusteringTable(rows: readonly ClusteringRow[]): string[][] {
  return [
    ['row', 'ours s', 'PyTorch s', 'ratio', 'min to max', 'ours MB', 'PyTorch MB'],
    ...rows.map((row) => [
      ...[row.name, shown(row.seconds, 3), shown(row.peerSeconds, 3), shown(row.ratio), range(row.spread)],
      ...[shown(row.megabytes, 0), shown(row.peerMegabytes, 0)],
    ]),
  ];
}

/** Milliseconds and memory of a step, by what was switched. */
function settingsTable(rows: readonly SettingsRow[]): string[][] {
  return [
    ['row', 'switched', 'ms', 'times as long', 'min to max', 'MB'],
    ...rows.flatMap(({ name, milliseconds, megabytes, switched }) => [
      [name, 'nothing', shown(milliseconds, 1), '1.00', '-', shown(megabytes, 0)],
      ...switched.map((row) => [
        ...[name, row.setting, shown(row.milliseconds, 1), shown(row.ratio), range(row.spread)],
        shown(row.megabytes, 0),
      ]),
    ]),
  ];
}

/** The rows that are asked for; without a wish all but those for tests. */
function namesOf(asked: string | undefined, rows: Readonly<Record<string, unknown>>): string[] {
  const names = asked?.split(',') ?? Object.keys(rows).filter((name) => !name.includes('smoke'));
  const unknown = names.find((name) => !(name in rows));
  if (unknown === undefined) return names;
  throw new Error(`--rows: received "${unknown}"; expected some of ${Object.keys(rows).join(', ')}`);
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
