/** Comparing methods: every run under the same conditions, one table, and files that can be cited and gone on with. */
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { runtimeVersion } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { displayPath, showCount } from '../core/text.ts';
import { imageFacts, openImages, openSource, reportSkipped, type Source } from '../data/index.ts';
import { evaluationSet } from '../evaluate/index.ts';
import { makeFolder, writeFileAtomic } from '../formats/index.ts';
import { cacheSizeOf, choosePreset, type Settings } from '../methods/index.ts';
import {
  type Baseline,
  type ComparedRun,
  type Comparison,
  type CurvePoint,
  compareHtml,
  likelyOrder,
  originOf,
  publishedFor,
  summariseMethod,
} from '../run/compare/index.ts';
import { runName as folderName, lockRun, runFolderAt } from '../run/index.ts';
import type { ClassicalName } from './classical.ts';
import {
  type BaselineStore,
  encoderKey,
  openBaselines,
  pixelBaselines,
  untrainedBaseline,
} from './compareBaselines.ts';
import { largestShare, protocolOf, sharedOf, showBudget } from './compareFacts.ts';
import { showGrid } from './compareGrid.ts';
import type { Bench } from './compareMeasure.ts';
import { compareOne, type RunConditions } from './compareOne.ts';
import { type CompareRequest, type PlannedRow, planRows } from './comparePlan.ts';
import { compareTable, rowName } from './compareTable.ts';
import { quietTerminal } from './compareTerminal.ts';
import { type Terminal, terminalReporter } from './terminal.ts';
import { version } from './version.ts';

/** Version of compare.json's layout, and of how things are measured: older measurements are made again. */
const COMPARISON_VERSION = 2;
/** Seed of everything that is drawn for measuring. */
const MEASURING_SEED = 0;

/** All that stays the same while a comparison runs. */
interface Work {
  readonly request: CompareRequest;
  readonly source: Pick<Source, 'path' | 'name' | 'kind'>;
  readonly preset: string;
  readonly rows: readonly PlannedRow[];
  readonly seeds: readonly number[];
  readonly budget: Comparison['budget'];
  readonly folder: string;
  readonly bench: Bench;
  readonly key: string;
  readonly terminal: Terminal;
}

/** Compares and returns what `compare --json` prints. */
export async function compareRun(request: CompareRequest, terminal: Terminal): Promise<Comparison> {
  const budget = budgetOf(request);
  const source = await openSource(request.source);
  let preset: string;
  try {
    const facts = { ...(await imageFacts(source)), count: source.entries.length };
    preset = request.preset ?? choosePreset(facts).name;
  } finally {
    await source.close();
  }
  const rows = planRows(request, preset);
  const folder = request.out ?? join('runs', defaultName(request.source));
  await makeFolder(join(folder, 'runs'));
  const lock = await lockRun(runFolderAt(folder));
  try {
    await checkConditions(folder, { source: source.path, preset, budget, set: request.set ?? [] });
    const first = rows[0]!.settings;
    const bench = await benchOf(request.source, first, terminal);
    const { cache } = bench;
    const work: Work = {
      ...{ request, source, preset, rows, budget, folder, bench, terminal },
      seeds: Array.from({ length: request.seeds ?? 3 }, (_, seed) => seed),
      key: [COMPARISON_VERSION, cache.contentKey, bench.set.indices.length, MEASURING_SEED].join(' '),
    };
    return await compareAll(work);
  } finally {
    lock.release();
  }
}

function budgetOf({ epochs, minutes }: CompareRequest): Comparison['budget'] {
  if ((epochs === undefined) === (minutes === undefined)) {
    throw new LikenessError(
      'flag.conflict',
      `--minutes and --epochs: received ${epochs === undefined ? 'neither' : 'both'}; expected one of them, the same budget for every method`,
    );
  }
  return minutes === undefined ? { epochs: epochs! } : { minutes };
}

function defaultName(source: string): string {
  return folderName({ date: new Date().toISOString().slice(0, 10), method: 'compare', source });
}

/** What must not change when a comparison is gone on with; methods, seeds and grid may grow. */
async function checkConditions(folder: string, conditions: Record<string, unknown>): Promise<void> {
  const file = join(folder, 'conditions.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) {
    await writeFileAtomic(file, `${JSON.stringify(conditions, null, 2)}\n`);
    return;
  }
  const stored = JSON.parse(text) as Record<string, unknown>;
  for (const [name, value] of Object.entries(conditions)) {
    if (JSON.stringify(stored[name]) === JSON.stringify(value)) continue;
    throw new LikenessError(
      'compare.differs',
      `--out: ${folder} holds a comparison with ${name} ${JSON.stringify(stored[name])}; received ${JSON.stringify(value)}. Give what it was started with, or another folder.`,
    );
  }
}

async function benchOf(path: string, settings: Settings, terminal: Terminal): Promise<Bench> {
  const images = await openImages(path);
  const cache = await images.pixels({
    size: cacheSizeOf(settings),
    reporter: terminalReporter(terminal),
  });
  await images.close();
  reportSkipped(cache, terminalReporter(terminal));
  return { cache, set: evaluationSet(cache, { seed: MEASURING_SEED }), seed: MEASURING_SEED, terminal };
}

async function compareAll(work: Work): Promise<Comparison> {
  const { rows, seeds, terminal, folder, bench } = work;
  const { set } = bench;
  const total = rows.length * seeds.length;
  terminal.say(
    `${displayPath(folder)}: ${rows.length} row${rows.length === 1 ? '' : 's'} x ${seeds.length} seed${seeds.length === 1 ? '' : 's'}, ${showBudget(work.budget)} each; ${showCount(set.indices.length)} images are measured on`,
  );
  const threads = rows[0]!.settings.threads || availableParallelism();
  const store = await openBaselines(folder, { threads });
  const { baselines, starts } = await measureBaselines(work, store);

  const conditions: Omit<RunConditions, 'terminal'> = {
    source: work.request.source,
    ...{ preset: work.preset, budget: work.budget, folder, key: work.key },
  };
  const done = new Map<string, ComparedRun>();
  let count = 0;
  // Seed by seed, so that what is there after an interruption is over as many methods as can be.
  for (const seed of seeds) {
    for (const row of rows) {
      const planned = row.runs[seed]!;
      const quiet = quietTerminal(terminal, `${++count} of ${total}, ${planned.name}`);
      const ownBench = () => benchFor(work, row.settings, quiet);
      const run = await compareOne(planned, { ...conditions, terminal: quiet }, ownBench);
      const start = starts.get(encoderKey(row.settings))?.get(seed);
      done.set(planned.name, start && run.curve ? { ...run, curve: [start, ...run.curve] } : run);
      terminal.say(`${count} of ${total}  ${planned.name}: ${oneLine(run)}`);
      await writeComparison(folder, comparisonOf(work, baselines, done));
    }
  }
  const comparison = comparisonOf(work, baselines, done);
  await writeComparison(folder, comparison);
  terminal.endProgress();
  terminal.say();
  for (const line of compareTable(comparison)) terminal.say(line);
  terminal.say();
  terminal.say(
    `written to ${displayPath(join(folder, 'compare.json'))} and ${displayPath(join(folder, 'compare.html'))}`,
  );
  return comparison;
}

/** The bench for a row: that of the first, unless its images are kept in another size. */
async function benchFor(
  { bench, request, rows }: Work,
  settings: Settings,
  terminal: Terminal,
): Promise<Bench> {
  return cacheSizeOf(settings) === cacheSizeOf(rows[0]!.settings)
    ? { ...bench, terminal }
    : benchOf(request.source, settings, terminal);
}

async function measureBaselines(work: Work, store: BaselineStore) {
  const { rows, seeds, bench, key, request, terminal } = work;
  const baselines: Record<string, Baseline> = {};
  const starts = new Map<string, ReadonlyMap<number, CurvePoint>>();
  for (const { settings, grid } of rows) {
    const encoder = encoderKey(settings);
    if (starts.has(encoder)) continue;
    const isFirst = starts.size === 0;
    const name = isFirst ? 'untrained encoder' : `untrained encoder (${showGrid(grid)})`;
    // The weights of an encoder are drawn by name and seed: the same for all methods.
    const own: Settings = { ...settings, ...plainHead(settings) };
    const found = await untrainedBaseline(store, await benchFor(work, settings, terminal), own, {
      ...{ seeds, key, name },
    });
    baselines[isFirst ? 'untrained' : `untrained ${showGrid(grid)}`] = found.baseline;
    starts.set(encoder, found.starts);
  }
  if (bench.set.labelled === 'no') {
    if (request.classical) terminal.warn('--classical was given, but counts only where there are labels');
    return { baselines, starts };
  }
  const { imageSize, workers } = rows[0]!.settings;
  const others = await pixelBaselines(
    store,
    bench,
    { size: imageSize, workers },
    { key: `${key} at ${imageSize} px`, classical: (request.classical ?? []) as ClassicalName[] },
  );
  return { baselines: { ...baselines, ...others }, starts };
}

/** SwAV's head stands behind an untrained encoder, whatever the row's method. */
function plainHead({ crops }: Settings): Pick<Settings, 'method' | 'crops'> {
  return { method: 'swav', crops: crops.replace(/^1x/, '2x') };
}

function comparisonOf(
  { source, preset, rows, seeds, budget, bench }: Work,
  baselines: Readonly<Record<string, Baseline>>,
  done: ReadonlyMap<string, ComparedRun>,
): Comparison {
  const { set, cache } = bench;
  const labelled = set.labelled === 'yes';
  const test = Array.from(set.indices.keys()).filter((row) => set.split[row] === 'test').length;
  const methods = rows.flatMap(({ method, grid, runs }) => {
    const present = runs.flatMap(({ name }) => done.get(name) ?? []);
    return present.length === 0 ? [] : [summariseMethod(method, grid, present)];
  });
  return {
    version: COMPARISON_VERSION,
    source: source.path,
    data: { name: source.name, kind: source.kind },
    labelled,
    images: {
      train: cache.entries.filter(({ split }) => split !== 'test').length,
      test,
      evaluated: set.indices.length,
    },
    classes: set.classes,
    chance: labelled ? largestShare(bench) : null,
    budget,
    seeds,
    preset,
    shared: sharedOf(rows),
    baselines,
    methods,
    likelyOrder: likelyOrder(methods.map((row) => ({ name: rowName(row), labelFree: row.labelFree }))),
    published: labelled ? publishedFor({ kind: source.kind, name: source.name, classes: set.classes }) : [],
    protocol: protocolOf(bench, budget, seeds),
    complete: done.size === rows.length * seeds.length,
    ...originOf(methods),
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${rows[0]!.settings.threads || availableParallelism()} threads`,
    program: `likeness ${version}, ${runtimeVersion}, node ${process.versions.node}`,
  };
}

function oneLine({ failure, figures, minutes }: ComparedRun): string {
  if (failure) return `failed: ${failure.reason.split('\n')[0]}`;
  const time = `${minutes?.toFixed(1)} min`;
  if (!figures) return time;
  const show = (value: number | null) => (value === null ? '-' : value.toFixed(3));
  return `kNN ${show(figures.knn)}, linear ${show(figures.linear)}, NMI ${show(figures.nmi)}, ACC ${show(figures.acc)} in ${time}`;
}

async function writeComparison(folder: string, comparison: Comparison): Promise<void> {
  await writeFileAtomic(join(folder, 'compare.json'), `${JSON.stringify(comparison, null, 2)}\n`);
  await writeFileAtomic(join(folder, 'compare.html'), compareHtml(comparison));
}
