/** Agreement of k-means clusters with classes, over some of the rows of the features. */
import type { Engine } from '../backends/index.ts';
import { type Features, kmeans, selectRows } from '../cluster/index.ts';
import { type ClusterAgreement, clusterAgreement } from '../metrics/index.ts';

/**
 * NMI, ACC and ARI of spherical k-means on the given rows: k-means++ start, the lowest objective of
 * three restarts, as in `evaluateFeatures`.
 */
export async function kmeansAgreement(
  engine: Engine,
  features: Features,
  labels: Int32Array,
  {
    rows,
    k,
    seed = 0,
    signal,
  }: { rows: Int32Array; k: number; seed?: number; signal?: AbortSignal },
): Promise<ClusterAgreement> {
  const { assignments } = await kmeans(selectRows(features, rows), k, {
    engine,
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
