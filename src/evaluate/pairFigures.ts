/**
 * How alike positive and negative pairs are, for any encoder: the figures that "Contrastive Clustering" (Li et al., AAAI
 * 2021, section 4.4) draws over training, of images and of clusters.
 *
 * Images: cosines of the features of two views; of one image (positive), or of two images (negative). Clusters: cosines
 * of the columns of two views' soft assignments, of one cluster or of two. Soft assignments are
 * `softmax(cosine to the centroid / T)`, with T the mean of `1 - cosine` of an image and its own centroid, so that
 * encoders whose cosines lie close together are not called undecided for that.
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

/** Means and standard deviations; between -1 and 1 the means of images, 0 and 1 those of clusters. */
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

/** Keeps the softmax defined where images equal their centroid. */
const LEAST_TEMPERATURE = 0.01;

/**
 * The figures of two views' features [n, F], row by row of the same images, and clusters by their centroids [K, F]; n and
 * K at least 2.
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
  const sharpness = reciprocal(maximum(far, scalar(LEAST_TEMPERATURE))); // 1 / T
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
      Object.entries(results).map(([name, value]) => [name.slice('fact.'.length), Number(value[0])]),
    ) as unknown as PairFigures;
  } finally {
    await executable.dispose();
  }
}
