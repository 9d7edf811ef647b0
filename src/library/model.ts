/** A trained model: a run folder with its encoder, and everything that can be done with it. */
import { resolve } from 'node:path';
import type { ReporterOptions } from '../core/reporter.ts';
import type { Settings } from '../methods/index.ts';
import {
  openTrainedRun,
  type RunConfig,
  readClustering,
  type StoredClustering,
  type TrainedRun,
} from '../run/index.ts';
import type { TrainResult, Verdict } from '../train/index.ts';
import { type Assigned, assignFiles } from './assign.ts';
import { type Clustering, type ClusterOptions, clusterImages } from './cluster.ts';
import {
  type Embeddings,
  type EmbedOptions,
  type EmbedToResult,
  embedImages,
  embedSourceOf,
  embedToFile,
} from './embed.ts';
import { type EvaluateOptions, evaluateRun, type RunEvaluation } from './evaluate.ts';
import { type ExportedOnnx, type ExportedWeights, exportOnnx, exportWeights } from './exportModel.ts';
import { type Images, reporterFor } from './images.ts';
import { checkOptions } from './options.ts';

/** Facts about the training session that made a model. */
export interface TrainingSummary {
  readonly outcome: Exclude<TrainResult['outcome'], 'failed'>;
  /** Steps of the whole schedule; absent while a time budget was still being measured. */
  readonly totalSteps?: number;
  /** Seconds of training over all sessions. */
  readonly seconds: number;
  /** Exponential mean of the loss. */
  readonly loss?: number;
  /** The doctor's last verdict. */
  readonly verdict: Verdict;
  /** Number of files that could not be read. */
  readonly skipped: number;
}

export interface Model {
  /** Absolute path of the run folder. */
  readonly run: string;
  readonly method: string;
  readonly settings: Settings;
  /** Content of the run's config.json. */
  readonly config: RunConfig;
  /** Training steps done. */
  readonly step: number;
  /** Present on a model that `train` returned. */
  readonly training?: TrainingSummary;
  /**
   * Clusters images and writes clusters.csv, embeddings.safetensors and clusters.safetensors into
   * the run folder.
   *
   * Without `k`, clusters that the method has learned are used, or a number is suggested from the
   * data.
   */
  cluster(images: Images | string, options?: ClusterOptions): Promise<Clustering>;
  /** Reads the clusters of the last `cluster`; undefined where there are none yet. */
  clustering(): Promise<StoredClustering | undefined>;
  /**
   * Evaluates the encoder beside an untrained one, raw pixels and a color histogram, and writes
   * evaluation.json.
   *
   * Returns null where no image has a label and `labelFree` is not set.
   */
  evaluate(images: Images | string, options?: EvaluateOptions & { labelFree: true }): Promise<RunEvaluation>;
  evaluate(images: Images | string, options?: EvaluateOptions): Promise<RunEvaluation | null>;
  /** Returns the features of all images, [N, D]. */
  embed(images: Images | string, options?: EmbedOptions): Promise<Embeddings>;
  /**
   * Writes the features to a .npy, .parquet, .safetensors or .csv file without holding all of them
   * in memory.
   */
  embedTo(file: string, images: Images | string, options?: EmbedOptions): Promise<EmbedToResult>;
  /**
   * Assigns image files, or all images of folders, to clusters.
   *
   * @param clustering Default: the run's stored clusters.
   */
  assign(
    files: readonly string[],
    clustering?: Pick<Clustering, 'stored'>,
    options?: ReporterOptions,
  ): Promise<Assigned>;
  /** Writes the encoder as an ONNX file and compares it with the training engine. */
  exportOnnx(file?: string, options?: ReporterOptions): Promise<ExportedOnnx>;
  /** Writes the encoder's weights as safetensors under torchvision's names. */
  exportWeights(file: string): Promise<ExportedWeights>;
}

/**
 * Opens a run that `train` or `likeness train` has made, with its newest intact checkpoint.
 *
 * @example
 * const model = await openModel('runs/photos');
 * @throws LikenessError `run.missing`, `run.noCheckpoint`, `config.*`
 */
export async function openModel(run: string, options: ReporterOptions = {}): Promise<Model> {
  checkOptions({}, options);
  const reporter = reporterFor(options);
  const opened = await openTrainedRun(run);
  for (const { file, reason } of opened.damaged) {
    reporter.warn({ code: 'checkpoint.damaged', message: `passed over ${file}: ${reason}` });
  }
  return modelOf(opened);
}

/** Wraps an open run. */
export function modelOf(run: TrainedRun, { training }: { training?: TrainingSummary } = {}): Model {
  const { config, folder, checkpoint } = run;
  const { files } = folder;
  return {
    run: resolve(folder.path),
    method: config.settings.method.name,
    settings: config.settings,
    config,
    step: checkpoint.info.step,
    training,
    cluster: (images, options) => clusterImages(run, images, options),
    clustering: () => readClustering(files.clustering).catch(() => undefined),
    evaluate: ((images, options) => evaluateRun(run, images, options)) as Model['evaluate'],
    embed: (images, options) => embedImages(embedSourceOf(run), images, options),
    embedTo: (file, images, options) => embedToFile(embedSourceOf(run), file, images, options),
    assign: (paths, clustering, options) => assignFiles(run, paths, clustering?.stored, options),
    exportOnnx: (file = files.encoder, options) => exportOnnx(run, file, options),
    exportWeights: (file) => exportWeights(run, file),
  };
}
