/**
 * Comparing methods: every run under the same conditions, one table, and files that can be resumed.
 */
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { runtimeVersion } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { type Reporter, silent } from '../core/reporter.ts';
import { displayPath, plural } from '../core/text.ts';
import { version } from '../core/version.ts';
import { imageFacts, type OpenImages, reportSkipped } from '../data/index.ts';
import { evaluationSet } from '../evaluate/index.ts';
import { makeFolder, writeFileAtomic } from '../formats/index.ts';
import { cacheSizeOf, choosePreset, resolveSettings, type Settings } from '../methods/index.ts';
import { runName as folderName, lockRun, runFolderAt, storedSourceOf } from '../run/index.ts';
import {
  type BaselineStore,
  encoderKey,
  openBaselines,
  patchBaseline,
  pixelBaselines,
  untrainedBaseline,
} from './baselines.ts';
import { childReporter } from './childReporter.ts';
import type { Baseline, ComparedRun, Comparison, CurvePoint } from './comparison.ts';
import { checkConditions } from './conditions.ts';
import { largestShare, protocolOf, sharedOf, showBudget } from './facts.ts';
import { showGrid } from './grid.ts';
import { likelyOrder } from './likelyOrder.ts';
import type { Bench } from './measure.ts';
import { compareOne } from './oneRun.ts';
import { compareHtml } from './page.ts';
import { type CompareRequest, type PlannedRow, planRows } from './plan.ts';
import { publishedFor } from './published.ts';
import { originOf, summarizeMethod } from './summary.ts';
import { rowName } from './table.ts';

/** Version of the layout of compare.json and of the protocol; older measurements are repeated. */
const COMPARISON_VERSION = 2;
/** Seed of every random draw of the evaluation. */
const MEASURING_SEED = 0;

/** Conditions of a running comparison. */
interface Work {
  readonly request: CompareRequest;
  readonly images: OpenImages;
  readonly preset: string;
  readonly rows: readonly PlannedRow[];
  readonly seeds: readonly number[];
  readonly budget: Comparison['budget'];
  readonly folder: string;
  readonly bench: Bench;
  readonly key: string;
  readonly reporter: Reporter;
}

/** A comparison with the files that it was written to. */
export interface WrittenComparison {
  readonly comparison: Comparison;
  /** Folder of the comparison, with an ordinary run folder per run inside. */
  readonly folder: string;
  readonly files: { readonly json: string; readonly html: string };
}

/**
 * Trains every method under the same conditions, measures all under one protocol, and writes
 * compare.json and compare.html after every run.
 *
 * The same request resumes an interrupted comparison. Methods, seeds and values may be added later.
 * A method that fails is part of the result with its reason, and the others go on.
 *
 * @throws LikenessError `option.*`, `compare.*`, and errors that every method would meet:
 * `source.*`, `write.*`, `run.locked`, `interrupted`.
 */
export async function compareMethods(
  images: OpenImages,
  request: CompareRequest,
  { reporter = silent }: { reporter?: Reporter } = {},
): Promise<WrittenComparison> {
  const budget = budgetOf(request);
  const source = await images.ranged({ reporter });
  const facts = { ...(await imageFacts(source, reporter)), count: source.entries.length };
  const preset = request.preset ?? choosePreset(facts).name;
  const rows = planRows(request, preset);
  const folder = request.out ?? join('runs', defaultName(images.path));
  await makeFolder(join(folder, 'runs'));
  const lock = await lockRun(runFolderAt(folder));
  try {
    const { settings = {} } = request;
    const read = storedSourceOf(source);
    await checkConditions(folder, { source: source.path, read, preset, budget, settings });
    const first = rows[0]!.settings;
    const bench = await benchOf(images, first, reporter);
    const { cache } = bench;
    const work: Work = {
      ...{ request, images, preset, rows, budget, folder, bench, reporter },
      seeds: Array.from({ length: request.seeds ?? 3 }, (_, seed) => seed),
      key: [COMPARISON_VERSION, cache.contentKey, bench.set.indices.length, MEASURING_SEED].join(
        ' ',
      ),
    };
    return { comparison: await compareAll(work), folder, files: filesIn(folder) };
  } finally {
    lock.release();
  }
}

function filesIn(folder: string): WrittenComparison['files'] {
  return { json: join(folder, 'compare.json'), html: join(folder, 'compare.html') };
}

function budgetOf({ epochs, minutes }: CompareRequest): Comparison['budget'] {
  if ((epochs === undefined) === (minutes === undefined)) {
    throw new LikenessError(
      'option.conflict',
      `minutes and epochs: received ${epochs === undefined ? 'neither' : 'both'}; expected one of them, the same budget for every method`,
    );
  }
  return minutes === undefined ? { epochs: epochs! } : { minutes };
}

function defaultName(source: string): string {
  return folderName({ date: new Date().toISOString().slice(0, 10), method: 'compare', source });
}

async function benchOf(images: OpenImages, settings: Settings, reporter: Reporter): Promise<Bench> {
  const cache = await images.pixels({ size: cacheSizeOf(settings), reporter });
  reportSkipped(cache, reporter);
  return {
    cache,
    set: evaluationSet(cache, { seed: MEASURING_SEED }),
    seed: MEASURING_SEED,
    reporter,
  };
}

async function compareAll(work: Work): Promise<Comparison> {
  const { rows, seeds, reporter, folder, bench, images } = work;
  const { set } = bench;
  const total = rows.length * seeds.length;
  const note = (message: string) => reporter.note({ code: 'compare.run', message });
  const size = `${plural(rows.length, 'row')} x ${plural(seeds.length, 'seed')}`;
  note(
    `${displayPath(folder)}: ${size}, ${showBudget(work.budget)} each, evaluated on ${plural(set.indices.length, 'image')}`,
  );
  const threads = rows[0]!.settings.run.threads || availableParallelism();
  const store = await openBaselines(folder, { threads });
  const { baselines, starts } = await measureBaselines(work, store);

  const { preset, budget, key } = work;
  const done = new Map<string, ComparedRun>();
  let count = 0;
  // Seed by seed, so that an interrupted comparison covers as many methods as possible.
  for (const seed of seeds) {
    for (const row of rows) {
      const planned = row.runs[seed]!;
      const own = childReporter(reporter, `${++count} of ${total}, ${planned.name}`);
      const { command } = work.request;
      const conditions = { images, preset, budget, folder, key, command, reporter: own };
      const run = await compareOne(planned, conditions, () => benchFor(work, row.settings, own));
      const start = starts.get(encoderKey(row.settings))?.get(seed);
      done.set(planned.name, start && run.curve ? { ...run, curve: [start, ...run.curve] } : run);
      note(`${count} of ${total}  ${planned.name}: ${oneLine(run)}`);
      await writeComparison(folder, comparisonOf(work, baselines, done));
    }
  }
  const comparison = comparisonOf(work, baselines, done);
  await writeComparison(folder, comparison);
  return comparison;
}

/** Opens the bench of a row: that of the first, unless its images are cached in another size. */
async function benchFor(
  { bench, images, rows }: Work,
  settings: Settings,
  reporter: Reporter,
): Promise<Bench> {
  return cacheSizeOf(settings) === cacheSizeOf(rows[0]!.settings)
    ? { ...bench, reporter }
    : benchOf(images, settings, reporter);
}

async function measureBaselines(work: Work, store: BaselineStore) {
  const { rows, seeds, bench, key, request, reporter } = work;
  const baselines: Record<string, Baseline> = {};
  const starts = new Map<string, ReadonlyMap<number, CurvePoint>>();
  for (const { settings, grid } of rows) {
    const encoder = encoderKey(settings);
    if (starts.has(encoder)) continue;
    const isFirst = starts.size === 0;
    const name = isFirst ? 'untrained encoder' : `untrained encoder (${showGrid(grid)})`;
    // Initial weights are drawn by name and seed, equal for all methods.
    const own = withPlainHead(settings);
    const found = await untrainedBaseline(store, await benchFor(work, settings, reporter), own, {
      ...{ seeds, key, name },
    });
    baselines[isFirst ? 'untrained' : `untrained ${showGrid(grid)}`] = found.baseline;
    starts.set(encoder, found.starts);
  }
  if (bench.set.labelled === 'no') {
    if (request.classical) {
      reporter.warn({
        code: 'compare.classical',
        message: '`classical` is ignored because the images have no labels',
      });
    }
    return { baselines, starts };
  }
  const {
    data: { imageSize },
    run: { workers },
  } = rows[0]!.settings;
  const view = { size: imageSize, workers };
  const own = `${key} at ${imageSize} px`;
  const classical = request.classical ?? [];
  const patches = await patchBaseline(store, bench, view, own);
  const others = await pixelBaselines(store, bench, view, { key: own, classical });
  return { baselines: { ...baselines, patches, ...others }, starts };
}

/** Settings of SwAV, whose head follows the untrained encoder for every method. */
function withPlainHead({ method: _, ...settings }: Settings): Settings {
  const [first, ...others] = settings.views.crops;
  const crops = [{ size: first!.size, count: Math.max(2, first!.count) }, ...others];
  const views = { ...settings.views, crops };
  return resolveSettings({ ...settings, views, method: { name: 'swav' } });
}

function comparisonOf(
  { images: { source }, preset, rows, seeds, budget, bench }: Work,
  baselines: Readonly<Record<string, Baseline>>,
  done: ReadonlyMap<string, ComparedRun>,
): Comparison {
  const { set, cache } = bench;
  const labelled = set.labelled === 'yes';
  const test = Array.from(set.indices.keys()).filter((row) => set.split[row] === 'test').length;
  const methods = rows.flatMap(({ method, grid, runs }) => {
    const present = runs.flatMap(({ name }) => done.get(name) ?? []);
    return present.length === 0 ? [] : [summarizeMethod(method, grid, present)];
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
    likelyOrder: likelyOrder(
      methods.map((row) => ({ name: rowName(row), labelFree: row.labelFree })),
    ),
    published: labelled
      ? publishedFor({ kind: source.kind, name: source.name, classes: set.classes })
      : [],
    protocol: protocolOf(bench, budget, seeds),
    complete: done.size === rows.length * seeds.length,
    ...originOf(methods),
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${rows[0]!.settings.run.threads || availableParallelism()} threads`,
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
  const { json, html } = filesIn(folder);
  await writeFileAtomic(json, `${JSON.stringify(comparison, null, 2)}\n`);
  await writeFileAtomic(html, compareHtml(comparison));
}
