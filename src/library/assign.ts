/** Assigning image files to a run's clusters. */
import { readdir } from 'node:fs/promises';
import { featuresOf } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import type { ReporterOptions } from '../core/reporter.ts';
import type { ValueRange } from '../data/index.ts';
import { assignFeatures } from '../encoders/index.ts';
import {
  clusterAgain,
  clusteringFolderAt,
  type EditedClusters,
  editsKeyOf,
  type Run,
  type RunFolder,
  readClustering,
  readEditedClusters,
  readEdits,
  runAtStep,
  type StoredClustering,
} from '../run/index.ts';
import { embedFiles, FILE_BATCH, type FileFeatures, type UnreadableImage } from './embedFiles.ts';
import { reporterFor, sourceShape } from './images.ts';
import { checkOptions } from './options.ts';
import { evaluationPixels, withEncoder } from './runEncoder.ts';

export interface AssignOptions extends ReporterOptions {
  /**
   * `all` takes every picture of a file of several, named as in `scan.tif#2`. Default: as for the
   * run on its own images, else `first`.
   */
  pages?: 'first' | 'all';
  /** Values that become black and white in images of more than 8 bits. Default: as for the run. */
  range?: ValueRange;
}

/** An image with its cluster. */
export interface AssignedImage {
  /** As given, or `given/id` for the images of a folder. */
  readonly path: string;
  /** Cluster after the edits of a person: merged clusters count as the one they are part of. */
  readonly cluster: number;
  /** Name that a person gave the cluster. */
  readonly name?: string;
  /** Probability of the cluster, 0 to 1. */
  readonly confidence: number;
  /** Lead over the second best cluster. */
  readonly margin: number;
  /** Second best cluster. */
  readonly second: number;
  /** Cosine of the feature and the cluster's centroid, -1 to 1. */
  readonly similarity: number;
}

/** Readable images in the order of the paths, with the others beside them. */
export interface Assigned extends ReadonlyArray<AssignedImage> {
  readonly unreadable: readonly UnreadableImage[];
  /** Number of clusters. */
  readonly k: number;
  /** Step of the checkpoint whose encoder was used: that of the clustering. */
  readonly step: number;
}

/**
 * Assigns image files to clusters, with the checkpoint that the clusters were made with.
 *
 * @throws LikenessError `clustering.missing`, `clustering.stale`, and `assign.unreadable` where no
 * image can be read.
 */
export async function assignFiles(
  latest: Run,
  files: readonly string[],
  given?: StoredClustering,
  options: AssignOptions = {},
): Promise<Assigned> {
  const { pages, range } = options;
  checkOptions({ pages: sourceShape.pages, range: sourceShape.range }, options);
  const reporter = reporterFor(options);
  const clustering = given ?? (await readClustering(latest.folder.files.clustering));
  const { dimension, step, k } = clustering;
  const { source: stored } = latest.config;
  const run = await runAtStep(latest, step);
  return withEncoder(run, { batchSize: FILE_BATCH }, async (encoder, engine) => {
    checkDimension(run, encoder.dimension, clustering);
    const view = (image: Parameters<typeof evaluationPixels>[0]) =>
      evaluationPixels(image, run.view, reporter.signal);
    const found = await embedFiles({ encoder, view, stored, pages, range }, files, reporter);
    checkReadable(found);
    const { paths, rows, unreadable } = found;
    const centroids = featuresOf(clustering.centroids, dimension); // [K, D]
    const result = await assignFeatures(
      engine,
      encoder,
      { ...clustering, centroids },
      featuresOf(rows, dimension),
    );
    const edits = await editsOf(latest.folder, clustering);
    const images = paths.map((path, i) => {
      const cluster = edits?.becomes[result.assignments[i]!] ?? result.assignments[i]!;
      const name = edits?.names.get(cluster);
      return {
        ...{ path, cluster },
        ...(name !== undefined && { name }),
        confidence: result.confidence[i]!,
        margin: result.margin[i]!,
        second: edits?.becomes[result.second[i]!] ?? result.second[i]!,
        similarity: result.similarity[i]!,
      };
    });
    for (const { path, reason } of unreadable) {
      reporter.warn({ code: 'image.unreadable', message: `not read: ${path}: ${reason}` });
    }
    return Object.assign(images, { unreadable, k, step });
  });
}

/** Reads the edits of a clustering of the run; undefined where there are none. */
async function editsOf(
  folder: RunFolder,
  clustering: StoredClustering,
): Promise<EditedClusters | undefined> {
  const key = editsKeyOf(clustering);
  const others = await readdir(folder.files.clusterings).catch(() => []);
  for (const place of [folder, ...others.map((name) => clusteringFolderAt(folder, name))]) {
    const edits = await readEdits(place.files.edits);
    if (edits?.key === key && edits.done.length > 0)
      return (await readEditedClusters(place)).edited;
  }
  return undefined;
}

function checkReadable({ paths, unreadable }: FileFeatures): void {
  if (paths.length > 0) return;
  const reasons = unreadable.slice(0, 3).map(({ path: file, reason }) => `\n  ${file}: ${reason}`);
  throw new LikenessError(
    'assign.unreadable',
    `none of the ${unreadable.length || ''} image(s) could be ` +
      `read${reasons.join('')}\nExpected JPEG, PNG, WebP, GIF, TIFF, AVIF or BMP files, or ` +
      'folders of them.',
  );
}

function checkDimension({ folder }: Run, expected: number, { dimension }: StoredClustering): void {
  if (expected === dimension) return;
  throw new LikenessError(
    'clustering.stale',
    `the clusters of ${folder.path} have dimension ${dimension} and its encoder's features ` +
      `${expected}. ${clusterAgain}`,
  );
}
