/**
 * Similarity of positive and negative pairs for any encoder: the statistics that "Contrastive
 * Clustering" (Li et al., AAAI 2021, section 4.4) plots over training.
 *
 * - Instances: cosines of the features of two views, of the same image (positive pair) or of two
 *   images (negative pair).
 * - Clusters: cosines of the columns of both views' soft assignments, of the same cluster or of
 *   two. Soft assignments are `softmax(cosine to the centroid / T)`. T is the mean of `1 - cosine`
 *   between an image and its own centroid, so that encoders with a narrow range of cosines do not
 *   appear undecided.
 */
import type { Engine } from '../backends/index.ts';
import { type Features, featuresOf, normalizeRows } from '../cluster/index.ts';
import { pairSimilarities } from '../methods/index.ts';
import {
  input,
  l2Normalize,
  matmul,
  max,
  maximum,
  mean,
  mul,
  reciprocal,
  scalar,
  softmax,
  sub,
  transpose,
} from '../tensor/index.ts';

/** Means and standard deviations. Means of instances are -1 to 1, those of clusters 0 to 1. */
export interface PairFigures {
  readonly instancePositive: number;
  readonly instancePositiveSpread: number;
  readonly instanceNegative: number;
  readonly instanceNegativeSpread: number;
  readonly clusterPositive: number;
  readonly clusterPositiveSpread: number;
  readonly clusterNegative: number;
  readonly clusterNegativeSpread: number;
}

/** Smallest T, for images that equal their centroid. */
const MIN_TEMPERATURE = 0.01;

/**
 * Computes the statistics of two views of n images, `[n, F]` each, row by row, and of K clusters
 * with centroids `[K, F]`. n and K are at least 2.
 */
export async function pairFigures(
  engine: Engine,
  { first, second, centroids }: { first: Features; second: Features; centroids: Features },
): Promise<PairFigures> {
  const { count: n, dimension: F } = first;
  const [a, b] = [input('a', [n, F]), input('b', [n, F])];
  const C = input('C', [centroids.count, F]);
  const cosines = matmul(a, transpose(C)); // [n, K]
  const far = sub(scalar(1), mean(max(cosines, { axes: [1] }))); // []
  const sharpness = reciprocal(maximum(far, scalar(MIN_TEMPERATURE))); // 1 / T
  const columns = (x: typeof cosines) => l2Normalize(transpose(softmax(mul(x, sharpness)))); // [K, n]
  const outputs = {
    ...pairSimilarities('instance', a, b),
    ...pairSimilarities('cluster', columns(cosines), columns(matmul(b, transpose(C)))),
  };
  const executable = await engine.compile({ outputs });
  try {
    const results = await executable.run({
      a: normalizeRows(first).data,
      b: normalizeRows(second).data,
      C: normalizeRows(featuresOf(centroids.data, F)).data,
    });
    return Object.fromEntries(
      Object.entries(results).map(([name, value]) => [name, Number(value[0])]),
    ) as unknown as PairFigures;
  } finally {
    await executable.dispose();
  }
}
