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
import { imageFacts, type OpenImages } from '../data/index.ts';
import { featureEncoder } from '../encoders/index.ts';
import { makeFolder, writeFileAtomic } from '../formats/index.ts';
import { cacheSizeOf, choosePreset } from '../methods/index.ts';
import { runName as folderName, lockRun, runFolderAt, storedSourceOf } from '../run/index.ts';
import { encoderKey, openBaselines } from './baselines.ts';
import { childReporter } from './childReporter.ts';
import type { Baseline, Budget, ComparedMethod, ComparedRun, Comparison } from './comparison.ts';
import { checkConditions } from './conditions.ts';
import { budgetsInWords, largestShare, protocolOf, sharedOf } from './facts.ts';
import { likelyOrder } from './likelyOrder.ts';
import { measureBaselines } from './measureBaselines.ts';
import { checkK } from './modelRows.ts';
import { compareOne } from './oneRun.ts';
import { compareHtml } from './page.ts';
import { type CompareRequest, networkOf, type PlannedRow, planRows } from './plan.ts';
import { publishedFor } from './published.ts';
import { originOf, summarizeMethod } from './summary.ts';
import { rowName } from './table.ts';
import { benchForRow, benchOf, MEASURING_SEED, type Work } from './work.ts';

/** Version of the layout of compare.json and of the protocol; older measurements are repeated. */
const COMPARISON_VERSION = 2;

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
  const source = await images.ranged({ reporter });
  const facts = { ...(await imageFacts(source, reporter)), count: source.entries.length };
  const preset = request.preset ?? choosePreset(facts).name;
  const rows = planRows(request, { preset, images: facts.count });
  const { k, encoder } = request;
  checkK(k, facts.count);
  const network = networkOf(rows, request, preset);
  const folder = request.out ?? join('runs', defaultName(images.path));
  await makeFolder(join(folder, 'runs'));
  const lock = await lockRun(runFolderAt(folder));
  try {
    const { settings = {} } = request;
    const budget = await checkConditions(folder, {
      ...{ source: source.path, read: storedSourceOf(source), preset, settings },
      ...{ budget: budgetOf(request, rows), k, encoder },
    });
    const bench = await benchOf(images, { size: cacheSizeOf(network), k }, reporter);
    const { cache, set } = bench;
    const counted = [COMPARISON_VERSION, cache.contentKey, set.indices.length, MEASURING_SEED];
    const work: Work = {
      ...{ request, images, preset, rows, network, budget, folder, bench, reporter },
      seeds: Array.from({ length: request.seeds ?? 3 }, (_, seed) => seed),
      key: [...counted, ...(k === undefined ? [] : [`K ${k}`])].join(' '),
    };
    return { comparison: await compareAll(work), folder, files: filesIn(folder) };
  } finally {
    lock.release();
  }
}

function filesIn(folder: string): WrittenComparison['files'] {
  return { json: join(folder, 'compare.json'), html: join(folder, 'compare.html') };
}

/** Budget of the networks; heads need none. */
function budgetOf({ epochs, minutes }: CompareRequest, rows: readonly PlannedRow[]): Budget {
  const isNeither = epochs === undefined && minutes === undefined;
  if (isNeither && rows.every(({ training }) => training === 'head')) return null;
  if (isNeither || (epochs !== undefined && minutes !== undefined)) {
    throw new LikenessError(
      'option.conflict',
      `minutes and epochs: received ${isNeither ? 'neither' : 'both'}; expected one of them, the ` +
        'same budget for every network',
    );
  }
  return minutes === undefined ? { epochs: epochs! } : { minutes };
}

function defaultName(source: string): string {
  return folderName({ date: new Date().toISOString().slice(0, 10), method: 'compare', source });
}

async function compareAll(work: Work): Promise<Comparison> {
  const { rows, seeds, reporter, folder, bench, images } = work;
  const { set } = bench;
  const total = rows.length * seeds.length;
  const note = (message: string) => reporter.note({ code: 'compare.run', message });
  const size = `${plural(rows.length, 'row')} x ${plural(seeds.length, 'seed')}`;
  note(
    `${displayPath(folder)}: ${size}, ${budgetsInWords(work.budget, rows)}, evaluated on ` +
      plural(set.indices.length, 'image'),
  );
  const threads = work.network.run.threads || availableParallelism();
  const store = await openBaselines(folder, { threads });
  const { baselines, starts, modelFigures } = await measureBaselines(work, store);

  const { preset, budget, key, request } = work;
  const labeledK = set.classes > 0 ? Math.max(2, set.classes) : undefined;
  const k = request.k ?? labeledK;
  const done = new Map<string, ComparedRun>();
  let count = 0;
  // Seed by seed, so that an interrupted comparison covers as many methods as possible.
  for (const seed of seeds) {
    for (const row of rows) {
      const planned = row.runs[seed]!;
      const own = childReporter(reporter, `${++count} of ${total}, ${planned.name}`);
      const { command, encoder: model } = request;
      const conditions = {
        ...{ images, preset, budget, folder, key, command, model, modelFigures, k },
        reporter: own,
      };
      const run = await compareOne(planned, conditions, () => benchForRow(work, row, own));
      const isScratch = row.training === 'scratch';
      const start = isScratch ? starts.get(encoderKey(row.settings))?.get(seed) : undefined;
      done.set(planned.name, start && run.curve ? { ...run, curve: [start, ...run.curve] } : run);
      note(`${count} of ${total}  ${planned.name}: ${oneLine(run)}`);
      await writeComparison(folder, comparisonOf(work, baselines, done));
    }
  }
  const comparison = comparisonOf(work, baselines, done);
  await writeComparison(folder, comparison);
  return comparison;
}

function comparisonOf(
  { images: { source }, preset, rows, network, seeds, budget, bench, request }: Work,
  baselines: Readonly<Record<string, Baseline>>,
  done: ReadonlyMap<string, ComparedRun>,
): Comparison {
  const { set, cache } = bench;
  const labelled = set.labelled === 'yes';
  const test = Array.from(set.indices.keys()).filter((row) => set.split[row] === 'test').length;
  const { encoder: model } = request;
  const methods = rows.flatMap((row) => {
    const present = row.runs.flatMap(({ name }) => done.get(name) ?? []);
    return present.length === 0 ? [] : [methodOf(row, model, present)];
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
    ...(model && { model: featureEncoder({ name: 'model', settings: model.settings }).facts }),
    shared: sharedOf(rows),
    baselines,
    methods,
    likelyOrder: likelyOrder(
      methods.map((row) => ({ name: rowName(row), labelFree: row.labelFree })),
    ),
    published: labelled
      ? publishedFor({ kind: source.kind, name: source.name, classes: set.classes })
      : [],
    protocol: protocolOf(bench, { budget, seeds, rows, methods, model: model?.settings.model }),
    complete: done.size === rows.length * seeds.length,
    ...originOf(methods),
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${network.run.threads || availableParallelism()} threads`,
    program: `likeness ${version}, ${runtimeVersion}, node ${process.versions.node}`,
  };
}

/** Summary of a row, which tells its use of the pretrained model where there is one. */
function methodOf(
  { method, grid, training }: PlannedRow,
  model: CompareRequest['encoder'],
  runs: readonly ComparedRun[],
): ComparedMethod {
  const name = model?.settings.model;
  return summarizeMethod(method, grid, runs, {
    ...(name !== undefined && { training }),
    ...(name !== undefined && training !== 'scratch' && { model: name }),
  });
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
