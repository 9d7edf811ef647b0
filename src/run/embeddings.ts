/** embeddings.safetensors: the features of every clustered image, in the order of clusters.csv. */
import { partsOf, type Rows, unitRows } from '../cluster/index.ts';
import { type StreamedTensor, safetensorsStream, writeFileAtomic } from '../formats/index.ts';

export interface Embeddings {
  /** `[N, D]`, of any length; stored with length 1. */
  readonly features: Rows;
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
  const { features, ids, clusters, labels, labelNames, about } = embeddings;
  const listed = listOf(ids);
  const numbers = (data: Int32Array): StreamedTensor => ({
    dtype: 'int32',
    shape: [ids.length],
    pieces: [data],
  });
  const tensors: Record<string, StreamedTensor> = {
    features: { dtype: 'float32', shape: [ids.length, features.dimension], pieces: unitParts(features) },
    clusters: numbers(clusters),
    ...(labels && { labels: numbers(labels) }),
  };
  const metadata = {
    ...about,
    ...(listed !== undefined && { ids: listed }),
    ...(labelNames && { labelNames: JSON.stringify(labelNames) }),
  };
  await writeFileAtomic(file, safetensorsStream(tensors, metadata));
}

async function* unitParts(features: Rows) {
  for await (const { data } of partsOf(unitRows(features))) yield data;
}

/** The ids as JSON, unless they are too long; then they may be too many for one string as well. */
function listOf(ids: readonly string[]): string | undefined {
  const characters = ids.reduce((sum, id) => sum + id.length, 0);
  if (characters > LONGEST_IDS) return undefined;
  const listed = JSON.stringify(ids);
  return Buffer.byteLength(listed) <= LONGEST_IDS ? listed : undefined;
}
