/** embeddings.safetensors: the features of every clustered image, in the order of clusters.csv. */

import { z } from 'zod';
import { partsOf, type Rows, unitRows } from '../cluster/index.ts';
import { plural } from '../core/text.ts';
import {
  type FiledTensor,
  openSafetensors,
  type SafetensorsFile,
  type StreamedTensor,
  safetensorsStream,
  writeFileAtomic,
} from '../formats/index.ts';
import { clusterAgain } from './nextSteps.ts';
import { malformedFile, metadataJson } from './tensorFile.ts';

export interface Embeddings {
  /** Features [N, D] of any length; stored with length 1. */
  readonly features: Rows;
  /** Ids of the images [N]. */
  readonly ids: readonly string[];
  /** Cluster of each image [N], 0 to K - 1. */
  readonly clusters: Int32Array;
  /** Labels [N], -1 where an image has none; absent where no image has one. */
  readonly labels?: Int32Array;
  readonly labelNames?: readonly string[];
  /** Origin of the features: source, method and step. */
  readonly about: Readonly<Record<string, string>>;
}

/** Embeddings in an open file. */
export interface StoredEmbeddings extends Omit<Embeddings, 'ids'> {
  /** Ids of the images [N]; absent where they were too long to store. clusters.csv has them. */
  readonly ids?: readonly string[];
  close(): Promise<void>;
}

/** Most bytes of ids in the header, whose length the format limits. */
const MAX_ID_BYTES = 80_000_000;

/**
 * Writes tensors `features` [N, D], `clusters` [N] and, where there are any, `labels` [N].
 *
 * The ids are a JSON list in the metadata.
 */
export async function writeEmbeddings(file: string, embeddings: Embeddings): Promise<void> {
  const { features, ids, clusters, labels, labelNames, about } = embeddings;
  const listed = listOf(ids);
  const numbers = (data: Int32Array): StreamedTensor => ({
    dtype: 'int32',
    shape: [ids.length],
    pieces: [data],
  });
  const tensors: Record<string, StreamedTensor> = {
    features: {
      dtype: 'float32',
      shape: [ids.length, features.dimension],
      pieces: unitParts(features),
    },
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

/**
 * Opens the embeddings of a run; features are read in parts.
 *
 * @throws LikenessError `safetensors.missing`, `safetensors.malformed`, `embeddings.malformed`
 */
export async function openEmbeddings(file: string): Promise<StoredEmbeddings> {
  const opened = await openSafetensors(file);
  try {
    return { ...(await contentOf(file, opened)), close: opened.close };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

const kind = {
  code: 'embeddings',
  format: 'embeddings',
  remedy: clusterAgain,
};

async function contentOf(
  file: string,
  { tensors: { features, clusters, labels }, metadata }: SafetensorsFile,
): Promise<Omit<StoredEmbeddings, 'close'>> {
  const [count = 0, dimension = 0] = features?.shape ?? [];
  const isList = (tensor: typeof labels) =>
    tensor?.dtype === 'int32' && tensor.shape.length === 1 && tensor.shape[0] === count;
  if (features?.dtype !== 'float32' || features.shape.length !== 2 || !isList(clusters)) {
    throw malformedFile(file, 'it has no features [N, D] with clusters [N]', kind);
  }
  const { ids, labelNames, ...about } = metadata;
  const names = (text: string) => metadataJson(file, text, z.array(z.string()), kind);
  const named = labelNames === undefined ? undefined : names(labelNames);
  const listed = ids === undefined ? undefined : names(ids);
  if (listed && listed.length !== count) {
    throw malformedFile(file, `it has ${listed.length} ids for ${plural(count, 'image')}`, kind);
  }
  async function numbers(
    name: string,
    tensor: FiledTensor,
    { least, below = Number.POSITIVE_INFINITY }: { least: number; below?: number | undefined },
  ): Promise<Int32Array> {
    if (!isList(tensor)) throw malformedFile(file, `it has no "${name}" of int32 [${count}]`, kind);
    const data = (await tensor.read(0, count)) as Int32Array;
    if (data.every((value) => value >= least && value < below)) return data;
    throw malformedFile(file, `"${name}" has values out of bounds`, kind);
  }
  return {
    features: {
      count,
      dimension,
      async read(start, rows) {
        const part = (await features.read(start * dimension, rows * dimension)) as Float32Array;
        if (part.every(Number.isFinite)) return part; // [rows, D]
        throw malformedFile(file, 'its features have values that are not finite', kind);
      },
    },
    ...(listed && { ids: listed }),
    clusters: await numbers('clusters', clusters!, { least: 0, below: count }),
    ...(labels && { labels: await numbers('labels', labels, { least: -1, below: named?.length }) }),
    ...(named && { labelNames: named }),
    about,
  };
}

async function* unitParts(features: Rows) {
  for await (const { data } of partsOf(unitRows(features))) yield data;
}

/** Writes the ids as JSON, unless they are too long: then they may be too many for one string. */
function listOf(ids: readonly string[]): string | undefined {
  const characters = ids.reduce((sum, id) => sum + id.length, 0);
  if (characters > MAX_ID_BYTES) return undefined;
  const listed = JSON.stringify(ids);
  return Buffer.byteLength(listed) <= MAX_ID_BYTES ? listed : undefined;
}
