/**
 * Spectral clustering on a graph of nearest neighbours.
 *
 * 1. Each row is joined to its `neighbours` nearest by cosine; with unit rows `d_ij² = 2 - 2 cos_ij`.
 * 2. `w_ij = exp(-d_ij² / (s_i s_j))`, with s_i the distance to the seventh neighbour (self-tuning: no bandwidth to choose).
 * 3. The M eigenvectors of largest eigenvalue of `D^(-1/2) W D^(-1/2)` (D: row sums) are columns of a table `[N, M]`.
 * 4. Its rows, scaled to length 1, are grouped by k-means.
 *
 * Sources: Ng, Jordan and Weiss 2001 (steps 3 and 4); Zelnik-Manor and Perona, "Self-tuning spectral clustering", 2004 (the
 * scales). Differences: a sparse graph in place of all pairs, and cosines in place of Euclidean distances.
 */
import type { Engine } from '../runtime/index.ts';
import { type Features, featuresOf, normalizeRows } from './features.ts';
import { kmeans } from './kmeans/kmeans.ts';
import { leadingEigenvectors } from './leadingEigenvectors.ts';
import { type Neighbors, nearestNeighbors } from './neighbors.ts';

export interface SpectralOptions {
  /** Clusters. */
  k: number;
  /** Edges per row; fewer where there are fewer rows. */
  neighbors?: number;
  seed?: number;
  signal?: AbortSignal;
}

/** Symmetric weights in rows of a sparse matrix. */
export interface Graph {
  /** `[N + 1]`: where each row's entries start. */
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly weights: Float64Array;
}

/** Which neighbour's distance is a row's own scale. */
const SCALE_NEIGHBOUR = 7;
const RESTARTS = 5;

/** Cluster of each row, `[N]`; the same seed gives the same clusters. */
export async function spectralClusters(
  engine: Engine,
  features: Features,
  { k, neighbors: neighbours = 20, seed = 0, signal }: SpectralOptions,
): Promise<Int32Array> {
  const { count } = features;
  if (k >= count) return Int32Array.from({ length: count }, (_, i) => i % k);
  const near = await nearestNeighbors(engine, features, features, {
    k: Math.min(neighbours, count - 1),
    exclude: 'self',
  });
  signal?.throwIfAborted();
  const graph = affinityGraph(near, count);
  const scale = new Float64Array(count); // degree^(-1/2)
  for (let row = 0; row < count; row++) {
    let degree = 0;
    for (let e = graph.starts[row]!; e < graph.starts[row + 1]!; e++) degree += graph.weights[e]!;
    scale[row] = degree > 0 ? 1 / Math.sqrt(degree) : 0;
  }
  const { vectors } = leadingEigenvectors(
    (x) => {
      const out = new Float64Array(count);
      for (let row = 0; row < count; row++) {
        let sum = 0;
        for (let e = graph.starts[row]!; e < graph.starts[row + 1]!; e++) {
          const column = graph.columns[e]!;
          sum += graph.weights[e]! * scale[column]! * x[column]!;
        }
        out[row] = scale[row]! * sum;
      }
      return out;
    },
    { size: count, count: k, seed, tolerance: 1e-3, signal },
  );
  const table = new Float32Array(count * k);
  vectors.forEach((vector, j) => {
    for (let row = 0; row < count; row++) table[row * k + j] = vector[row]!;
  });
  const { assignments } = await kmeans(engine, normalizeRows(featuresOf(table, k)), {
    k,
    restarts: RESTARTS,
    seed,
    signal,
  });
  return assignments;
}

/** The weights of step 2, every edge in both directions, once. */
export function affinityGraph({ k, indices, similarities }: Neighbors, count: number): Graph {
  const distance = (cosine: number) => Math.sqrt(Math.max(0, 2 - 2 * cosine));
  const scales = Float64Array.from({ length: count }, (_, row) =>
    Math.max(1e-6, distance(similarities[row * k + Math.min(SCALE_NEIGHBOUR, k) - 1]!)),
  );
  const rows = Array.from({ length: count }, () => new Map<number, number>());
  for (let row = 0; row < count; row++) {
    for (let i = row * k; i < (row + 1) * k; i++) {
      const other = indices[i]!;
      const squared = distance(similarities[i]!) ** 2;
      const weight = Math.exp(-squared / (scales[row]! * scales[other]!));
      rows[row]!.set(other, weight);
      rows[other]!.set(row, weight);
    }
  }
  const starts = new Int32Array(count + 1);
  rows.forEach((edges, row) => {
    starts[row + 1] = starts[row]! + edges.size;
  });
  const columns = new Int32Array(starts[count]!);
  const weights = new Float64Array(starts[count]!);
  rows.forEach((edges, row) => {
    let at = starts[row]!;
    for (const [other, weight] of edges) {
      columns[at] = other;
      weights[at++] = weight;
    }
  });
  return { starts, columns, weights };
}
