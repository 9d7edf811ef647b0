/**
 * Hierarchical k-means: a tree of clusters, built from the leaves.
 *
 * Source: Guo, Xu, Chen, Ni, Wang, Zhang, Yu, "HCSC: Hierarchical Contrastive Selective Coding", CVPR 2022
 * (arXiv:2202.00455), section 3.1, algorithm 1.
 *
 *   level 0      k-means of the N rows into K_0 clusters
 *   level l + 1  k-means of the K_l prototypes of level l into K_(l+1) clusters
 *
 * Prototypes are centroids brought back to length 1. A true tree: the cluster of a row at level l + 1 is the parent of
 * its cluster at level l, never the centroid of level l + 1 that is nearest to the row.
 */
import { LikenessError } from '../core/errors.ts';
import type { Engine } from '../runtime/index.ts';
import { type Features, featuresOf, normalizeRows } from './features.ts';
import { squaredDistancesToOwn } from './kmeans/centroidDistances.ts';
import { type KmeansOptions, kmeans } from './kmeans/kmeans.ts';

export interface TreeLevel {
  /** K_l. */
  readonly clusters: number;
  /** Centroids of length 1, [K_l, D]. */
  readonly prototypes: Features;
  /** Cluster at this level of each of the N rows, [N]. */
  readonly labels: Int32Array;
  /** Cluster of each of the things that this level grouped: rows at level 0, prototypes of the level below above it. */
  readonly assignments: Int32Array;
  /** Their squared distances to the centroid as k-means left it, before it was brought to length 1. */
  readonly squaredDistances: Float32Array;
}

export interface HierarchicalKmeansOptions extends Omit<KmeansOptions, 'k' | 'start' | 'seed'> {
  /** Clusters of each level, finest first, none larger than the one before. */
  counts: readonly number[];
  start?: 'plusPlus' | 'random';
  seed?: number;
}

/**
 * Builds the tree over N rows, finest level first.
 *
 * @throws LikenessError `tree.counts` when there is no level, when one has more clusters than the level below, or when the
 * first has more than there are rows.
 *
 * @example
 * const [fine, coarse] = await hierarchicalKmeans(engine, features, { counts: [100, 10] });
 * // All rows of one fine cluster have the same coarse one.
 */
export async function hierarchicalKmeans(
  engine: Engine,
  features: Features,
  { counts, seed = 0, ...options }: HierarchicalKmeansOptions,
): Promise<TreeLevel[]> {
  requireTree(counts, features.count);
  const levels: TreeLevel[] = [];
  for (const [l, k] of counts.entries()) {
    const below = levels.at(-1);
    const grouped = below?.prototypes ?? features; // [K_(l-1), D], or the rows
    const { centroids, assignments } = await kmeans(engine, grouped, { ...options, k, seed: seed + l });
    levels.push({
      clusters: k,
      prototypes: normalizeRows(featuresOf(centroids, features.dimension)), // [K_l, D]
      labels: below ? below.labels.map((child) => assignments[child]!) : assignments, // [N]
      assignments,
      squaredDistances: await squaredDistancesToOwn(engine, grouped, { centroids, assignments }),
    });
  }
  return levels;
}

/** Throws unless each level can group what the level below gives it. */
export function requireTree(counts: readonly number[], rows: number): void {
  const wrong = counts.findIndex((k, l) => !Number.isInteger(k) || k < 1 || k > (counts[l - 1] ?? rows));
  if (counts.length > 0 && wrong < 0) return;
  const why =
    counts.length === 0
      ? 'no level'
      : `${counts[wrong]} clusters at level ${wrong} for ${counts[wrong - 1] ?? rows} ${wrong > 0 ? `clusters at level ${wrong - 1}` : 'rows'}`;
  throw new LikenessError(
    'tree.counts',
    `clusters: received "${counts.join(',')}", ${why}; expected whole numbers, finest level first, none above the one before or the number of rows. Lower them.`,
  );
}
