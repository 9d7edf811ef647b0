/** NMI, ACC and ARI of given clusters, or of k-means on features, for a part of the images. */
import { adjustedRandOf, contingency, type Features, kmeans, selectRows } from '../cluster/index.ts';
import type { Engine } from '../runtime/index.ts';
import { matchingOf } from './accuracy.ts';
import { nmiOf } from './nmi.ts';

export interface ClusterAgreement {
  /** Normalised by the arithmetic mean. */
  readonly nmi: number;
  /** Under the best matching of clusters to classes. */
  readonly acc: number;
  readonly ari: number;
}

/** How well clusters follow classes, over the rows given; rows whose label is negative are left out. */
export function clusterAgreement(
  labels: Int32Array,
  clusters: Int32Array,
  rows: ArrayLike<number> = Int32Array.from(labels.keys()),
): ClusterAgreement {
  const pick = (of: Int32Array) => Int32Array.from(rows, (row) => of[row]!);
  const table = contingency(pick(labels), pick(clusters));
  return { nmi: nmiOf(table), acc: matchingOf(table).accuracy, ari: adjustedRandOf(table) };
}

/**
 * The same for clusters of spherical k-means on those rows of the features: k-means++ start, the best objective of three,
 * as in `evaluateFeatures`.
 */
export async function kmeansAgreement(
  engine: Engine,
  features: Features,
  labels: Int32Array,
  { rows, k, seed = 0, signal }: { rows: Int32Array; k: number; seed?: number; signal?: AbortSignal },
): Promise<ClusterAgreement> {
  const { assignments } = await kmeans(engine, selectRows(features, rows), {
    k,
    metric: 'spherical',
    restarts: 3,
    seed,
    signal,
  });
  return clusterAgreement(
    Int32Array.from(rows, (row) => labels[row]!),
    assignments,
  );
}
