/**
 * Prototypes on the unit sphere that learn stored labels of all images, as heads on features do
 * once a clustering has given the labels:
 *
 *   c_k ← direction of the mean feature of cluster k    [K, D], before the first step
 *   L = mean of -ln softmax(x cᵀ / tau)[y]
 *
 * Of many images a sample is clustered, and the others take the cluster of most of their nearest
 * neighbors in the sample, so that every image takes part in the loss.
 *
 * Symbols: N images, B images per batch, D features, K clusters, tau temperature.
 */
import {
  distinctRows,
  type Features,
  featuresOf,
  normalizeRows,
  selectRows,
  spreadClusters,
} from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { uniformFanIn, type Variables } from '../nn/index.ts';
import { l2Normalize, matmul, mean, mul, oneHot, type Tensor, transpose } from '../tensor/index.ts';
import type { Model } from './model.ts';
import type { PhaseContext, PhaseResult } from './program.ts';
import { labeledCrossEntropy, labelsAt, unlabeled } from './pseudoLabels.ts';
import type { Observation, Step } from './step.ts';

const PROTOTYPES = 'prototypes';
const LABELS = 'labels';
/** Most images that are clustered. */
export const MAX_CLUSTERED = 20_000;
/** Images of the sample that give an image outside it a cluster. */
const VOTERS = 10;

export interface PrototypeSettings {
  clusters: number;
  temperature: number;
}

/** Logits [N, K] of features x [N, D]: cosines to the prototypes, over tau. */
export function prototypeLogits(
  variables: Variables,
  x: Tensor,
  { clusters: K, temperature }: PrototypeSettings,
): Tensor {
  const D = x.shape[1]!;
  const C = variables.parameter(PROTOTYPES, [K, D], uniformFanIn(D)); // [K, D]
  const cosines = matmul(l2Normalize(x), transpose(l2Normalize(C))); // [N, K]
  return mul(cosines, 1 / temperature);
}

/** Loss of the batch's features x [B, D] by their labels, and what the run doctor watches. */
export function prototypeLoss(
  step: Step,
  model: Model,
  x: Tensor,
  settings: PrototypeSettings,
): { loss: Tensor; observation: Observation } {
  const { indices, images: N } = step;
  const labels = step.state(LABELS, [N], () => unlabeled(N)).current; // [N]
  const y = labelsAt(labels, indices); // [B]
  const logits = prototypeLogits(model.variables, x, settings); // [B, K]
  const { loss, accuracy } = labeledCrossEntropy(logits, y);
  step.fact('accuracy', accuracy);
  return {
    loss,
    observation: {
      embeddings: model.project(x), // [B, D]
      usage: mean(oneHot(y, settings.clusters), { axes: [0] }), // [K]
      isLossJudged: false, // the prototypes are means of their clusters from the start
    },
  };
}

/** Positions of the images that are clustered, ascending: all, or a sample that the seed draws. */
export function clusteredImages(images: number, seed: number, most = MAX_CLUSTERED): Int32Array {
  return images > most
    ? distinctRows(images, most, randomAt(seed, 'consensusImages')).sort()
    : Int32Array.from({ length: images }, (_, i) => i);
}

/**
 * Labels of all images and first prototypes, as values of the state.
 *
 * @param all features of all images, [N, D]
 * @param sample positions of the clustered images
 * @param assignments cluster of each of them
 */
export async function labeledState(
  all: Features,
  { sample, assignments, clusters: K }: SampleClusters,
  { engine, onProgress, signal }: Pick<PhaseContext, 'engine' | 'onProgress' | 'signal'>,
): Promise<PhaseResult['state']> {
  const { count: N } = all;
  const labels = await spreadClusters(engine, all, {
    ...{ sample, assignments, neighbors: VOTERS, signal },
    onProgress: (done) => onProgress(`clusters of ${done} of ${N} images`),
  });
  return {
    [LABELS]: Float32Array.from(labels),
    [PROTOTYPES]: meanDirections(selectRows(all, sample), assignments, K),
  };
}

interface SampleClusters {
  sample: Int32Array;
  assignments: Int32Array;
  clusters: number;
}

/** Direction of the mean of each cluster's rows, [K, D]; zeros for an empty cluster. */
function meanDirections(
  { data, dimension: D }: Features,
  assignments: Int32Array,
  K: number,
): Float32Array {
  const sums = new Float32Array(K * D);
  assignments.forEach((cluster, i) => {
    for (let d = 0; d < D; d++) sums[cluster * D + d]! += data[i * D + d]!;
  });
  return normalizeRows(featuresOf(sums, D)).data;
}
