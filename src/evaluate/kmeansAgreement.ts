/** Agreement of k-means clusters with classes, over some of the rows of the features. */
import type { Engine } from '../backends/index.ts';
import {
  assign,
  type ClusterAlgorithm,
  type Features,
  type FitOptions,
  fitCentroids,
  kmeans,
  selectRows,
  unitRows,
} from '../cluster/index.ts';
import { type ClusterAgreement, clusterAgreement } from '../metrics/index.ts';

export interface KmeansAgreementOptions {
  rows: Int32Array;
  k: number;
  /** Default `kmeans`. */
  algorithm?: ClusterAlgorithm;
  seed?: number;
  signal?: AbortSignal;
}

/**
 * NMI, ACC and ARI of spherical k-means on the given rows: k-means++ start, the lowest objective of
 * three starts. Curves compare many moments of a training; `evaluateFeatures` takes more starts.
 */
export async function kmeansAgreement(
  engine: Engine,
  features: Features,
  labels: Int32Array,
  { rows, k, algorithm = 'kmeans', seed = 0, signal }: KmeansAgreementOptions,
): Promise<ClusterAgreement> {
  const selected = selectRows(features, rows);
  const starts = { restarts: 3, seed, signal };
  const found =
    algorithm === 'kmeans'
      ? (await kmeans(selected, k, { engine, metric: 'spherical', ...starts })).assignments
      : await nearestCentroids(engine, selected, k, { algorithm, ...starts });
  return clusterAgreement(
    Int32Array.from(rows, (row) => labels[row]!),
    found,
  );
}

/** Cluster of each row: that of the nearest centroid, `[N]`. */
export async function nearestCentroids(
  engine: Engine,
  features: Features,
  k: number,
  options: FitOptions,
): Promise<Int32Array> {
  const { centroids } = await fitCentroids(engine, unitRows(features), k, options);
  return (await assign(engine, features, centroids)).assignments;
}
