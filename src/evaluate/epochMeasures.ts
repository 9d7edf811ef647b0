/**
 * Measures features after an epoch without any label, on a fixed sample of images.
 *
 * The sample's features (evaluation view) and those of one random view of the same images are
 * grouped by spherical k-means with a fixed K, the same for every run, so that values of different
 * epochs, methods and encoders can be compared. No measure proves quality. `npm run bench --
 * label-free` measures which of them follow true NMI. The others show collapse and unstable
 * clusters.
 *
 * All work is on the sample; the training state does not change.
 */
import type { Engine } from '../backends/index.ts';
import {
  assign,
  type Features,
  featuresOf,
  kmeans,
  nearestNeighbors,
  normalizeRows,
  principal,
  simplifiedSilhouette,
} from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { aboveChance, adjustedRand, neighborPurity, nmi } from '../metrics/index.ts';
import { effectiveRank, usage, viewAgreement } from './labelFree.ts';
import { type PairFigures, pairFigures } from './pairFigures.ts';

/** Features of the sample with the current encoder. */
export interface EpochSample {
  /** `[n, F]`, of the evaluation view. */
  features: Features;
  /** `[n, F]`, of a random view of the same images; the same view at every epoch. */
  secondView: Features;
  /**
   * Embeddings `[n, D]` of the evaluation view and prototypes `[K, D]`, where the method has any.
   */
  prototypes?: { embeddings: Features; prototypes: Features };
  /** Probabilities `[n, M]` of the clusters that the method learns itself, where it learns any. */
  clusters?: Features;
}

/** Clusters that a later epoch is compared with. */
export interface EpochMemory {
  /** Cluster of each image, `[n]`. */
  readonly clusters: Int32Array;
}

export interface EpochMeasures {
  /** Simplified silhouette of the clusters in the leading principal components, -1 to 1. */
  readonly silhouette: number;
  /** Agreement of the clusters of two views of an image, above chance; 1 at best. */
  readonly viewAgreement: number;
  /** NMI of the clusters with the previously measured ones; null at the first time. */
  readonly epochStability: number | null;
  /** Adjusted Rand index of the clusters with those from other random starts, 1 at best. */
  readonly seedStability: number;
  /** Share of nearest neighbors in the same cluster, above chance; 1 at best. */
  readonly neighbourConsistency: number;
  /** Entropy of the use of the prototypes over ln K, 0 to 1; null where there are none. */
  readonly prototypeUsage: number | null;
  /** Effective rank of the features over the highest possible, 0 to 1. */
  readonly effectiveRank: number;
}

export const epochMeasureNames = [
  'silhouette',
  'viewAgreement',
  'epochStability',
  'seedStability',
  'neighbourConsistency',
  'prototypeUsage',
  'effectiveRank',
] as const satisfies readonly (keyof EpochMeasures)[];

/**
 * Measures that follow true NMI between methods (docs/results.md). A choice without labels goes by
 * them. The others do not follow it: clusters that are stable, or that keep neighbors together, may
 * be those of colors.
 */
export const trackingMeasures = [
  'viewAgreement',
] as const satisfies readonly (keyof EpochMeasures)[];

export interface EpochMeasureOptions {
  /** Clusters of the sample, cut to a tenth of it. */
  k?: number;
  /** Principal components of the silhouette. */
  components?: number;
  seed?: number;
}

/** Nearest neighbors per image. */
const NEIGHBORS = 10;
/** Rows of the Gram matrix of wide features: the effective rank of a sample, not of all images. */
const RANK_ROWS = 256;

/** Measures one epoch; `memory` goes into the next call. The same input gives the same numbers. */
export async function measureEpoch(
  engine: Engine,
  { features, secondView, prototypes }: EpochSample,
  before: EpochMemory | undefined,
  { k: asked = 10, components = 16, seed = 0 }: EpochMeasureOptions = {},
): Promise<{ measures: EpochMeasures; pairs: PairFigures; memory: EpochMemory }> {
  const { count } = features;
  requireSample(features, secondView, before);
  const unit = normalizeRows(features);
  const k = Math.max(2, Math.min(asked, Math.floor(count / 10)));
  const options = { engine, metric: 'spherical', restarts: 2, iterations: 50 } as const;
  const found = await kmeans(unit, k, { ...options, seed });
  const again = await kmeans(unit, k, { ...options, seed: seed + 1 });
  const clusters = found.assignments;

  const reduced = await principal(engine, unit, { components, seed });
  const reducedMeans = centroidsOf(reduced, clusters, k);
  const other = await assign(engine, secondView, featuresOf(found.centroids, found.dimension));
  const { agreement, chance } = viewAgreement(clusters, other.assignments);
  const near = Math.min(NEIGHBORS, count - 1);
  const neighbors = await nearestNeighbors(engine, unit, unit, { k: near, exclude: 'self' });
  const together = neighborPurity(neighbors, clusters);
  const { rank, most } = await effectiveRank(engine, features, { sample: RANK_ROWS, seed });
  const nearest =
    prototypes && (await assign(engine, prototypes.embeddings, prototypes.prototypes)).assignments;
  const centroids = featuresOf(found.centroids, found.dimension);
  return {
    pairs: await pairFigures(engine, { first: features, second: secondView, centroids }),
    measures: {
      silhouette: (await simplifiedSilhouette(engine, reduced, clusters, reducedMeans)).mean,
      viewAgreement: aboveChance(agreement, chance),
      epochStability: before ? nmi(before.clusters, clusters) : null,
      seedStability: adjustedRand(again.assignments, clusters),
      neighbourConsistency: aboveChance(together.consistency, together.chance),
      prototypeUsage: prototypes ? usage(nearest!, prototypes.prototypes.count).entropy : null,
      effectiveRank: rank / most,
    },
    memory: { clusters },
  };
}

/** Mean row of each cluster, `[K, D]`; for an empty one the mean of all rows. */
function centroidsOf({ data, dimension }: Features, clusters: Int32Array, k: number): Features {
  const sums = new Float64Array(k * dimension);
  const sizes = new Float64Array(k);
  clusters.forEach((cluster, row) => {
    sizes[cluster]! += 1;
    for (let d = 0; d < dimension; d++)
      sums[cluster * dimension + d]! += data[row * dimension + d]!;
  });
  // Principal components are centered: the mean of all rows is 0.
  const means = Float32Array.from(
    sums,
    (sum, at) => sum / Math.max(1, sizes[Math.floor(at / dimension)]!),
  );
  return featuresOf(means, dimension);
}

function requireSample(
  features: Features,
  secondView: Features,
  before: EpochMemory | undefined,
): void {
  const { count, dimension } = features;
  const fits = secondView.count === count && secondView.dimension === dimension;
  if (count < 4 || !fits || (before && before.clusters.length !== count)) {
    throw new LikenessError(
      'measures.sample',
      `measures of an epoch: received ${count} images, ${secondView.count} second ` +
        `views${before ? ` and ${before.clusters.length} clusters of before` : ''}; expected as ` +
        'many of each, 4 or more, of one encoder',
    );
  }
}
