/**
 * Hierarchical k-means: a tree of clusters, built from the leaves.
 *
 * - Level 0: k-means of the N rows into K_0 clusters.
 * - Level l + 1: k-means of the K_l prototypes of level l into K_(l+1) clusters.
 *
 * Prototypes are centroids scaled to norm 1. The result is a true tree: the cluster of a row at
 * level l + 1 is the parent of its cluster at level l, not the centroid of level l + 1 that is
 * nearest to the row.
 *
 * Source: Guo, Xu, Chen, Ni, Wang, Zhang, Yu, "HCSC: Hierarchical Contrastive Selective Coding",
 * CVPR 2022 (arXiv:2202.00455), section 3.1, algorithm 1.
 */
import type { Engine } from '../backends/index.ts';
import { LikenessError } from '../core/errors.ts';
import { oneOf, optionCheck } from '../core/options.ts';
import {
  type FeatureInput,
  type Features,
  featuresOf,
  normalizeRows,
  toFeatures,
} from './features.ts';
import { squaredDistancesToOwn } from './kmeans/centroidDistances.ts';
import { type KmeansOptions, kmeans, kmeansShape } from './kmeans/kmeans.ts';
import { withEngine } from './withEngine.ts';

export interface TreeLevel {
  /** K_l. */
  readonly clusters: number;
  /** Centroids of norm 1, `[K_l, D]`. */
  readonly prototypes: Features;
  /** Cluster of each of the N rows at this level, `[N]`. */
  readonly labels: Int32Array;
  /**
   * Cluster of each input of this level: the rows at level 0, the prototypes of the level below
   * after it.
   */
  readonly assignments: Int32Array;
  /** Squared distances of these inputs to their centroids, before the centroids are normalized. */
  readonly squaredDistances: Float32Array;
}

export interface HierarchicalKmeansOptions extends Omit<KmeansOptions, 'start'> {
  start?: 'plusPlus' | 'random';
}

const checkHierarchicalKmeans = optionCheck<HierarchicalKmeansOptions>({
  ...kmeansShape,
  start: oneOf(['plusPlus', 'random']),
});

/**
 * Builds the tree over N rows, finest level first. Level l uses the seed plus l.
 *
 * @param counts clusters of each level, finest first, none larger than the one before
 * @throws LikenessError `tree.counts` when there is no level, when a level has more clusters than
 * the one below, or when the first has more clusters than there are rows
 *
 * @example
 * const rows = [[1, 0], [1, 0.1], [0.1, 1], [0, 1]];
 * const [fine, coarse] = await hierarchicalKmeans(rows, [3, 2]);
 * // Rows that share a cluster in fine.labels also share one in coarse.labels.
 */
export async function hierarchicalKmeans(
  features: FeatureInput,
  counts: readonly number[],
  given: HierarchicalKmeansOptions = {},
): Promise<TreeLevel[]> {
  checkHierarchicalKmeans(given);
  const { engine, ...options } = given;
  return withEngine(engine, (engine) => buildTree(engine, toFeatures(features), counts, options));
}

async function buildTree(
  engine: Engine,
  features: Features,
  counts: readonly number[],
  { seed = 0, ...options }: Omit<HierarchicalKmeansOptions, 'engine'>,
): Promise<TreeLevel[]> {
  requireTree(counts, features.count);
  const levels: TreeLevel[] = [];
  for (const [l, k] of counts.entries()) {
    const below = levels.at(-1);
    const grouped = below?.prototypes ?? features; // [K_(l-1), D], or the rows
    const { centroids, assignments } = await kmeans(grouped, k, {
      ...options,
      engine,
      seed: seed + l,
    });
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

/** Throws unless the counts of the levels are possible for this number of rows. */
export function requireTree(counts: readonly number[], rows: number): void {
  const wrong = counts.findIndex(
    (k, l) => !Number.isInteger(k) || k < 1 || k > (counts[l - 1] ?? rows),
  );
  if (counts.length > 0 && wrong < 0) return;
  const k = counts[wrong];
  const most = counts[wrong - 1] ?? rows;
  const below = wrong > 0 ? `clusters at level ${wrong - 1}` : 'rows';
  const why =
    counts.length === 0 ? 'no level' : `${k} clusters at level ${wrong} for ${most} ${below}`;
  throw new LikenessError(
    'tree.counts',
    `clusters: received "${counts.join(',')}", ${why}; expected whole numbers, finest level ` +
      'first, none above the one before or the number of rows. Lower them.',
  );
}
