/**
 * Clusters of a run as a second output of its exported encoder: probabilities [batch, K], as
 * `assignFeatures` computes them.
 */
import { normalizeRows } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import {
  constant,
  div,
  gather,
  matmul,
  mul,
  scalar,
  softmax,
  sub,
  type Tensor,
} from '../tensor/index.ts';
import type { AssignableClusters } from './assignFeatures.ts';
import type { Standardization } from './standardization.ts';

/** Name of the output: float32 [batch, K]; the largest value of a row names its cluster. */
export const EXPORT_CLUSTERS = 'clusters';

/** Features of an exported encoder as tensors. */
export interface FeatureTensors {
  /** [batch, D] as the encoder returns them, which the heads of methods read. */
  readonly raw: Tensor;
  /** [batch, D], rows of length 1. */
  readonly unit: Tensor;
}

/** Builds the probabilities [batch, K] of features. */
export type ClusterGraph = (features: FeatureTensors) => Tensor;

/** Builds the probabilities [batch, M] of a method's own clusters from features [batch, D]. */
export type HeadGraph = (features: Tensor) => Tensor;

/**
 * Probabilities of clusters, in their order.
 *
 * Clusters of k-means: `softmax(x·c_k / tau)` with unit features and centroids. Clusters that the
 * method has learned: the outputs of its head, of which some may be no cluster.
 *
 * @throws LikenessError `clustering.stale` where the head that learned the clusters is missing
 */
export function clusterGraph(
  { centroids, temperature, head: outputs }: AssignableClusters,
  headGraph?: HeadGraph,
): ClusterGraph {
  if (outputs === undefined) {
    const { data, count: K, dimension: D } = normalizeRows(centroids);
    const columns = new Float32Array(K * D);
    for (let k = 0; k < K; k++) for (let d = 0; d < D; d++) columns[d * K + k] = data[k * D + d]!;
    return ({ unit }) =>
      softmax(mul(matmul(unit, constant(columns, [D, K])), scalar(1 / temperature))); // [B, K]
  }
  return ({ raw }) => {
    const y = headGraph?.(raw); // [B, M]
    if (y && outputs.every((output) => output < y.shape[1]!)) {
      return gather(y, constant(Int32Array.from(outputs), [outputs.length]), 1); // [B, K]
    }
    throw new LikenessError(
      'clustering.stale',
      'the clusters were learned by a head that the run does not have. ' +
        'Cluster the images again with `model.cluster(images)`.',
    );
  };
}

/** A head that reads standardized features, `(x - mean) / deviation`. */
export function onStandardized(head: HeadGraph, { mean, deviation }: Standardization): HeadGraph {
  const row = (data: Float32Array) => constant(data, [1, data.length]);
  return (features) => head(div(sub(features, row(mean)), row(deviation)));
}
