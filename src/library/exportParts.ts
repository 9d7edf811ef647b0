/** Parts of an exported encoder: its ONNX model, and the run's clusters as its second output. */
import { featuresOf } from '../cluster/index.ts';
import type { Reporter } from '../core/reporter.ts';
import { displayPath } from '../core/text.ts';
import {
  type AssignableClusters,
  type ClusterGraph,
  clusterGraph,
  type ExportedEncoder,
  type ExportParts,
  exportEncoder,
  exportModel,
  featureEncoder,
  type HeadGraph,
  type ModelSettings,
  methodClusters,
  onStandardized,
  requireStandardization,
  withWeights,
} from '../encoders/index.ts';
import type { Tensors } from '../formats/index.ts';
import { encoderOptions, featureLength } from '../methods/index.ts';
import {
  clusteringFolderAt,
  type EditedClustering,
  type Run,
  readClustering,
  readEditedClusters,
  type TrainedRun,
} from '../run/index.ts';
import { input } from '../tensor/index.ts';
import { checkClusteringName } from './clusteringPlace.ts';

/** Clusters that an exported model names. */
export interface OwnClusters {
  /** Number of clusters. */
  readonly k: number;
  readonly clusters: AssignableClusters;
  readonly graph: ClusterGraph;
  /** Images of the clusters, with their edits; absent before the first clustering. */
  readonly found?: EditedClustering;
}

/**
 * Reads the clusters of a run for its exported encoder. Without a clustering they are the outputs
 * of the method's head, and undefined for a method that learns no clusters.
 *
 * Clusters that were made at another step do not fit the encoder, and are left out with a note.
 *
 * @param name Default: the clustering of the run's own images.
 * @throws LikenessError `clustering.*`, `clusters.*`
 */
export async function ownClusters(
  run: Run,
  name: string | undefined,
  reporter: Reporter,
): Promise<OwnClusters | undefined> {
  if (name !== undefined) checkClusteringName(name);
  const { files } = name === undefined ? run.folder : clusteringFolderAt(run.folder, name);
  const stored = await readClustering(files.clustering).catch((error: unknown) => {
    const isMissing = (error as { code?: string }).code === 'clustering.missing';
    if (isMissing && name === undefined) return undefined;
    throw error;
  });
  if (!stored) return headClusters(run);
  if (stored.step !== run.step) {
    const message =
      `the file has no output of clusters: those of ${displayPath(run.folder.path)} were made at ` +
      `step ${stored.step}, and its encoder is of step ${run.step}. Cluster the images again with ` +
      '`model.cluster(images)`';
    reporter.note({ code: 'export.clusters', message });
    return undefined;
  }
  const { centroids: data, dimension, temperature, head, k } = stored;
  const centroids = featuresOf(data, dimension);
  const clusters = { centroids, temperature, ...(head && { head }) };
  const found = await readEditedClusters({ files });
  return { k, clusters, graph: clusterGraph(clusters, headOf(run)), found };
}

/** All outputs of a method's head as clusters, of which no images are known. */
function headClusters(run: Run): OwnClusters | undefined {
  const head = headOf(run);
  if (!head || run.kind === 'features') return undefined;
  const dimension = featureLength(encoderOptions(run.config.settings));
  const k = head(input('features', [1, dimension])).shape[1]!;
  const centroids = featuresOf(new Float32Array(k * dimension), dimension);
  const clusters = { centroids, temperature: 1, head: Array.from({ length: k }, (_, i) => i) };
  return { k, clusters, graph: clusterGraph(clusters, head) };
}

/** The run's own clusters as a graph; undefined where its method learns none. */
function headOf(run: Run): HeadGraph | undefined {
  if (run.kind === 'features') return undefined;
  const { settings, base } = run.config;
  const head = methodClusters(settings, run.state);
  if (!head || !base) return head;
  return onStandardized(head, requireStandardization(run.base ?? {}, base));
}

/** Builds the ONNX model of either kind of run. */
export function modelFileOf(run: Run, parts: ExportParts): ExportedEncoder {
  const { metadata, clusters } = parts;
  if (run.kind === 'trained') {
    const { base, origin } = run.config;
    if (base && run.base) {
      const { size } = base.input;
      const tensors = run.base;
      return featureEncoder({ name: 'model', settings: base }).exportOnnx({
        ...{ size, tensors, metadata, clusters },
      });
    }
    if (origin && run.origin) return exportFineTuned(run, { origin, file: run.origin, parts });
    return exportEncoder(run.config.settings, run.state, {
      metadata: { 'likeness.step': String(run.step), ...metadata },
      clusters,
    });
  }
  const { encoder, imageSize: size } = run.config;
  return featureEncoder(encoder).exportOnnx({ size, tensors: run.tensors, metadata, clusters });
}

/** Builds the file of a model with the weights that a run has trained. */
function exportFineTuned(
  { state, step, config, view }: TrainedRun,
  { origin, file, parts }: { origin: ModelSettings; file: Tensors; parts: ExportParts },
): ExportedEncoder {
  const data = withWeights(file.model!.data as Uint8Array, state);
  const { size, resize = size, fit = 'crop', kernel } = view.input ?? { size: view.imageSize };
  return exportModel({
    settings: {
      ...origin,
      input: { ...origin.input, size, resize, fit, ...(kernel && { kernel }) },
    },
    tensors: { model: { dtype: 'uint8', shape: [data.length], data } },
    clusters: parts.clusters,
    metadata: {
      'likeness.method': config.settings.method.name,
      'likeness.model': origin.model,
      'likeness.step': String(step),
      ...parts.metadata,
    },
  });
}

/** An output of an exported model, as its metadata describe it. */
export interface ClusterName {
  /** Name that a person gave to the cluster, or its number in words. */
  readonly name: string;
  /** Number of the cluster; several outputs have the same where clusters were merged. */
  readonly cluster: number;
  /** Number of images of the cluster; absent before the first clustering. */
  readonly images?: number;
  /** The most frequent class among its images with labels, and its share, 0 to 1. */
  readonly class?: string;
  readonly share?: number;
}

/**
 * Names of the outputs, as `assign` names the cluster of an image: with the edits of a person.
 *
 * @param classOf class of an image by its path, where it has a label
 */
export function clusterNames(
  { k, found }: Pick<OwnClusters, 'k' | 'found'>,
  classOf: ReadonlyMap<string, string>,
): ClusterName[] {
  const outputs = Array.from({ length: k }, (_, i) => i);
  if (!found) return outputs.map((i) => ({ name: `output ${i}`, cluster: i }));
  const { images, edited } = found;
  const sizes = new Map<number, number>();
  const classes = new Map<number, Map<string, number>>();
  for (const [row, { path }] of images.entries()) {
    const cluster = edited.clusters[row]!;
    sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
    const label = classOf.get(path);
    if (label === undefined) continue;
    const counts = classes.get(cluster) ?? new Map<string, number>();
    classes.set(cluster, counts.set(label, (counts.get(label) ?? 0) + 1));
  }
  return outputs.map((i) => {
    const cluster = edited.becomes[i]!;
    const counts = [...(classes.get(cluster) ?? [])].sort(([, a], [, b]) => b - a);
    const labeled = counts.reduce((sum, [, count]) => sum + count, 0);
    const [most] = counts;
    return {
      ...{ name: edited.names.get(cluster) ?? `cluster ${cluster}`, cluster },
      images: sizes.get(cluster) ?? 0,
      ...(most && { class: most[0], share: Number((most[1] / labeled).toFixed(3)) }),
    };
  });
}

/** Metadata of an exported model about its clusters. */
export function clusterMetadata(
  { clusters }: Pick<OwnClusters, 'clusters'>,
  names: readonly ClusterName[],
): Record<string, string> {
  return {
    'likeness.clusters': JSON.stringify(names),
    'likeness.clusters_from': clusters.head
      ? 'head of the method'
      : `centroids, softmax of cosines divided by ${clusters.temperature}`,
  };
}
