/** The opened run of a page, or a source without a run. */
import { createHash } from 'node:crypto';
import { access, constants, readdir, stat } from 'node:fs/promises';
import { findDoubtful } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { openRegular } from '../formats/index.ts';
import { checkClusteringName } from '../library/clusteringPlace.ts';
import {
  type ClusteredImage,
  clusteringFolderAt,
  editsKeyOf,
  type FeatureMaps,
  isLocked,
  isMissing,
  openEmbeddings,
  openRunFolder,
  type RunConfig,
  type RunFolder,
  readClustering,
  readClusters,
  readHierarchy,
  readMaps,
  readRunConfig,
  readStoredReport,
  readThumbnails,
  type StoredClustering,
  type StoredHierarchy,
  type StoredReport,
  type Thumbnails,
} from '../run/index.ts';
import { type EditSession, openEditSession } from './editSession.ts';
import { type FeatureServer, openFeatureServer } from './featureServer.ts';
import type { RunState } from './protocol.ts';
import { openSourceImages, type SourceImages } from './sourceImages.ts';

/** Clusters of a run as they were found, with what is stored beside them. */
export interface OpenedClusters {
  readonly stored: StoredClustering;
  readonly images: readonly ClusteredImage[];
  readonly edits: EditSession;
  /** Marks images with a small margin, [N]. */
  readonly doubtful: Uint8Array;
  /** Margin below which an image is doubtful. */
  readonly doubtBelow: number;
  /** Learned tree of prototypes, where the method has one. */
  readonly hierarchy?: StoredHierarchy;
  /** Features of the images; undefined where the file is gone. */
  readonly features?: FeatureServer;
}

export interface OpenedRun {
  /** Absent for a source without a run. */
  readonly folder?: RunFolder;
  readonly config?: RunConfig;
  readonly name: string;
  readonly method: string;
  /** Name of the clustering; absent for that of the run's own images. */
  readonly clustering?: string;
  readonly clusterings: readonly string[];
  readonly key: string;
  /** Ids of the images by row, [N]. */
  readonly ids: readonly string[];
  readonly sourcePath: string;
  /** Absent where the images have moved. */
  readonly source?: SourceImages;
  readonly clusters?: OpenedClusters;
  /** Labels by row, -1 without one; absent where no image has one. */
  readonly labels?: Int32Array;
  readonly labelNames?: readonly string[];
  readonly report?: StoredReport;
  readonly maps?: FeatureMaps;
  readonly thumbnails?: Thumbnails;
  readonly writable: boolean;
  /** Time of the clusters' file when they were read; 0 where there was none. */
  readonly clusteredAt: number;
  close(): Promise<void>;
}

/**
 * Opens a run for the page, with the last clustering of its own images or the one of a name.
 *
 * @param source images that are open already
 * @throws LikenessError `run.missing`, `config.*`, `clusters.*`, `clustering.*`, `edits.*`
 */
export async function openForPage(
  path: string,
  { clustering, source: given }: { clustering?: string; source?: SourceImages } = {},
): Promise<OpenedRun> {
  if (clustering !== undefined) checkClusteringName(clustering);
  const own = await openRunFolder(path);
  const folder = clustering === undefined ? own : clusteringFolderAt(own, clustering);
  const { files } = folder;
  const config = await readRunConfig(own);
  const clusteredAt = await timeOfClusters(folder);
  const stored = await readClustering(files.clustering).catch(undefinedIfMissing);
  const sourcePath = stored?.source ?? config.source.path;
  const isGiven = given !== undefined && given.images.source.path === sourcePath;
  const source = isGiven ? given : await openSourceImages(sourcePath, { run: path });
  const closeSource = async () => (isGiven ? undefined : source?.images.close());
  try {
    const clusters = stored && (await openClusters(folder, stored));
    const ids = clusters
      ? clusters.images.map((image) => image.path)
      : (source?.images.source.entries ?? []).map(({ id }) => id);
    return {
      ...{ folder, config, name: own.name, method: methodOf(config), clusteredAt },
      ...(clustering !== undefined && { clustering }),
      clusterings: await readdir(own.files.clusterings).catch(() => []),
      key: keyOf(own.path, clustering, clusters ? editsKeyOf(clusters.stored) : `${ids.length}`),
      ...{ ids, sourcePath },
      ...(source && { source }),
      ...(clusters && { clusters }),
      ...(await labelsOf(folder, ids, source)),
      report: await readStoredReport(files.reportJson).catch(undefinedIfError),
      maps: await readMaps(files.maps).catch(undefinedIfError),
      thumbnails: await readThumbnails(files.thumbnails).catch(undefinedIfError),
      writable: await access(own.path, constants.W_OK).then(
        () => true,
        () => false,
      ),
      async close() {
        await clusters?.features?.close();
        await closeSource();
      },
    };
  } catch (error) {
    await closeSource();
    throw error;
  }
}

/** Time of the last clustering of a run in milliseconds; 0 where there is none. */
export function timeOfClusters({ files }: RunFolder): Promise<number> {
  return stat(files.clustering).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

/** Shows the images of a source that has no run yet. */
export function openSourceForPage(source: SourceImages): OpenedRun {
  const { entries, path, name, labelNames } = source.images.source;
  const ids = entries.map(({ id }) => id);
  const labels = Int32Array.from(entries, ({ label }) => label ?? -1);
  return {
    ...{ name, method: '', clusterings: [], ids, sourcePath: path, source, writable: false },
    clusteredAt: 0,
    key: keyOf(path, undefined, `${ids.length}`),
    ...(labels.some((label) => label >= 0) && { labels, labelNames }),
    close: async () => {},
  };
}

async function openClusters(folder: RunFolder, stored: StoredClustering): Promise<OpenedClusters> {
  const { files } = folder;
  const images = await readClusters(files.clusters);
  const found = {
    ids: images.map(({ path }) => path),
    clusters: Int32Array.from(images, ({ cluster }) => cluster),
    k: stored.k,
  };
  const margins = Float32Array.from(images, ({ margin }) => margin);
  const doubt = findDoubtful(margins, { of: stored.head ? 'probability' : 'cosine' });
  const edits = await openEditSession(files.edits, editsKeyOf(stored), found);
  const count = await featureCount(files.embeddings);
  const hierarchy = await readHierarchy(files.hierarchy).catch(undefinedIfError);
  return {
    ...{ stored, images, edits, doubtful: doubt.doubtful, doubtBelow: doubt.threshold },
    ...(hierarchy?.leaves.length === images.length && { hierarchy }),
    ...(count === images.length && { features: openFeatureServer(files.embeddings) }),
  };
}

async function featureCount(file: string): Promise<number | undefined> {
  const embeddings = await openEmbeddings(file).catch(undefinedIfError);
  await embeddings?.close();
  return embeddings?.features.count;
}

async function labelsOf(
  { files }: RunFolder,
  ids: readonly string[],
  source: SourceImages | undefined,
): Promise<Pick<OpenedRun, 'labels' | 'labelNames'>> {
  const names = source?.images.labelNames;
  if (source && names) {
    const labels = Int32Array.from(ids, (id) => source.labelOf(id));
    if (labels.some((label) => label >= 0)) return { labels, labelNames: names };
  }
  const stored = await openEmbeddings(files.embeddings).catch(undefinedIfError);
  await stored?.close();
  if (stored?.labels?.length !== ids.length || !stored.labelNames) return {};
  return { labels: stored.labels, labelNames: stored.labelNames };
}

/** Key of rows: the same as long as rows mean the same images in the same found clusters. */
function keyOf(path: string, clustering: string | undefined, content: string): string {
  const text = JSON.stringify([path, clustering ?? null, content]);
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}

function methodOf(config: RunConfig): string {
  if (config.kind === 'trained') return config.settings.method.name;
  return config.encoder.name === 'model' ? config.encoder.settings.model : config.encoder.name;
}

/** Bytes at the end of an event log that are searched for the end of the run. */
const TAIL_BYTES = 65_536;

/** Finds the state of a run from its lock and its event log. */
export async function stateOf(folder: RunFolder, kind: RunConfig['kind']): Promise<RunState> {
  if (kind === 'features') return 'features';
  if (await isLocked(folder)) return 'training';
  const tail = await readTail(folder.files.events);
  const ended = tail.lastIndexOf('"kind":"run-ended"');
  const isFinished = ended >= 0 && tail.slice(ended).includes('"reason":"completed"');
  return isFinished ? 'finished' : 'interrupted';
}

async function readTail(file: string): Promise<string> {
  const handle = await openRegular(file).catch(() => undefined);
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(size - start),
      0,
      size - start,
      start,
    );
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}

/** A damaged file of the report does not keep the page from opening. */
function undefinedIfError(error: unknown): undefined {
  if (error instanceof LikenessError) return undefined;
  throw error;
}
