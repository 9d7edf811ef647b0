/** A model: a run folder with its encoder, and everything that can be done with it. */
import { resolve } from 'node:path';
import type { ReporterOptions } from '../core/reporter.ts';
import type { Settings } from '../methods/index.ts';
import {
  type FeaturesConfig,
  openRun,
  type Run,
  type StoredClustering,
  type TrainedConfig,
  type TrainedRun,
} from '../run/index.ts';
import type { TrainResult, Verdict } from '../train/index.ts';
import { type Assigned, type AssignOptions, assignFiles } from './assign.ts';
import { type Clustering, type ClusterOptions, clusterImages } from './cluster.ts';
import { storedClustering } from './clusteringPlace.ts';
import {
  type Embeddings,
  type EmbedOptions,
  type EmbedToResult,
  embedImages,
  embedSourceOf,
  embedToFile,
} from './embed.ts';
import { type EvaluateOptions, evaluateRun, type RunEvaluation } from './evaluate.ts';
import { type ExportedClusters, exportClusters } from './exportClusters.ts';
import { type ExportedHub, type ExportHubOptions, exportHub } from './exportHub.ts';
import { type ExportOnnxOptions, exportOnnx } from './exportModel.ts';
import { type ExportedWeights, exportWeights } from './exportWeights.ts';
import { type FinishedOptions, type FinishedSteps, finishedSteps } from './finished.ts';
import { type Images, reporterFor } from './images.ts';
import { checkOptions, flag, path } from './options.ts';
import { requireEncoder } from './requireEncoder.ts';
import type { ExportedOnnx } from './writeOnnx.ts';

/** Facts about the training session that made a model. */
export interface TrainingSummary {
  readonly outcome: Exclude<TrainResult['outcome'], 'failed'>;
  /** Steps of the whole schedule; absent while a time budget was still being measured. */
  readonly totalSteps?: number;
  /** Seconds of training over all sessions. */
  readonly seconds: number;
  /** Exponential mean of the loss. */
  readonly loss?: number;
  /** The judgment on a finished training, or the doctor's last verdict on an interrupted one. */
  readonly verdict: Verdict;
  /** Passes over the images; may be a fraction. */
  readonly epochs: number;
  /** Numbers that the recipe was made for; absent where the preset is not known. */
  readonly recipe?: {
    readonly epochs: number;
    /** Fewest epochs of the method's recipes in its paper. */
    readonly paperEpochs?: number | undefined;
    /** Images that its batches, prototypes, clusters and queue need. */
    readonly images: number;
  };
  /** Number of files that could not be read. */
  readonly skipped: number;
}

/** A network that was trained. */
export interface TrainedModel extends AnyModel {
  readonly kind: 'trained';
  readonly settings: Settings;
  /** Content of the run's config.json. */
  readonly config: TrainedConfig;
  /** Present on a model that `train` returned. */
  readonly training?: TrainingSummary;
}

/** An encoder that needs no training, such as patch features. */
export interface FeaturesModel extends AnyModel {
  readonly kind: 'features';
  /** Content of the run's config.json. */
  readonly config: FeaturesConfig;
}

export type Model = TrainedModel | FeaturesModel;

interface AnyModel {
  /** Absolute path of the run folder. */
  readonly run: string;
  /** Name of the training method, or of the encoder without training, such as `patches`. */
  readonly method: string;
  /** Training steps done; 0 without training. */
  readonly step: number;
  /**
   * Clusters images and writes clusters.csv, embeddings.safetensors and clusters.safetensors into
   * the run folder. Images of another source have a folder in `clusterings` there.
   *
   * Without `k`, clusters that the method has learned are used, or a number is suggested from the
   * data.
   */
  cluster(images: Images | string, options?: ClusterOptions): Promise<Clustering>;
  /**
   * Reads the clusters of the last `cluster`; undefined where there are none yet.
   *
   * @param name Default: those of the run's own images.
   * @throws LikenessError `clustering.malformed`, `safetensors.malformed` for a damaged file
   */
  clustering(name?: string): Promise<StoredClustering | undefined>;
  /**
   * Evaluates the encoder beside an untrained one, raw pixels, a color histogram and patch
   * features, and writes evaluation.json.
   *
   * Returns null where no image has a label and `labelFree` is not set.
   */
  evaluate(
    images: Images | string,
    options?: EvaluateOptions & { labelFree: true },
  ): Promise<RunEvaluation>;
  evaluate(images: Images | string, options?: EvaluateOptions): Promise<RunEvaluation | null>;
  /**
   * Finds the evaluation and the clustering that earlier calls with the same images and options
   * have left in the run folder, so that they need not be repeated.
   */
  finished(images: Images | string, options?: FinishedOptions): Promise<FinishedSteps>;
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
    options?: AssignOptions,
  ): Promise<Assigned>;
  /**
   * Writes the encoder as an ONNX file and compares it with the training engine. Clusters of the run
   * are its second output.
   */
  exportOnnx(file?: string, options?: ExportOnnxOptions): Promise<ExportedOnnx>;
  /**
   * Writes a folder of the hub's layout with the encoder in all precisions: transformers.js opens it
   * for `image-feature-extraction`, and likeness as an encoder.
   */
  exportHub(folder: string, options?: ExportHubOptions): Promise<ExportedHub>;
  /**
   * Writes the encoder's weights as safetensors: those of a trained network under torchvision's
   * names, and those of a model that was trained further under the names of its ONNX file.
   */
  exportWeights(file: string): Promise<ExportedWeights>;
  /**
   * Writes the clusters of the last `cluster`: .csv, .parquet, or .json in the form of COCO's
   * annotations.
   *
   * @param options.clustering name of the clustering. Default: that of the run's own images.
   */
  exportClusters(file: string, options?: { clustering?: string }): Promise<ExportedClusters>;
}

export interface OpenModelOptions extends ReporterOptions {
  /**
   * Encoder that the run must have: its name, or the path or hub id of its pretrained model, whose
   * contents are compared. Default: not checked.
   */
  encoder?: string;
  /** Takes such a model of the hub from the cache alone. Default: as `HF_HUB_OFFLINE` says. */
  offline?: boolean;
}

/**
 * Opens a run that `train` or `start` has made, with its newest intact checkpoint.
 *
 * @example
 * const model = await openModel('runs/photos');
 * @throws LikenessError `run.missing`, `run.noCheckpoint`, `config.*`, `encoder.*`, and
 * `encoder.differs` for a run of another encoder than `encoder`
 */
export async function openModel(run: string, options: OpenModelOptions = {}): Promise<Model> {
  checkOptions({ encoder: path(), offline: flag }, options);
  const reporter = reporterFor(options);
  const opened = await openRun(run);
  const { encoder, offline } = options;
  if (encoder !== undefined) await requireEncoder(opened, encoder, { offline, reporter });
  for (const { file, reason } of opened.damaged) {
    reporter.warn({ code: 'checkpoint.damaged', message: `passed over ${file}: ${reason}` });
  }
  return modelOf(opened);
}

/** Wraps an open run. */
export function modelOf(run: TrainedRun, about?: { training?: TrainingSummary }): TrainedModel;
export function modelOf(run: Run): Model;
export function modelOf(run: Run, { training }: { training?: TrainingSummary } = {}): Model {
  const { folder, method, step } = run;
  const { files } = folder;
  const shared: AnyModel = {
    ...{ run: resolve(folder.path), method, step },
    cluster: (images, options) => clusterImages(run, images, options),
    clustering: (name) => storedClustering(folder, name),
    evaluate: ((images, options) => evaluateRun(run, images, options)) as Model['evaluate'],
    finished: (images, options) => finishedSteps(run, images, options),
    embed: (images, options) => embedImages(embedSourceOf(run), images, options),
    embedTo: (file, images, options) => embedToFile(embedSourceOf(run), file, images, options),
    assign: (paths, clustering, options) => assignFiles(run, paths, clustering?.stored, options),
    exportOnnx: (file = files.encoder, options) => exportOnnx(run, file, options),
    exportHub: (folder, options) => exportHub(run, folder, options),
    exportWeights: (file) => exportWeights(run, file),
    exportClusters: (file, options) => exportClusters(folder, file, options),
  };
  if (run.kind === 'features') return { ...shared, kind: 'features', config: run.config };
  const { config } = run;
  return { ...shared, kind: 'trained', settings: config.settings, config, training };
}
