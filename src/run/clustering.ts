/**
 * clusters.safetensors: the clusters of a run, to which further images can be assigned.
 *
 * Tensor `centroids` [K, D] with rows of length 1, in the space of the encoder's L2-normalized
 * features; how K was chosen in the metadata. Where the method learned the clusters itself, `head`
 * names the output of its head for each: an image then belongs to the most probable one, and the
 * centroids are the means of its images. Numbers of clusters are those of clusters.csv: 0 is the
 * largest.
 */
import { z } from 'zod';
import { type ClusterAlgorithm, clusterAlgorithms } from '../cluster/index.ts';
import { encodeSafetensors, writeFileAtomic } from '../formats/index.ts';
import { commandText, rows, steps } from './limits.ts';
import { clusterAgain, clusterFirst } from './nextSteps.ts';
import {
  floatsOf,
  malformedFile,
  maxTensorBytes,
  metadataJson,
  readTensors,
} from './tensorFile.ts';

export interface StoredClustering {
  /** Unit rows [K, D]. */
  readonly centroids: Float32Array;
  readonly k: number;
  readonly dimension: number;
  /** Divisor of the cosines in the softmax behind the confidence. */
  readonly temperature: number;
  /** Output of the method's head for each cluster [K], where the method learned the clusters. */
  readonly head?: readonly number[];
  /** Algorithm that found the clusters; absent for learned ones, and in files of before. */
  readonly algorithm?: ClusterAlgorithm;
  /** Sentence that tells how K was chosen. */
  readonly kReason: string;
  /** Range of numbers of clusters that fit about as well, where K was suggested from the data. */
  readonly kRange?: readonly [number, number];
  readonly seed: number;
  /** Number of images that were clustered. */
  readonly images: number;
  /** Step of the checkpoint that the features are from; other features do not fit the centroids. */
  readonly step: number;
  /** Absolute path of the source; absent in files of before version 0.1. */
  readonly source?: string;
  /** Hash of images, encoder and options, the same for the same clustering. Absent in old files. */
  readonly key?: string;
  /** Command line that made the clusters; absent where a program did. */
  readonly command?: string;
}

const FORMAT = 'likeness clusters 1';
const kind = {
  code: 'clustering',
  format: FORMAT,
  maxBytes: maxTensorBytes.clusters,
  remedy: clusterAgain,
};
const schema = z.object({
  temperature: z.number().positive(),
  head: z.array(z.int().nonnegative()).optional(),
  algorithm: z.enum(clusterAlgorithms).optional(),
  kReason: z.string(),
  kRange: z.tuple([rows(), rows()]).optional(),
  seed: z.int().nonnegative(),
  images: rows(),
  step: steps(),
  source: z.string().optional(),
  key: z.string().optional(),
  command: commandText.optional(),
});

/**
 * Writes the clusters.
 *
 * @throws LikenessError `write.*`, or when the numbers do not fit each other.
 */
export async function writeClustering(file: string, clustering: StoredClustering): Promise<void> {
  const { centroids, k, dimension, ...facts } = clustering;
  const clusters = JSON.stringify(facts);
  const tensors = {
    centroids: { dtype: 'float32', shape: [k, dimension], data: centroids },
  } as const;
  await writeFileAtomic(file, encodeSafetensors(tensors, { format: FORMAT, clusters }));
}

/**
 * Reads the clusters of a run.
 *
 * @throws LikenessError `clustering.missing` when the run was not clustered yet,
 * `clustering.malformed` or `safetensors.malformed` for a damaged or other file.
 */
export async function readClustering(file: string): Promise<StoredClustering> {
  const decoded = await readTensors(file, { ...kind, remedy: clusterFirst });
  const shape = [undefined, undefined];
  const centroids = floatsOf(file, decoded, { name: 'centroids', shape, kind });
  const [k, dimension] = decoded.tensors.centroids!.shape as [number, number];
  const stored = metadataJson(file, decoded.metadata.clusters, schema, kind);
  if (stored.head && stored.head.length !== k) {
    throw malformedFile(
      file,
      `it names ${stored.head.length} outputs of a head for ${k} clusters`,
      kind,
    );
  }
  return { ...stored, centroids, k, dimension };
}
