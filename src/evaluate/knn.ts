/**
 * Weighted nearest-neighbor classification of features.
 *
 * Score of class y for a test row: `sum over its k most similar train rows j of class y of
 * exp(cos_j / T)`; the class of the highest score is predicted. Accuracy is the share of test rows
 * predicted right.
 *
 * Range 0 to 1; chance is the share of the most frequent class. No training and one parameter pair
 * (k, T), so it says how well likeness in feature space follows the classes. Depends on k and T: a
 * result names both.
 *
 * Source: Wu, Xiong, Yu and Lin, "Unsupervised feature learning via non-parametric instance
 * discrimination" (InstDisc), 2018, arXiv 1805.01978, section 3.4. T = 0.07 and k = 200 there; T =
 * 0.1 here, as in SwAV-style comparisons on CIFAR.
 */
import type { Engine } from '../backends/index.ts';
import { type Features, nearestNeighbors } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';

/** Features with a label of 0 or more for every row. */
export interface Labeled {
  readonly features: Features;
  readonly labels: Int32Array;
}

export interface KnnOptions {
  /** Numbers of neighbors; each is cut to the number of train rows. */
  k?: readonly number[];
  /** T. Smaller: the nearest count more. */
  temperature?: number;
  /** Receives the number of finished comparisons, as `nearestNeighbors` counts them. */
  onProgress?: (done: number, of: number) => void;
}

export interface KnnResult {
  /** Share of test rows predicted right, 0 to 1. */
  readonly accuracy: number;
  /** Neighbors used, and neighbors requested (maybe more than there are train rows). */
  readonly k: number;
  readonly requested: number;
}

/**
 * Weighted kNN accuracy on test rows for each k, in the order asked for.
 *
 * Equal similarities go to the lower train row, equal scores to the lower class: the result is
 * deterministic.
 *
 * @example (await knn(engine, train, test, { k: [20, 200] }))[1].accuracy
 */
export async function knn(
  engine: Engine,
  train: Labeled,
  test: Labeled,
  { k: requested = [20, 200], temperature = 0.1, onProgress }: KnnOptions = {},
): Promise<KnnResult[]> {
  requireLabeled('knn: train', train);
  requireLabeled('knn: test', test);
  if (requested.length === 0 || requested.some((k) => !Number.isInteger(k) || k < 1)) {
    throw new LikenessError(
      'knn.k',
      `knn: received k = [${requested.join(', ')}]; expected whole numbers, 1 or more`,
    );
  }
  if (!(temperature > 0)) {
    throw new LikenessError(
      'knn.temperature',
      `knn: received temperature ${temperature}; expected a number above 0`,
    );
  }
  const used = requested.map((k) => Math.min(k, train.features.count));
  const most = Math.max(...used);
  const { indices, similarities } = await nearestNeighbors(engine, test.features, train.features, {
    k: most,
    ...(onProgress && { onProgress }),
  });
  const classes = train.labels.reduce((a, b) => Math.max(a, b), 0) + 1;
  const score = new Float64Array(classes);

  return used.map((k, position) => {
    let right = 0;
    for (let row = 0; row < test.features.count; row++) {
      score.fill(0);
      for (let i = row * most; i < row * most + k; i++) {
        // Relative to the nearest, so that small temperatures do not overflow: the largest score
        // stays the same.
        const weight = Math.exp((similarities[i]! - similarities[row * most]!) / temperature);
        score[train.labels[indices[i]!]!]! += weight;
      }
      if (score.indexOf(Math.max(...score)) === test.labels[row]) right++;
    }
    return { accuracy: right / test.features.count, k, requested: requested[position]! };
  });
}

/** Throws unless there is one label of 0 or more per row. */
export function requireLabeled(
  what: string,
  { features, labels }: { features: Features; labels: Int32Array | readonly number[] },
): void {
  if (labels.length !== features.count) {
    throw new LikenessError(
      'labels.length',
      `${what}: received ${labels.length} labels for ${features.count} rows; expected one per row`,
    );
  }
  const bad = labels.findIndex((label) => label < 0);
  if (bad >= 0) {
    throw new LikenessError(
      'labels.missing',
      `${what}: row ${bad} has label ${labels[bad]}; expected labels of 0 or more. Leave ` +
        'images without a label out.',
    );
  }
}
