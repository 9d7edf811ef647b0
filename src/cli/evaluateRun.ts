/** Evaluates a run on a source, prints the tables and stores evaluation.json. */
import { resolve } from 'node:path';
import { type Engine, openEngine } from '../backends/index.ts';
import { type Features, featuresOf } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { displayPath, showCount } from '../core/text.ts';
import { openImages, reportSkipped } from '../data/index.ts';
import { assignFeatures, type ImageEncoder } from '../encoders/index.ts';
import {
  type EvaluationReport,
  type EvaluationSet,
  evaluate,
  evaluationRecord,
  evaluationSet,
  protocolOf,
  reportVerdicts,
  runEncoders,
  scoresOf,
} from '../evaluate/index.ts';
import { writeFileAtomic } from '../formats/index.ts';
import { cacheSizeOf, viewsOf } from '../methods/index.ts';
import { readClustering, type StoredClustering, type TrainedRun } from '../run/index.ts';
import { noteEvaluation } from './evaluationEvent.ts';
import { evaluationTable } from './evaluationTable.ts';
import { labelFreeTable } from './labelFreeTable.ts';
import { required } from './required.ts';
import { type Terminal, terminalReporter } from './terminal.ts';
import { openRun } from './trainedEncoder.ts';

export interface EvaluateRequest {
  source: string;
  run?: string;
  clusters?: number;
  seed?: number;
}

/** Evaluates and returns what `evaluate --json` prints. */
export async function evaluateRun(request: EvaluateRequest, terminal: Terminal): Promise<object> {
  const path = required('--run', request.run, 'the folder of a run');
  const { seed = 0, clusters: k } = request;
  const run = await openRun(path, terminal);
  const { settings } = run.config;
  const reporter = terminalReporter(terminal);
  const opened = await openImages(request.source);
  const { source } = opened;
  const cache = await opened.pixels({ size: cacheSizeOf(settings), reporter });
  await opened.close();
  reportSkipped(cache, reporter);
  const set = evaluationSet(cache, { seed });
  checkCounts(request, set);
  sayImages(set, terminal);
  if (set.labelled === 'no' && k !== undefined) {
    terminal.warn('-k was given, but counts only where there are labels');
  }

  const engine = await openEngine({ threads: run.config.threads });
  try {
    const { workers } = settings;
    const images = { cache, indices: set.indices };
    const report = await evaluate({
      ...{ engine, cache, set, k, seed, workers, reporter },
      encoders: runEncoders({ engine, settings, state: run.state, images, reporter }),
      views: viewsOf(settings),
      clustersOf: (encoder, features) => storedClusters(engine, run, encoder, features),
    });
    terminal.endProgress();
    sayReport(report, terminal);
    const result = {
      run: resolve(run.folder.path),
      source: source.path,
      step: run.checkpoint.info.step,
      images: set.indices.length,
      skipped: cache.skipped.length,
      seed,
      ...evaluationRecord(report, cache),
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

function sayImages({ indices, labelled, classes, note }: EvaluationSet, terminal: Terminal): void {
  const count = showCount(indices.length);
  const draw = note ? ` (${note})` : '';
  terminal.say(
    labelled === 'yes'
      ? `${count} labeled images of ${classes} class${classes === 1 ? '' : 'es'}${draw}`
      : `${count} image${indices.length === 1 ? '' : 's'} without labels${draw}: only measures that need none`,
  );
}

/** Prints the scores with labels, the verdict, the protocol, and the measures without labels. */
function sayReport({ encoders, chance }: EvaluationReport, terminal: Terminal): void {
  // Beside clusters that the method has learned itself, those of k-means on the same features.
  const rows = encoders.flatMap(({ title, scores }) =>
    scores === undefined
      ? []
      : scores.clustering.by === 'head'
        ? [
            { title, scores: scoresOf(scores) },
            { title: `${title}, k-means`, scores: scoresOf({ ...scores, ...scores.kmeans }) },
          ]
        : [{ title, scores: scoresOf(scores) }],
  );
  const protocol = Object.entries(protocolOf(encoders)).map(
    ([what, how]) => `${protocolTitles[what] ?? what}: ${how}`,
  );
  const [trained, untrained] = encoders;
  const labelFree = labelFreeTable(trained!.labelFree!, untrained!.labelFree!);
  const sections =
    rows.length > 0
      ? [
          [...evaluationTable(rows, { chance }), '', ...reportVerdicts(encoders).map(({ text }) => text)],
          protocol,
          labelFree,
        ]
      : [labelFree, protocol];
  for (const lines of sections) {
    terminal.say();
    for (const line of lines) terminal.say(line);
  }
}

const protocolTitles: Record<string, string> = {
  clustering: 'clusters',
  kmeans: 'k-means',
  knn: 'kNN',
  linear: 'linear',
  fewLabels: 'few labels',
  split: 'split',
  untrained: 'untrained encoder',
  rawPixels: 'raw pixels',
  colourHistogram: 'color histogram',
};

/** The run's clusters of these images, where they were made with this checkpoint. */
async function storedClusters(engine: Engine, run: TrainedRun, encoder: ImageEncoder, features: Features) {
  let stored: StoredClustering;
  try {
    stored = await readClustering(run.folder.files.clustering);
  } catch {
    return undefined; // not clustered yet
  }
  if (stored.step !== run.checkpoint.info.step || stored.dimension !== features.dimension) return undefined;
  const centroids = featuresOf(stored.centroids, stored.dimension);
  const { assignments } = await assignFeatures(engine, encoder, { ...stored, centroids }, features);
  return { assignments, centroids };
}
