/**
 * Spectral clustering on a graph of nearest neighbors.
 *
 * 1. Each row is connected to its `neighbors` nearest, by Euclidean distance d, or by cosine with
 *    `d_ij² = 2 - 2 cos_ij`, the distance of unit rows.
 * 2. `w_ij = exp(-d_ij² / (s_i s_j))`, where s_i is the distance to the seventh neighbor
 *    (self-tuning, so that no bandwidth has to be chosen).
 * 3. The K eigenvectors of `D^(-1/2) W D^(-1/2)` with the largest eigenvalues (D: row sums) are the
 *    columns of a matrix `[N, K]`.
 * 4. K-means clusters its rows, scaled to norm 1.
 *
 * Sources: Ng, Jordan and Weiss 2001 (steps 3 and 4); Zelnik-Manor and Perona, "Self-tuning
 * spectral clustering", 2004 (step 2). Differences: a sparse graph instead of all pairs, and
 * cosines unless Euclidean distances are asked for, as in the paper.
 */
import type { Engine } from '../backends/index.ts';
import { abortSignal, checkedLater, oneOf, optionCheck, wholeNumber } from '../core/options.ts';
import { type EuclideanNeighbors, euclideanNeighbors } from './euclideanNeighbors.ts';
import {
  type FeatureInput,
  type Features,
  featuresOf,
  normalizeRows,
  toFeatures,
} from './features.ts';
import { type Graph, graphOf } from './graph.ts';
import { kmeans } from './kmeans/kmeans.ts';
import { leadingEigenvectors } from './leadingEigenvectors.ts';
import { type Neighbors, nearestNeighbors } from './neighbors.ts';
import { withEngine } from './withEngine.ts';

export interface SpectralOptions {
  /** Edges per row, at most N - 1. Default 20. */
  neighbors?: number;
  /** Distance of the graph. Default `cosine`. */
  distance?: 'cosine' | 'euclidean';
  /** Seed of the eigenvectors and of k-means. Default 0. */
  seed?: number;
  /** Engine to run on. Default: a new one, closed at the end. */
  engine?: Engine;
  signal?: AbortSignal;
}

const checkSpectral = optionCheck<SpectralOptions>({
  neighbors: wholeNumber(1),
  distance: oneOf(['cosine', 'euclidean']),
  seed: wholeNumber(0),
  engine: checkedLater,
  signal: abortSignal,
});

/** Rank of the neighbor whose distance is the scale of a row. */
const SCALE_NEIGHBOR = 7;
/** K-means restarts in step 4. */
const RESTARTS = 5;
/** Residual at which the eigenvectors are exact enough for k-means. */
const TOLERANCE = 1e-3;

/**
 * Clusters rows `[N, D]` into K clusters and returns the cluster of each row, `[N]`. The same seed
 * gives the same clusters.
 *
 * @example
 * const rows = [[1, 0], [1, 0.1], [0.1, 1], [0, 1]];
 * const assignments = await spectralClusters(rows, 2); // rows 0 and 1 share a cluster
 */
export async function spectralClusters(
  features: FeatureInput,
  k: number,
  given: SpectralOptions = {},
): Promise<Int32Array> {
  checkSpectral(given);
  const { engine, ...options } = given;
  return withEngine(engine, (engine) => clusterGraph(engine, toFeatures(features), k, options));
}

async function clusterGraph(
  engine: Engine,
  features: Features,
  k: number,
  { neighbors = 20, distance = 'cosine', seed = 0, signal }: Omit<SpectralOptions, 'engine'>,
): Promise<Int32Array> {
  const { count } = features;
  if (k >= count) return Int32Array.from({ length: count }, (_, i) => i % k);
  const nearest = Math.min(neighbors, count - 1);
  const graph =
    distance === 'euclidean'
      ? euclideanGraph(await euclideanNeighbors(engine, features, { k: nearest, signal }))
      : affinityGraph(
          await nearestNeighbors(engine, features, features, { k: nearest, exclude: 'self' }),
          count,
        );
  signal?.throwIfAborted();
  const { vectors } = leadingEigenvectors(normalizedAffinity(graph), {
    size: count,
    count: k,
    seed,
    tolerance: TOLERANCE,
    signal,
  });
  const table = new Float32Array(count * k); // [N, K]
  vectors.forEach((vector, j) => {
    for (let row = 0; row < count; row++) table[row * k + j] = vector[row]!;
  });
  const { assignments } = await kmeans(normalizeRows(featuresOf(table, k)), k, {
    engine,
    restarts: RESTARTS,
    seed,
    signal,
  });
  return assignments;
}

/**
 * Returns the product of `D^(-1/2) W D^(-1/2)` with a vector `[N]`, as a function of the vector.
 */
function normalizedAffinity({
  starts,
  columns,
  weights,
}: Graph): (x: Float64Array) => Float64Array {
  const count = starts.length - 1;
  const scale = new Float64Array(count); // degree^(-1/2)
  for (let row = 0; row < count; row++) {
    let degree = 0;
    for (let e = starts[row]!; e < starts[row + 1]!; e++) degree += weights[e]!;
    scale[row] = degree > 0 ? 1 / Math.sqrt(degree) : 0;
  }
  return (x) => {
    const out = new Float64Array(count);
    for (let row = 0; row < count; row++) {
      let sum = 0;
      for (let e = starts[row]!; e < starts[row + 1]!; e++) {
        const column = columns[e]!;
        sum += weights[e]! * scale[column]! * x[column]!;
      }
      out[row] = scale[row]! * sum;
    }
    return out;
  };
}

/** Computes the weights of step 2 from cosines; every edge appears once in each direction. */
export function affinityGraph({ k, indices, similarities }: Neighbors, count: number): Graph {
  const squared = Float64Array.from({ length: count * k }, (_, i) =>
    Math.max(0, 2 - 2 * similarities[i]!),
  );
  return euclideanGraph({ k, indices, squared });
}

/** Computes the weights of step 2 from squared distances. */
export function euclideanGraph({ k, indices, squared }: EuclideanNeighbors): Graph {
  const count = indices.length / k;
  const scales = Float64Array.from({ length: count }, (_, row) =>
    Math.max(1e-6, Math.sqrt(squared[row * k + Math.min(SCALE_NEIGHBOR, k) - 1]!)),
  );
  const rows = Array.from({ length: count }, () => new Map<number, number>());
  for (let row = 0; row < count; row++) {
    for (let i = row * k; i < (row + 1) * k; i++) {
      const other = indices[i]!;
      const weight = Math.exp(-squared[i]! / (scales[row]! * scales[other]!));
      rows[row]!.set(other, weight);
      rows[other]!.set(row, weight);
    }
  }
  return graphOf(rows);
}
