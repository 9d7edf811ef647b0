/** Finished steps of earlier calls: an evaluation, and a clustering with its report. */
import { existsSync } from 'node:fs';
import type { ClusterAlgorithm } from '../cluster/index.ts';
import type { ReporterOptions } from '../core/reporter.ts';
import { version } from '../core/version.ts';
import { hashOfSet, indicesOfSplit, type OpenImages, type PixelCache } from '../data/index.ts';
import { evaluationSet } from '../evaluate/index.ts';
import {
  clusterAlgorithmOf,
  hashOfJson,
  type JsonObject,
  type Run,
  readClustering,
  readEvaluationIfValid,
  readStoredReport,
  type StoredClustering,
  type StoredEvaluation,
  type StoredReport,
  settingsHash,
} from '../run/index.ts';
import { type Images, reporterFor, withImages } from './images.ts';
import { checkOptions, wholeNumber } from './options.ts';

/** Options of the steps that are looked for. */
export interface FinishedOptions extends ReporterOptions {
  /** Number of clusters, as `cluster` was given it. Default: none. */
  k?: number;
  /** Seed of both steps. Default 0. */
  seed?: number;
}

/** Finished steps; those that would give other results now are absent. */
export interface FinishedSteps {
  /** Scores with labels. */
  readonly evaluation?: StoredEvaluation;
  /** Clusters of the run's own images with their report, which shows this evaluation. */
  readonly clustering?: StoredClustering;
  readonly report?: StoredReport;
}

/** Hashes all that the result of a step depends on. Numbers of workers change no result. */
function keyOf(
  { config, step }: Pick<Run, 'config' | 'step'>,
  { cache, indices }: Pick<StepRequest, 'cache' | 'indices'>,
  options: JsonObject,
): string {
  const encoder =
    config.kind === 'trained'
      ? config.base
        ? hashOfJson({ settings: settingsHash(config.settings), base: config.base })
        : settingsHash(config.settings)
      : hashOfJson({
          ...(config.encoder as unknown as JsonObject),
          ...{ imageSize: config.imageSize, seed: config.seed },
        });
  return hashOfJson({
    ...{ version, step, options, encoder, learnedFrom: config.listing?.contents },
    ...{ source: cache.source.path, images: hashOfSet(cache, indices) },
  });
}

/** Images with the options of a step. */
export interface StepRequest {
  cache: PixelCache;
  /** Cache index of each measured or clustered image. */
  indices: Uint32Array;
  k?: number | undefined;
  algorithm: ClusterAlgorithm;
  seed: number;
}

/** Hashes everything that the scores of a run depend on. */
export function evaluationKey(
  run: Run,
  { k, algorithm, seed, fineTune = false, ...images }: StepRequest & { fineTune?: boolean },
): string {
  const options = { of: 'evaluation', k: k ?? null, algorithm, seed };
  return keyOf(run, images, { ...options, ...(fineTune && { fineTune }) });
}

/** Hashes everything that clusters of images depend on. */
export function clusteringKey(run: Run, { k, algorithm, seed, ...images }: StepRequest): string {
  return keyOf(run, images, { of: 'clustering', k: k ?? null, algorithm, seed });
}

/**
 * Finds what `evaluate` without options, and `cluster` with these, have left in the run.
 *
 * A step counts only where images, names, labels, encoder, options and version are those of then.
 */
export async function finishedSteps(
  run: Run,
  given: Images | string,
  options: FinishedOptions = {},
): Promise<FinishedSteps> {
  checkOptions({ k: wholeNumber(1), seed: wholeNumber(0) }, options);
  const { k, seed = 0 } = options;
  const reporter = reporterFor(options);
  const { files } = run.folder;
  const open = async (images: OpenImages): Promise<FinishedSteps> => {
    const { range } = run.config.source;
    const cache = await images.pixels({ size: run.view.cacheSize, range, reporter });
    const set = evaluationSet(cache, { seed });
    const stored = await readEvaluationIfValid(files.evaluation);
    const by = { algorithm: clusterAlgorithmOf(run), seed };
    const isSame = stored?.key === evaluationKey(run, { cache, indices: set.indices, ...by });
    const evaluation = isSame && typeof stored?.nmi === 'number' ? stored : undefined;
    const clustering = await readClustering(files.clustering).catch(() => undefined);
    const report = await readStoredReport(files.reportJson).catch(() => undefined);
    const key = clusteringKey(run, { cache, indices: indicesOfSplit(cache, 'all'), k, ...by });
    const isFinished =
      clustering?.key === key &&
      report?.keys?.clustering === key &&
      report.keys.evaluation === evaluation?.key &&
      [files.reportHtml, files.clusters, files.embeddings].every((file) => existsSync(file));
    return {
      ...(evaluation && { evaluation }),
      ...(isFinished && { clustering, report }),
    };
  };
  return withImages(given, open, { reporter, stored: run.config.source });
}
