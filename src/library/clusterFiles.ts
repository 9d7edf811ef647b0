/** Files of a clustering: clusters.csv, embeddings.safetensors and clusters.safetensors. */
import type { AssignResult, Clustering, Rows } from '../cluster/index.ts';
import type { PixelCache } from '../data/index.ts';
import {
  type Run,
  type StoredClustering,
  writeClustering,
  writeClusters,
  writeEmbeddings,
} from '../run/index.ts';

/** Images of a source that are clustered. */
export interface ImageSet {
  cache: PixelCache;
  /** Cache index of each image, [N]. */
  indices: Uint32Array;
  ids: readonly string[];
}

/** Clusters with everything that is stored beside them. */
export interface Results {
  clustering: Clustering;
  features: Rows;
  prototypes?: Int32Array;
  key: string;
  seed: number;
  command: string | undefined;
}

/** Writes clusters.csv, embeddings.safetensors and clusters.safetensors. */
export async function writeResults(
  { folder: { files }, method, step }: Run,
  { cache, indices, ids }: ImageSet,
  { clustering, features, prototypes, key, seed, command }: Results,
): Promise<StoredClustering> {
  const { assignment, centroids, k, kReason, kRange, temperature, head, algorithm } = clustering;
  await writeClusters(files.clusters, rowsOf(ids, assignment, prototypes));
  const labels = Int32Array.from(indices, (index) => cache.entries[index]!.label ?? -1);
  await writeEmbeddings(files.embeddings, {
    features,
    ids,
    clusters: assignment.assignments,
    labelNames: cache.labelNames,
    ...(labels.some((label) => label >= 0) && { labels }),
    about: {
      source: cache.source.name,
      method,
      step: String(step),
      normalised: 'l2',
    },
  });
  const stored: StoredClustering = {
    centroids: centroids.data,
    ...{ k, dimension: centroids.dimension, temperature, head, algorithm },
    ...{ kReason, kRange, seed, images: ids.length, step, source: cache.source.path, key },
    ...(command !== undefined && { command }),
  };
  await writeClustering(files.clustering, stored);
  return stored;
}

/** Yields the rows of clusters.csv. */
function* rowsOf(
  ids: readonly string[],
  { assignments, confidence, margin }: AssignResult,
  prototypes: Int32Array | undefined,
) {
  for (const [i, path] of ids.entries()) {
    yield {
      path,
      cluster: assignments[i]!,
      confidence: confidence[i]!,
      margin: Math.max(0, margin[i]!),
      prototype: prototypes?.[i],
    };
  }
}
