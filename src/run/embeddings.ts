/** embeddings.safetensors: the features of every clustered image, in the order of clusters.csv. */
import { type StoredTensor, safetensorsChunks, writeFileAtomic } from '../formats/index.ts';

export interface Embeddings {
  /** `[N, D]`, rows of length 1. */
  readonly data: Float32Array;
  readonly dimension: number;
  /** `[N]` */
  readonly ids: readonly string[];
  /** `[N]`, 0 to K - 1. */
  readonly clusters: Int32Array;
  /** `[N]`, -1 where unlabelled; absent where nothing has a label. */
  readonly labels?: Int32Array;
  readonly labelNames?: readonly string[];
  /** Where the features are from. */
  readonly about: Readonly<Record<string, string>>;
}

/** Ids longer than this together are left out of the header, whose length the format limits; clusters.csv has them. */
const LONGEST_IDS = 80_000_000;

/** Writes tensors `features` [N, D], `clusters` [N] and, where there are any, `labels` [N]; ids are a JSON list in the metadata. */
export async function writeEmbeddings(file: string, embeddings: Embeddings): Promise<void> {
  const { data, dimension, ids, clusters, labels, labelNames, about } = embeddings;
  const listed = JSON.stringify(ids);
  const tensors: Record<string, StoredTensor> = {
    features: { dtype: 'float32', shape: [ids.length, dimension], data },
    clusters: { dtype: 'int32', shape: [ids.length], data: clusters },
    ...(labels && { labels: { dtype: 'int32', shape: [ids.length], data: labels } }),
  };
  const metadata = {
    ...about,
    ...(Buffer.byteLength(listed) <= LONGEST_IDS && { ids: listed }),
    ...(labelNames && { labelNames: JSON.stringify(labelNames) }),
  };
  await writeFileAtomic(file, safetensorsChunks(tensors, metadata));
}
