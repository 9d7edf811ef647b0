/** Evaluating a run's encoder on images. */
import { resolve } from 'node:path';
import type { Engine } from '../backends/index.ts';
import {
  type ClusterAlgorithm,
  clusterAlgorithms,
  type Features,
  featuresOf,
} from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { Reporter, ReporterOptions } from '../core/reporter.ts';
import { beginStage } from '../core/stage.ts';
import { plural, showCount } from '../core/text.ts';
import {
  hashOfSet,
  imageFacts,
  type OpenImages,
  type PixelCache,
  reportSkipped,
} from '../data/index.ts';
import { assignFeatures, type ImageEncoder } from '../encoders/index.ts';
import {
  baselineStore,
  type EvaluationRecord,
  type EvaluationReport,
  type EvaluationSet,
  evaluate,
  evaluationRecord,
  evaluationSet,
  type FineTunedResult,
  fineTuneLabels,
  runEncoders,
  splitOf,
} from '../evaluate/index.ts';
import { choosePreset, type Settings, settingsFor, viewsOf } from '../methods/index.ts';
import {
  clusterAlgorithmOf,
  holding,
  lockEvaluation,
  type Run,
  readClustering,
  settingsHash,
  type TrainedRun,
  writeEvaluation,
} from '../run/index.ts';
import { noteEvaluation } from './evaluationEvent.ts';
import { evaluationKey } from './finished.ts';
import { type Images, reporterFor, withImages } from './images.ts';
import { checkOptions, flag, oneOf, wholeNumber } from './options.ts';
import { withEngine } from './runEncoder.ts';

export interface EvaluateOptions extends ReporterOptions {
  /** Number of clusters. Default: learned by the method, or the number of labeled classes. */
  k?: number;
  /**
   * Algorithm of clusters that are not learned, for the run and its baselines alike. Default: that of
   * `cluster`.
   */
  algorithm?: ClusterAlgorithm;
  /** Seed of clustering, linear probe and draws. Default 0. */
  seed?: number;
  /** Measures without labels where no image has one, in place of returning null. Default false. */
  labelFree?: boolean;
  /**
   * Also trains the whole network further with 1 % and 10 % of the labels and measures it
   * (`fineTuned`). Only of runs that trained a network. Default false.
   */
  fineTune?: boolean;
}

/** Scores of a run's encoder and its baselines, named as in evaluation.json. */
export interface RunEvaluation extends EvaluationRecord {
  /** Hash of images, encoder and options; equal evaluations have equal keys. */
  readonly key: string;
  /** Absolute path of the run folder. */
  readonly run: string;
  /** Absolute path of the source. */
  readonly source: string;
  /** Step of the evaluated checkpoint; 0 for an encoder without training. */
  readonly step: number;
  /** Number of images that were measured. */
  readonly images: number;
  /** Number of files that could not be read. */
  readonly skipped: number;
  readonly seed: number;
  /** Accuracy of the whole network after learning a share of the labels, by the share as text. */
  readonly fineTuned?: Readonly<Record<string, FineTunedResult>>;
  /** Everything that was measured, encoder by encoder. */
  readonly report: EvaluationReport;
  /** Absolute path of evaluation.json. */
  readonly file: string;
}

/**
 * Evaluates a run and writes evaluation.json; null without labels unless `labelFree` is set.
 *
 * @throws LikenessError `run.locked` while another evaluation of the run is made
 */
export async function evaluateRun(
  run: Run,
  given: Images | string,
  options: EvaluateOptions = {},
): Promise<RunEvaluation | null> {
  checkOptions(
    {
      k: wholeNumber(1),
      algorithm: oneOf(clusterAlgorithms),
      seed: wholeNumber(0),
      labelFree: flag,
      fineTune: flag,
    },
    options,
  );
  const { k, algorithm = clusterAlgorithmOf(run), seed = 0, labelFree = false } = options;
  const { fineTune = false } = options;
  if (fineTune) requireNetwork(run);
  const reporter = reporterFor(options);
  const { cacheSize, workers } = run.view;
  return withImages(
    given,
    async (opened) => {
      const { path, source } = opened;
      const { range } = run.config.source;
      const cache = await opened.pixels({ size: cacheSize, range, reporter });
      reportSkipped(cache, reporter);
      const set = evaluationSet(cache, { seed });
      checkCounts(path, k, set);
      if (set.labelled === 'no' && !labelFree) return null;
      noteImages(set, reporter);
      if (set.labelled === 'no' && k !== undefined) {
        const message = '`k` was given, but counts only where there are labels';
        reporter.warn({ code: 'evaluate.unlabeled', message });
      }
      return holding(lockEvaluation(run.folder), async () => {
        const network = await networkOf(run, opened, reporter);
        const baselines = baselineStore(opened.cacheDir, {
          ...{ images: hashOfSet(cache, set.indices), imageSize: run.view.imageSize },
          ...{
            network: settingsHash(network),
            kind: trainsNetwork(run) ? 'trained' : 'features',
            viewSeed: run.view.seed,
          },
          ...{ threads: run.view.threads, k: k ?? null, algorithm, seed },
        });
        const report = await withEngine(run, (engine) =>
          evaluate({
            ...{ engine, cache, set, k, algorithm, seed, workers, reporter },
            encoders: runEncoders({
              ...{ engine, run, network, cache, set, measured: baselines, reporter },
            }),
            onBaseline: baselines.write,
            views: viewsOf(network),
            clustersOf: (encoder, features) => storedClusters(engine, run, encoder, features),
          }),
        );
        const fineTuned =
          fineTune && report.encoders[0]?.scores
            ? await fineTunedNetwork(run as TrainedRun, { cache, set, seed, reporter })
            : undefined;
        const record = evaluationRecord(report, cache);
        const stored = {
          key: evaluationKey(run, { cache, indices: set.indices, k, algorithm, seed, fineTune }),
          run: resolve(run.folder.path),
          source: source.path,
          step: run.step,
          images: set.indices.length,
          skipped: cache.skipped.length,
          seed,
          ...record,
          ...(fineTuned && {
            fineTuned,
            protocol: { ...record.protocol, fineTuned: describeFineTuning(fineTuned) },
          }),
        };
        const { evaluation } = run.folder.files;
        await writeEvaluation(evaluation, stored);
        await noteEvaluation(run, stored);
        return { ...stored, report, file: resolve(evaluation) };
      });
    },
    { reporter, stored: run.config.source },
  );
}

/** Refuses a run without a network of its own. @throws LikenessError `evaluate.fineTune` */
function requireNetwork(run: Run): void {
  if (trainsNetwork(run)) return;
  throw new LikenessError(
    'evaluate.fineTune',
    `fineTune: received the run ${run.folder.path}, which trained no network; expected a run of ` +
      '`train` with a network. Leave fineTune out for other runs.',
  );
}

/** Trains the network of a run with few labels, and measures it. */
async function fineTunedNetwork(
  run: TrainedRun,
  {
    cache,
    set,
    seed,
    reporter,
  }: { cache: PixelCache; set: EvaluationSet; seed: number; reporter: Reporter },
): Promise<Record<string, FineTunedResult>> {
  const { indices, labels, contents, files } = set;
  const split = splitOf(labels, set.split, { seed, contents, files });
  const part = (rows: Int32Array) => ({
    indices: Uint32Array.from(rows, (row) => indices[row]!),
    labels: Int32Array.from(rows, (row) => labels[row]!),
  });
  const text = 'training the network with few labels';
  const onProgress = beginStage(reporter, { stage: 'measure', text, unit: 'step' });
  const { workers } = run.view;
  const results = await withEngine(run, (engine) =>
    fineTuneLabels({
      ...{ engine, cache, settings: run.config.settings, state: run.state },
      ...{ train: part(split.train), test: part(split.test), seed, workers, onProgress },
      signal: reporter.signal,
    }),
  );
  return Object.fromEntries(results.map((result) => [String(result.share), result]));
}

/** Sentence on how the network was trained with few labels. */
function describeFineTuning(results: Readonly<Record<string, FineTunedResult>>): string {
  const each = Object.values(results).map(
    ({ share, labels, steps }) =>
      `${Number((share * 100).toFixed(4))} % (${plural(labels, 'label')}, ${plural(steps, 'step')})`,
  );
  return (
    `the whole network and a linear classifier trained with ${each.join(' and ')} of the training ` +
    'labels by Adam, one draw of the labels, batch norm with the statistics of the trained network'
  );
}

/** Tells if the encoder of a run is a network that it trained. */
function trainsNetwork(run: Run): run is TrainedRun {
  return run.kind === 'trained' && !run.config.base;
}

/**
 * Settings of the untrained network that a run is compared with: its own, or where it trains none
 * those of the preset that `train` would choose for the images.
 */
async function networkOf(run: Run, images: OpenImages, reporter: Reporter): Promise<Settings> {
  if (trainsNetwork(run)) return run.config.settings;
  const source = await images.ranged({ range: run.config.source.range, reporter });
  const facts = { ...(await imageFacts(source, reporter)), count: source.entries.length };
  return settingsFor(choosePreset(facts).name, { run: { seed: run.view.seed } });
}

function checkCounts(
  path: string,
  k: number | undefined,
  { indices, labelled, split }: EvaluationSet,
): void {
  const count = indices.length;
  if (count === 0) {
    throw new LikenessError('source.tooFew', `${path}: found no usable image; expected at least 1`);
  }
  if (k === undefined || labelled === 'no') return;
  const tested = split.filter((part) => part === 'test').length;
  const most = tested > 0 && tested < count ? tested : count;
  if (k > most) {
    throw new LikenessError(
      'evaluate.k',
      `k: received ${k} for ${plural(most, 'image')} to cluster; expected a whole number ` +
        `from 1 to ${most}`,
    );
  }
}

function noteImages({ indices, labelled, classes, note }: EvaluationSet, reporter: Reporter): void {
  const count = showCount(indices.length);
  const draw = note ? ` (${note})` : '';
  const message =
    labelled === 'yes'
      ? `${count} labeled images of ${classes} class${classes === 1 ? '' : 'es'}${draw}`
      : `${count} image${indices.length === 1 ? '' : 's'} without labels${draw}: only measures that need none`;
  reporter.note({ code: 'evaluate.images', message });
}

/** Assigns the images to the run's stored clusters, where these were made with this checkpoint. */
async function storedClusters(engine: Engine, run: Run, encoder: ImageEncoder, features: Features) {
  const stored = await readClustering(run.folder.files.clustering).catch(() => undefined);
  if (stored?.step !== run.step || stored.dimension !== features.dimension) return undefined;
  const centroids = featuresOf(stored.centroids, stored.dimension); // [K, D]
  const { assignments } = await assignFeatures(engine, encoder, { ...stored, centroids }, features);
  return { assignments, centroids };
}
