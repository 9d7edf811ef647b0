/** Clustering images with a run's encoder. */
import { resolve } from 'node:path';
import type { Engine } from '../backends/index.ts';
import {
  assign,
  type ClusterAlgorithm,
  clusterAlgorithms,
  clusterByHead,
  clusterFeatures,
  type Clustering as FeatureClustering,
  type Features,
  type Group,
  type Rows,
  type SuggestedK,
} from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { Reporter, ReporterOptions } from '../core/reporter.ts';
import { plural, showCount } from '../core/text.ts';
import { indicesOfSplit, type OpenImages, type PixelCache, reportSkipped } from '../data/index.ts';
import type { ImageEncoder } from '../encoders/index.ts';
import { type ColorAgreement, measureColorAgreement } from '../evaluate/index.ts';
import { writeClusterReport } from '../report/index.ts';
import {
  applyStoredEdits,
  checkSortFolder,
  clusterAlgorithmOf,
  type FeatureFile,
  holding,
  lockClusters,
  type Run,
  type RunLock,
  type SortResult,
  type StoredClustering,
  type StoredHierarchy,
  sortInto,
  writeFeatureFile,
  writeSkipped,
} from '../run/index.ts';
import { carryEdits, editsBefore } from './carryEdits.ts';
import { type ImageSet, writeResults } from './clusterFiles.ts';
import { checkClusteringName, clusteringPlace, noteReplaced } from './clusteringPlace.ts';
import { clusteringKey } from './finished.ts';
import { storeHierarchy } from './hierarchy.ts';
import { type Images, reporterFor, takeImages, withImages } from './images.ts';
import { warnOfLargest } from './largestCluster.ts';
import { checkOptions, commandLine, oneOf, path, splitNames, wholeNumber } from './options.ts';
import { withEncoder, withEngine } from './runEncoder.ts';
import { withStoredFeatures } from './storedFeatures.ts';
import { warnOfOneGroup } from './warnOfSame.ts';

export interface ClusterOptions extends ReporterOptions {
  /** Number of clusters. Default: learned by the method, or suggested from the data. */
  k?: number;
  /**
   * Algorithm that finds the clusters: `kmeans`, or `smoothed-kmeans` on features that are averaged
   * with their nearest neighbors. Default: `smoothed-kmeans` for pretrained networks, else
   * `kmeans`.
   */
  algorithm?: ClusterAlgorithm;
  /** Seed of the clustering. Default 0. */
  seed?: number;
  /** Images to cluster. Default `all`. */
  split?: 'train' | 'test' | 'all';
  /**
   * Name of the clustering, whose files are in `clusterings/<name>` of the run folder. Default:
   * none for the run's own images, whose files are in the run folder; else the name of the source.
   */
  name?: string;
  /**
   * Command line that asks for this, for programs that have one. It is stored with the results, and
   * the report shows it.
   */
  command?: string;
}

/** Clusters of images. Cluster 0 is the largest. */
export interface Clustering extends AsyncDisposable {
  /** Name of the clustering; absent for that of the run's own images. */
  readonly name?: string;
  readonly k: number;
  /** Explains how K was chosen, in a sentence. */
  readonly kReason: string;
  /** Range of numbers of clusters that are about as good, where K was suggested. */
  readonly kRange?: readonly [number, number];
  /** Scores of the numbers of clusters that were tried, where K was suggested. */
  readonly suggestion?: SuggestedK;
  /** Algorithm that found the clusters; `head` where the method learned them. */
  readonly by: 'head' | ClusterAlgorithm;
  /** Ids of the images: paths relative to the source. */
  readonly images: readonly string[];
  /** Cluster of each image, [N]. */
  readonly assignments: Int32Array;
  /** Probability of that cluster, 0 to 1, [N]. */
  readonly confidence: Float32Array;
  /** Lead over the second best cluster, as a difference of cosines or of probabilities, [N]. */
  readonly margin: Float32Array;
  /** Size, cohesion and separation of each cluster, [K]. */
  readonly groups: readonly Group[];
  /** Learned tree of prototypes with the place of each image, where the method learns one. */
  readonly hierarchy?: StoredHierarchy;
  /** Agreement of the clusters with color, with a sentence on it. */
  readonly colorAgreement: ColorAgreement;
  /** Number of files that could not be read. */
  readonly skipped: number;
  /** Absolute paths of the written files by name. */
  readonly files: Readonly<Record<'clusters' | 'embeddings' | 'clustering' | 'skipped', string>>;
  /** Centroids with everything else that further images are assigned by. */
  readonly stored: StoredClustering;
  /**
   * Writes report.html with example images of every cluster and returns its path.
   *
   * @throws LikenessError `clustering.replaced` after a later clustering of the run, `run.locked`
   * while one is made.
   */
  writeReport(options?: ReporterOptions): Promise<string>;
  /**
   * Copies or links the images into one folder per cluster, after the edits of a person: names of
   * clusters are names of folders, and junk is in `junk`.
   */
  sortInto(folder: string, options?: SortIntoOptions): Promise<SortResult>;
  /** Does nothing: a clustering keeps no file open. Programs may call it. */
  close(): Promise<void>;
}

export interface SortIntoOptions extends ReporterOptions {
  /** Way of placing the images. Default `copy`. */
  by?: 'copy' | 'link';
}

/**
 * Clusters images and writes the results into the run folder.
 *
 * @throws LikenessError `run.locked` while other clusters are written in the same place
 */
export async function clusterImages(
  opened: Run,
  given: Images | string,
  options: ClusterOptions = {},
): Promise<Clustering> {
  checkOptions(
    {
      k: wholeNumber(1),
      algorithm: oneOf(clusterAlgorithms),
      seed: wholeNumber(0),
      split: oneOf(splitNames),
      name: path(),
      command: commandLine,
    },
    options,
  );
  const { k, algorithm = clusterAlgorithmOf(opened), seed = 0, split, name, command } = options;
  if (name !== undefined) checkClusteringName(name);
  const reporter = reporterFor(options);
  const images = typeof given === 'string' ? resolve(given) : given;
  const taken = await takeImages(given, { reporter, stored: opened.config.source });
  let features: FeatureFile | undefined;
  let lock: RunLock | undefined;
  try {
    await checkClustering(taken.images, { k });
    const { range } = opened.config.source;
    const cache = await taken.images.pixels({ size: opened.view.cacheSize, range, reporter });
    const place = await clusteringPlace(opened, taken.images, { cache, name, reporter });
    const run: Run = { ...opened, folder: place.folder };
    lock = await lockClusters(run.folder);
    await noteReplaced(run.folder, taken.images.source, reporter);
    const set = await imagesToCluster(run, taken.images, { cache, split, reporter });
    checkK(k, set.indices.length);
    const found = await withEncoder(run, {}, async (encoder, engine) => {
      features = await embedToScratch(encoder, run, set, reporter);
      await warnOfOneGroup(encoder, { set, features, reporter });
      const { prototypes, learned } = await applyHeads(engine, encoder, features);
      const clustering =
        learned && options.algorithm === undefined && (k ?? learned.dimension) === learned.dimension
          ? await clusterByHead(engine, features, learned)
          : await clusterFeatures(engine, features, { k, algorithm, seed, reporter });
      const color = await measureColorAgreement({
        ...{ engine, cache: set.cache, indices: set.indices, features, seed, reporter },
        ...{ clusters: clustering.assignment.assignments, k: clustering.k },
        ...{ size: run.view.imageSize, workers: run.view.workers },
      });
      return { clustering, prototypes, color };
    });
    const key = clusteringKey(run, { ...set, k, algorithm, seed });
    const made = { ...found, features: features!, key, seed, command };
    const edits = await editsBefore(run.folder);
    const stored = await writeResults(run, set, made);
    const hierarchy = await storeHierarchy(run, found.prototypes);
    await carryEdits(run.folder, edits, { stored, set, clustering: found.clustering, reporter });
    warnOfLargest(found.clustering.groups, reporter);
    return clusteringOf({ run, name: place.name, images, set, stored, hierarchy, ...found });
  } finally {
    await features?.close();
    lock?.release();
    await taken.release();
  }
}

/** Parts of a clustering that are checked before any work. */
export interface ClusteringRequest {
  /** Number of clusters. */
  k?: number | undefined;
  /** Folder that the images will be sorted into. */
  into?: string | undefined;
}

/**
 * Checks a number of clusters and a folder for `sortInto` before the work that comes first, such as
 * learning features.
 *
 * @throws LikenessError `cluster.k` for more clusters than images, `sort.*` for a folder that lies
 * in the source or has other files.
 */
export async function checkClustering(
  { source }: Pick<OpenImages, 'source'>,
  { k, into }: ClusteringRequest,
): Promise<void> {
  checkK(k, source.entries.length);
  if (into !== undefined) await checkSortFolder(into, source);
}

function checkK(k: number | undefined, count: number): void {
  if (k === undefined || k <= count) return;
  throw new LikenessError(
    'cluster.k',
    `k: received ${k} for ${plural(count, 'image')}; expected a whole number from 1 to ${count}`,
  );
}

async function imagesToCluster(
  { folder }: Run,
  images: OpenImages,
  {
    cache,
    split,
    reporter,
  }: { cache: PixelCache; split: ClusterOptions['split']; reporter: Reporter },
): Promise<ImageSet> {
  const indices = indicesOfSplit(cache, split ?? 'all');
  reportSkipped(cache, reporter, { listedIn: 'skipped.csv' });
  await writeSkipped(folder.files.skipped, cache.skipped);
  if (indices.length === 0) {
    throw new LikenessError(
      'source.tooFew',
      `${images.path}: found no usable image${split ? ` in the "${split}" split` : ''}; ` +
        `expected at least 1. Reasons are in ${folder.files.skipped}.`,
    );
  }
  return { cache, indices, ids: Array.from(indices, (index) => cache.entries[index]!.id) };
}

/** Writes the features into a temporary file of the run, because they may not fit into memory. */
function embedToScratch(
  encoder: ImageEncoder,
  { view, folder }: Run,
  { cache, indices }: ImageSet,
  reporter: Reporter,
): Promise<FeatureFile> {
  const { workers } = view;
  const parts = encoder.parts({ cache, indices }, { workers, reporter });
  return writeFeatureFile(folder.files.embeddings, parts, encoder.dimension);
}

/**
 * Nearest prototype of each image, and probabilities [N, M] of learned clusters, where the method
 * has them.
 */
async function applyHeads(
  engine: Engine,
  { heads }: Pick<ImageEncoder, 'heads'>,
  features: Rows,
): Promise<{ prototypes?: Int32Array; learned?: Features }> {
  const prototypes = heads?.prototypes
    ? (await assign(engine, heads.project(features), heads.prototypes)).assignments
    : undefined;
  return { prototypes, learned: await heads?.assign?.(features) };
}

interface MadeClustering {
  /** Run with the files of the clustering. */
  run: Run;
  name: string | undefined;
  /** Open images, or the absolute path of those that are opened when they are needed. */
  images: Images | string;
  set: ImageSet;
  clustering: FeatureClustering;
  color: ColorAgreement;
  stored: StoredClustering;
  hierarchy: StoredHierarchy | undefined;
}

function clusteringOf({
  run,
  name,
  images,
  set,
  clustering,
  color,
  stored: clusters,
  hierarchy,
}: MadeClustering): Clustering {
  const { files } = run.folder;
  const { source: stored } = run.config;
  const { assignment, head } = clustering;
  const close = async () => {};
  return {
    ...(name !== undefined && { name }),
    ...{ k: clustering.k, kReason: clustering.kReason, kRange: clustering.kRange },
    suggestion: clustering.suggestion,
    by: head ? 'head' : clustering.algorithm!,
    images: set.ids,
    assignments: assignment.assignments,
    confidence: assignment.confidence,
    margin: assignment.margin,
    groups: clustering.groups,
    ...(hierarchy && { hierarchy }),
    colorAgreement: color,
    skipped: set.cache.skipped.length,
    files: {
      clusters: resolve(files.clusters),
      embeddings: resolve(files.embeddings),
      clustering: resolve(files.clustering),
      skipped: resolve(files.skipped),
    },
    stored: clusters,
    async writeReport(options = {}) {
      checkOptions({}, options);
      const { cache, indices } = set;
      const report = async (opened: OpenImages) => {
        const source = await opened.ranged(stored);
        return withStoredFeatures(
          run.folder,
          { ids: set.ids, clusters: assignment.assignments },
          (features) =>
            withEngine(run, (engine) =>
              writeClusterReport(
                {
                  ...{ run, source, cache, indices, clustering, color, engine, features },
                  key: clusters.key,
                  command: clusters.command,
                },
                reporterFor(options),
              ),
            ),
        );
      };
      await holding(lockClusters(run.folder), () => withImages(images, report, { stored }));
      return resolve(files.reportHtml);
    },
    async sortInto(folder, options = {}) {
      checkOptions({ by: oneOf(['copy', 'link']) }, options);
      const { by = 'copy' } = options;
      const reporter = reporterFor(options);
      const found = { ids: set.ids, clusters: assignment.assignments, k: clustering.k };
      const { edited } = await applyStoredEdits(files, clusters, found);
      const sort = async (opened: OpenImages) =>
        sortInto({
          into: folder,
          ...{ by, source: await opened.ranged(stored) },
          items: set.ids.map((id, i) => ({ id, cluster: edited.clusters[i]! })),
          names: edited.names,
          signal: reporter.signal,
          onProgress: (done, total) =>
            reporter.progress({
              stage: 'sort',
              text: `sorting ${showCount(done)} of ${plural(total, 'image')}`,
              done,
              total,
            }),
        });
      return withImages(images, sort, { stored });
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
