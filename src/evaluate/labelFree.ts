/**
 * Measures of features and clusters that need no labels. None of them proves that clusters are
 * meaningful. They show collapse (all images alike), unused prototypes and unstable assignments.
 */
import type { Engine } from '../backends/index.ts';
import {
  type Covariance,
  columnVariances,
  covariance,
  distinctRows,
  type Features,
  nearestNeighbors,
  normalizeRows,
  selectRows,
  spectrum,
} from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import { entropy, neighborPurity } from '../metrics/index.ts';

export interface Usage {
  /**
   * `H(p) / ln K` of the shares p of images per prototype, 0 to 1. 1: all alike; 0: one takes every
   * image. K = 1: 0.
   */
  readonly entropy: number;
  /** Prototypes (or clusters) that no image belongs to. */
  readonly dead: number;
  /** Share of images in the largest prototype or cluster, 0 to 1. */
  readonly largest: number;
  readonly of: number;
}

/**
 * Measures how evenly images spread over K prototypes or clusters.
 *
 * @example usage(Int32Array.of(0, 0, 1, 1), 4) // { entropy: 0.5, dead: 2, largest: 0.5, of: 4 }
 */
export function usage(clusters: Int32Array, k: number): Usage {
  if (clusters.length === 0 || clusters.some((cluster) => cluster < 0 || cluster >= k)) {
    throw new LikenessError(
      'usage.clusters',
      `usage: received ${clusters.length} assignments to ${k} prototypes; expected at least ` +
        `one, each from 0 to ${k - 1}`,
    );
  }
  const counts = new Float64Array(k);
  for (const cluster of clusters) counts[cluster]! += 1;
  return {
    entropy: k === 1 ? 0 : entropy(counts, clusters.length) / Math.log(k),
    dead: counts.filter((count) => count === 0).length,
    largest: counts.reduce((a, b) => Math.max(a, b), 0) / clusters.length,
    of: k,
  };
}

/**
 * Spread of the features: standard deviation of each coordinate of the L2-normalized rows,
 * averaged, times `sqrt(D)`.
 *
 * Range 0 to 1. 0: every image has the same feature (collapse). 1: spread evenly over the sphere.
 * Source: Chen and He, "Exploring simple Siamese representation learning", 2021, arXiv 2011.10566,
 * figure 2 (there without the factor).
 */
export function featureDeviation(features: Features): number {
  const variances = columnVariances(normalizeRows(features));
  const mean =
    variances.reduce((sum, variance) => sum + Math.sqrt(variance), 0) / features.dimension;
  return mean * Math.sqrt(features.dimension);
}

export interface EffectiveRank {
  /** 1 to `most`; 0 where all features are equal. */
  readonly rank: number;
  /** Largest possible value: the smaller of the dimension and the measured rows less one. */
  readonly most: number;
}

/**
 * Effective rank of the features: `exp(-sum p ln p)`, p the singular values of the centered
 * features over their sum.
 *
 * Near 1: one direction carries everything (dimensional collapse). The dimension: all directions
 * count alike. Source: Roy and Vetterli, "The effective rank", EUSIPCO 2007. Differences: columns
 * are centered first, so that a common offset is no direction; singular values below 1/1000 of the
 * largest count as rounding. Above `sample` dimensions a seeded draw of as many rows is measured
 * through their Gram matrix, which has the same singular values.
 */
export async function effectiveRank(
  engine: Engine,
  features: Features,
  { sample = 512, seed = 0 }: { sample?: number; seed?: number } = {},
): Promise<EffectiveRank> {
  const { dimension } = features;
  const direct = dimension <= sample;
  const rows = direct ? features.count : Math.min(sample, features.count);
  let products: Covariance;
  if (direct) {
    products = await covariance(engine, features);
  } else {
    const drawn = distinctRows(features.count, rows, randomAt(seed, 'effectiveRank'));
    products = await covariance(engine, transposeCentered(selectRows(features, drawn)), {
      around: 'origin',
    });
  }
  const singular = spectrum(products).values.map(Math.sqrt);
  const real = singular.filter((value) => value > 1e-3 * singular[0]!);
  const sum = real.reduce((a, b) => a + b, 0);
  const most = Math.max(1, Math.min(dimension, rows - 1));
  return { rank: sum > 0 ? Math.exp(entropy(real, sum)) : 0, most };
}

/**
 * Columns centered over the rows, then rows and columns exchanged: its products are the Gram matrix
 * of the rows.
 */
function transposeCentered({ data, count, dimension }: Features): Features {
  const out = new Float32Array(data.length);
  for (let d = 0; d < dimension; d++) {
    let mean = 0;
    for (let i = 0; i < count; i++) mean += data[i * dimension + d]! / count;
    for (let i = 0; i < count; i++) out[d * count + i] = data[i * dimension + d]! - mean;
  }
  return { data: out, count: dimension, dimension: count };
}

export interface ViewAgreement {
  /** Share of images whose two views fall to the same cluster, 0 to 1. */
  readonly agreement: number;
  /** Expected agreement of independent views with these cluster sizes. */
  readonly chance: number;
}

/**
 * Measures how often two views of the same image fall to the same cluster.
 *
 * 1: assignments ignore what the augmentations change. Read it beside `chance`: a single cluster
 * gives 1 for both.
 *
 * @example viewAgreement(Int32Array.of(0, 1, 1, 0), Int32Array.of(0, 1, 0, 0)).agreement // 0.75
 */
export function viewAgreement(first: Int32Array, second: Int32Array): ViewAgreement {
  if (first.length === 0 || first.length !== second.length) {
    throw new LikenessError(
      'views.length',
      `view agreement: received ${first.length} and ${second.length} assignments; expected one ` +
        'per image and view',
    );
  }
  let same = 0;
  const counts = new Map<number, [number, number]>();
  first.forEach((cluster, i) => {
    if (cluster === second[i]) same++;
    counts.set(cluster, [(counts.get(cluster)?.[0] ?? 0) + 1, counts.get(cluster)?.[1] ?? 0]);
    counts.set(second[i]!, [
      counts.get(second[i]!)?.[0] ?? 0,
      (counts.get(second[i]!)?.[1] ?? 0) + 1,
    ]);
  });
  let chance = 0;
  for (const [a, b] of counts.values()) chance += (a / first.length) * (b / first.length);
  return { agreement: same / first.length, chance };
}

export interface NeighborConsistency {
  /** Mean share of an image's k nearest neighbors that are in its cluster, 0 to 1. */
  readonly consistency: number;
  /** Expected consistency of random clusters of these sizes. */
  readonly chance: number;
  readonly k: number;
}

/**
 * Mean share of an image's k nearest neighbors (by cosine, itself left out) that are in its own
 * cluster. Measured on at most `sample` images; k is cut to their number.
 */
export async function neighborConsistency(
  engine: Engine,
  features: Features,
  clusters: Int32Array,
  { k = 10, sample = 5000, seed = 0 }: { k?: number; sample?: number; seed?: number } = {},
): Promise<NeighborConsistency> {
  if (features.count < 2 || clusters.length !== features.count) {
    throw new LikenessError(
      'neighbours.count',
      `neighbor consistency: received ${features.count} images and ${clusters.length} ` +
        'clusters; expected one each of 2 or more',
    );
  }
  const taken = Math.min(sample, features.count);
  const rows = distinctRows(features.count, taken, randomAt(seed, 'neighborConsistency')).sort();
  const bank = selectRows(features, rows);
  const used = Math.min(k, taken - 1);
  const { indices } = await nearestNeighbors(engine, bank, bank, { k: used, exclude: 'self' });
  const own = Int32Array.from(rows, (row) => clusters[row]!);
  return { ...neighborPurity({ k: used, indices }, own), k: used };
}
