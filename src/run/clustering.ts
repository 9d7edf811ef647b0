/**
 * clusters.safetensors: the clusters of a run as something that further images can be assigned to.
 *
 * Tensor `centroids` [K, D], rows of length 1, in the space of the encoder's L2-normalised features; what was chosen
 * and how is in the file's metadata. Where a method has learned its clusters itself, `head` in the metadata says which
 * output of its head each is: an image then belongs to the most probable, and the centroids are the means of what does. Cluster numbers are those of clusters.csv: 0 is the largest.
 */
import { readFile } from 'node:fs/promises';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { decodeSafetensors, encodeSafetensors, type Metadata, writeFileAtomic } from '../formats/index.ts';

export interface StoredClustering {
  /** `[k, dimension]`, rows of length 1. */
  readonly centroids: Float32Array;
  readonly k: number;
  readonly dimension: number;
  /** Divides the cosines in the softmax behind the confidence. */
  readonly temperature: number;
  /** Where the clusters are those that the method has learned: the output of its head that each is, [k]. */
  readonly head?: readonly number[];
  /** How K was chosen, in a sentence. */
  readonly kReason: string;
  /** Numbers of clusters that are about as good, where K was suggested from the data. */
  readonly kRange?: readonly [number, number];
  readonly seed: number;
  /** Images that were clustered. */
  readonly images: number;
  /** Step of the checkpoint whose features these are: others do not fit the centroids. */
  readonly step: number;
}

const FORMAT = 'likeness clusters 1';

/** Writes the clusters. @throws LikenessError `write.*`, or when the numbers do not fit each other. */
export async function writeClustering(file: string, clustering: StoredClustering): Promise<void> {
  const { centroids, k, dimension, temperature, head, kReason, kRange, seed, images, step } = clustering;
  const metadata: Metadata = {
    format: FORMAT,
    clusters: JSON.stringify({ temperature, head, kReason, kRange, seed, images, step }),
  };
  await writeFileAtomic(
    file,
    encodeSafetensors({ centroids: { dtype: 'float32', shape: [k, dimension], data: centroids } }, metadata),
  );
}

/**
 * Reads the clusters of a run.
 *
 * @throws LikenessError `clustering.missing` when the run was not clustered yet, `clustering.malformed` for a file that
 * is damaged or something else.
 */
export async function readClustering(file: string): Promise<StoredClustering> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new LikenessError(
      'clustering.missing',
      `Could not read ${file}: ${reasonOf(error)}. Make the clusters first: likeness cluster <source> --run <run>`,
    );
  }
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const { centroids } = tensors;
  const stored = parse(metadata.clusters);
  const [k = 0, dimension = 0] = centroids?.shape ?? [];
  if (
    metadata.format !== FORMAT ||
    !(centroids?.data instanceof Float32Array) ||
    centroids.shape.length !== 2 ||
    k < 1 ||
    dimension < 1 ||
    stored === undefined ||
    !(stored.head === undefined || isOneEach(stored.head, k))
  ) {
    throw new LikenessError(
      'clustering.malformed',
      `${file} does not hold clusters that this program reads (format "${metadata.format ?? 'none'}", expected "${FORMAT}"). Run "likeness cluster" again.`,
    );
  }
  return { ...stored, centroids: centroids.data, k, dimension };
}

function isOneEach(head: unknown, k: number): boolean {
  return (
    Array.isArray(head) &&
    head.length === k &&
    head.every((output) => Number.isInteger(output) && output >= 0)
  );
}

type Stored = Omit<StoredClustering, 'centroids' | 'k' | 'dimension'>;

function parse(text: string | undefined): Stored | undefined {
  try {
    const value = JSON.parse(text ?? '') as Stored;
    const numbers = [value.temperature, value.seed, value.images, value.step];
    return numbers.every(Number.isFinite) && value.temperature > 0 ? value : undefined;
  } catch {
    return undefined;
  }
}
