/** Evaluating a run on a source: which images, all kinds of features under one protocol, and what is printed. */
import { resolve } from 'node:path';
import { type Features, featuresOf } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { displayPath, showCount } from '../core/text.ts';
import type { PixelCache } from '../data/index.ts';
import { openImages, reportSkipped } from '../data/index.ts';
import { type Evaluation, evaluateFeatures, type LearnedClusters, splitOf } from '../evaluate/index.ts';
import { writeFileAtomic } from '../formats/index.ts';
import { cacheSizeOf } from '../methods/index.ts';
import {
  type Clustering,
  headClusters,
  openEncoder,
  readClustering,
  type TrainedRun,
  untrainedState,
} from '../run/index.ts';
import { type Engine, openEngine, type Values } from '../runtime/index.ts';
import { assignFeatures } from './assignFeatures.ts';
import { type PixelBaseline, pixelFeatures } from './baselines.ts';
import { type Figures, noteEvaluation } from './evaluationEvent.ts';
import { type EvaluationSet, evaluationSet } from './evaluationSet.ts';
import { evaluationTable, knnAccuracy, type Row, verdicts } from './evaluationTable.ts';
import { labelFreeTable } from './labelFreeTable.ts';
import { measureLabelFree } from './measureLabelFree.ts';
import { required } from './required.ts';
import type { Terminal } from './terminal.ts';
import { terminalReporter } from './terminal.ts';
import { openRun } from './trainedEncoder.ts';

export interface EvaluateRequest {
  source: string;
  run?: string;
  clusters?: number;
  seed?: number;
}

/** Everything that measuring one kind of feature needs. */
interface Work {
  engine: Engine;
  run: TrainedRun;
  cache: PixelCache;
  set: EvaluationSet;
  k: number | undefined;
  seed: number;
  terminal: Terminal;
}

/** Every kind of feature, in words. */
const names = {
  trained: 'trained encoder',
  untrained: 'untrained encoder',
  rawPixels: 'raw pixels',
  colourHistogram: 'colour histogram',
} as const;

/** Evaluates and returns what `evaluate --json` prints. */
export async function evaluateRun(request: EvaluateRequest, terminal: Terminal): Promise<object> {
  const path = required('--run', request.run, 'the folder of a run');
  const { seed = 0, clusters: k } = request;
  const run = await openRun(path, terminal);
  const opened = await openImages(request.source);
  const { source } = opened;
  const size = cacheSizeOf(run.config.settings);
  const cache = await opened.pixels({ size, reporter: terminalReporter(terminal) });
  await opened.close();
  reportSkipped(cache, terminalReporter(terminal));
  const set = evaluationSet(cache, { seed });
  checkCounts(request, set);

  const engine = await openEngine({ threads: run.config.threads });
  try {
    const work: Work = { engine, run, cache, set, k, seed, terminal };
    const measured = set.labelled === 'yes' ? await withLabels(work) : await withoutLabels(work);
    const result = {
      run: resolve(run.folder.path),
      source: source.path,
      step: run.checkpoint.info.step,
      images: set.indices.length,
      skipped: cache.skipped.length,
      seed,
      ...measured,
      files: { evaluation: resolve(run.folder.files.evaluation) },
    };
    const { files, ...stored } = result;
    await writeFileAtomic(files.evaluation, `${JSON.stringify(stored, null, 2)}\n`);
    await noteEvaluation(run, stored);
    terminal.say();
    terminal.say(`written to ${displayPath(files.evaluation)}`);
    return result;
  } finally {
    await engine.close();
  }
}

function checkCounts({ source, clusters }: EvaluateRequest, set: EvaluationSet): void {
  const count = set.indices.length;
  if (count === 0) {
    throw new LikenessError('source.tooFew', `${source}: found no usable image; expected at least 1`);
  }
  if (clusters === undefined || set.labelled === 'no') return;
  const tested = set.split.filter((split) => split === 'test').length;
  const most = tested > 0 && tested < count ? tested : count;
  if (clusters > most) {
    throw new LikenessError(
      'evaluate.k',
      `-k: received ${clusters} for ${most} images that are clustered; expected a whole number from 1 to ${most}`,
    );
  }
}

async function withLabels(work: Work): Promise<Figures & Record<string, unknown>> {
  const { run, cache, set, terminal, seed } = work;
  terminal.say(
    `${showCount(set.indices.length)} labelled images of ${set.classes} class${set.classes === 1 ? '' : 'es'}${set.note ? ` (${set.note})` : ''}`,
  );
  const { settings } = run.config;
  const rows: Row[] = [];
  const protocol: Record<string, string> = {};
  const measure = async (name: string, features: Features, learned?: LearnedClusters) => {
    terminal.progress(`measuring ${name}`);
    const { engine, k } = work;
    const evaluation = await evaluateFeatures(
      engine,
      { features, labels: set.labels, split: set.split, learned },
      { k, labelShares: [0.01, 0.1], seed, signal: terminal.signal },
    );
    rows.push({ name, evaluation });
    return evaluation;
  };

  const features = await embed(work, run.state, names.trained);
  const trained = await measure(names.trained, features, await learnedBy(work, run.state, features));
  const labelFree = await labelFreeOf(work, run.state, features, await storedClusters(work, features));

  const start = await untrained(work);
  const before = await embed(work, start, names.untrained);
  const untrainedResult = await measure(names.untrained, before);
  const untrainedLabelFree = await labelFreeOf(work, start, before);
  protocol.untrained = UNTRAINED;

  const pixelResults: Partial<Record<PixelBaseline, Evaluation>> = {};
  for (const kind of ['rawPixels', 'colourHistogram'] as const) {
    const made = await pixelFeatures(kind, cache, {
      size: settings.imageSize,
      indices: set.indices,
      workers: settings.workers,
      signal: terminal.signal,
      onProgress: (done) => terminal.progress(`${names[kind]} of ${showCount(done)} images`),
    });
    protocol[kind] = made.protocol;
    pixelResults[kind] = await measure(names[kind], made.features);
  }
  terminal.endProgress();

  const test = splitOf(set.labels, set.split, { seed }).test;
  const chance = test.length > 0 ? largestShare(Int32Array.from(test, (row) => set.labels[row]!)) : null;
  const verdict = verdicts(rows);
  terminal.say();
  // Beside clusters that the method has learned itself, those of k-means on the same features.
  const shown: Row[] = rows.flatMap(({ name, evaluation }) =>
    evaluation.clustering.by === 'head'
      ? [
          { name, evaluation },
          { name: `${name}, k-means`, evaluation: { ...evaluation, ...evaluation.kmeans } },
        ]
      : [{ name, evaluation }],
  );
  for (const line of [...evaluationTable(shown, { chance }), '', ...verdict]) terminal.say(line);
  terminal.say();
  const lines = { ...trained.protocol, ...protocol };
  for (const [what, how] of Object.entries(lines)) terminal.say(`${titles[what] ?? what}: ${how}`);
  terminal.say();
  for (const line of labelFreeTable(labelFree, untrainedLabelFree)) terminal.say(line);
  const { protocol: _, ...figures } = withKnn20(trained);
  return {
    labelled: true,
    classes: set.classes,
    k: trained.clustering.k,
    ...figures,
    classNames: figures.confusion.classes.map((value) => cache.labelNames?.[value] ?? String(value)),
    chance,
    baselines: {
      untrained: { ...withoutProtocol(untrainedResult), labelFree: untrainedLabelFree },
      rawPixels: withoutProtocol(pixelResults.rawPixels!),
      colourHistogram: withoutProtocol(pixelResults.colourHistogram!),
    },
    labelFree,
    verdict,
    protocol: { ...lines, ...(set.note && { images: set.note }) },
  };
}

async function withoutLabels(work: Work): Promise<Figures & Record<string, unknown>> {
  const { run, set, terminal } = work;
  terminal.say(
    `${showCount(set.indices.length)} image${set.indices.length === 1 ? '' : 's'} without labels${set.note ? ` (${set.note})` : ''}: only measures that need none`,
  );
  if (work.k !== undefined) terminal.warn('-k was given, but counts only where there are labels');
  const features = await embed(work, run.state, names.trained);
  const labelFree = await labelFreeOf(work, run.state, features, await storedClusters(work, features));
  const start = await untrained(work);
  const before = await labelFreeOf(work, start, await embed(work, start, names.untrained));
  terminal.endProgress();
  terminal.say();
  for (const line of labelFreeTable(labelFree, before)) terminal.say(line);
  terminal.say();
  terminal.say(`untrained encoder: ${UNTRAINED}`);
  return {
    labelled: false,
    nmi: null,
    acc: null,
    ari: null,
    ami: null,
    fmi: null,
    nmiGeometric: null,
    purity: null,
    fewLabels: {},
    knn: { accuracy: null },
    linear: { accuracy: null },
    baselines: { untrained: { labelFree: before } },
    labelFree,
    protocol: { untrained: UNTRAINED, ...(set.note && { images: set.note }) },
  };
}

const UNTRAINED =
  "the weights that the run started from (its settings and seed), running statistics measured on these images' evaluation views";

const titles: Record<string, string> = {
  clustering: 'clusters',
  kmeans: 'k-means',
  knn: 'kNN',
  linear: 'linear',
  fewLabels: 'few labels',
  split: 'split',
  untrained: 'untrained encoder',
  rawPixels: 'raw pixels',
  colourHistogram: 'colour histogram',
};

/** A baseline's figures; which cluster holds which class is told of the trained encoder alone. */
function withoutProtocol(evaluation: Evaluation) {
  const { protocol: _, confusion: __, purityTable: ___, ...figures } = withKnn20(evaluation);
  return figures;
}

/** `knn.accuracy` is that of k = 200; 20 beside it. */
function withKnn20(evaluation: Evaluation) {
  return { ...evaluation, knn: { ...evaluation.knn, accuracy20: knnAccuracy(evaluation, 20) } };
}

async function embed(work: Work, state: Values, what: string): Promise<Features> {
  const { engine, run, cache, set, terminal } = work;
  const { settings } = run.config;
  const encoder = await openEncoder({ engine, settings, state });
  try {
    return await encoder.embed(cache, {
      indices: set.indices,
      workers: settings.workers,
      signal: terminal.signal,
      onProgress: ({ done, total }) =>
        terminal.progress(`${what}: ${showCount(done)} of ${showCount(total)} images`),
    });
  } finally {
    await encoder.close();
  }
}

function untrained({ engine, run, cache, set, terminal }: Work): Promise<Values> {
  terminal.progress('preparing the untrained encoder');
  const { settings } = run.config;
  return untrainedState({ engine, settings, cache, indices: set.indices, signal: terminal.signal });
}

function labelFreeOf(
  work: Work,
  state: Values,
  features: Features,
  clusters?: { assignments: Int32Array; centroids: Features },
) {
  const { engine, run, cache, set, seed, terminal } = work;
  terminal.progress('measures without labels');
  return measureLabelFree({
    engine,
    settings: run.config.settings,
    state,
    cache,
    indices: set.indices,
    features,
    clusters,
    seed,
    signal: terminal.signal,
  });
}

/** Clusters that the method's head names for these features, with these weights. */
async function learnedBy(
  { engine, run }: Work,
  state: Values,
  features: Features,
): Promise<LearnedClusters | undefined> {
  const found = await headClusters({ engine, settings: run.config.settings, state }, features);
  return found && { assignments: found.clusters, count: found.count };
}

/** The run's clusters, where they belong to this checkpoint, and which of them each image is in. */
async function storedClusters({ engine, run }: Work, features: Features) {
  let stored: Clustering;
  try {
    stored = await readClustering(run.folder.files.clustering);
  } catch {
    return undefined; // not clustered yet
  }
  if (stored.step !== run.checkpoint.info.step || stored.dimension !== features.dimension) return undefined;
  return {
    assignments: (await assignFeatures(engine, run, stored, features)).assignments,
    centroids: featuresOf(stored.centroids, stored.dimension),
  };
}

function largestShare(labels: Int32Array): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Math.max(...counts.values()) / labels.length;
}
