/**
 * Consensus: a head learns the clusters on which several clusterings of the features agree.
 *
 * Before the first step (`consensusClusters`):
 *
 *   members = smoothed k-means and spectral clustering of all features, each from several seeds
 *   y = k-means on the table of their one-hot clusters           [N]
 *   c_k ← direction of the mean feature of cluster k             [K, D]
 *
 * In a step, with features x and prototypes c on the unit sphere:
 *
 *   L = mean of -ln softmax(x cᵀ / tau)[y]
 *
 * So the head begins as the nearest mean direction, which is steady on few images, and learns the
 * borders that the graphs drew. It needs no neighbors afterwards, and assigns new images alone.
 *
 * Symbols: N images, B images per batch, D features, K clusters, tau temperature.
 *
 * The idea of a classifier that is trained on a consensus of clusterings is that of cluster
 * ensembles (Strehl and Ghosh, JMLR 2002) and of self-labeling (SCAN, ECCV 2020); the members,
 * their number and the start are our own.
 *
 * Clusterings are of at most 20,000 images, drawn by the seed. The others take no part in the loss.
 */
import { z } from 'zod';
import {
  consensusClusters,
  distinctRows,
  type Features,
  featuresOf,
  normalizeRows,
} from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { uniformFanIn, type Variables } from '../nn/index.ts';
import {
  l2Normalize,
  matmul,
  mean,
  mul,
  oneHot,
  softmax,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import { directions, requireFeatures } from './clusterHeads.ts';
import { clusterCount, requireClusters } from './clusterSettings.ts';
import { defineMethod } from './defineMethod.ts';
import { embeddingProgram } from './embeddingProgram.ts';
import type { EpochWork, StepContext } from './program.ts';
import { labeledCrossEntropy, labelsAt, UNLABELED, unlabeled } from './pseudoLabels.ts';
import { positive, rate } from './settings.ts';

const PROTOTYPES = 'prototypes';
const LABELS = 'labels';
/** Most images that are clustered. */
const MAX_IMAGES = 20_000;

const settingsSchema = z.strictObject({
  clusters: clusterCount(10),
  neighbors: positive(4096)
    .default(10)
    .describe('nearest neighbors of an image in the graphs of spectral clustering'),
  members: positive(64)
    .default(3)
    .describe('clusterings of each kind (smoothed k-means, spectral) that the consensus joins'),
  temperature: rate().default(0.1).describe('tau of the softmax over prototypes'),
});
type ConsensusSettings = z.output<typeof settingsSchema>;

export const consensus = defineMethod({
  name: 'consensus',
  about: 'a head on features learns what several k-means and spectral clusterings agree on',
  crops: 'single',
  pairs: 'neighbors',
  settings: settingsSchema,
  recipe: {
    data: { batchSize: 512 },
    optimizer: { name: 'adam', learningRate: 0.001, weightDecay: 0 },
    schedule: { maxSteps: 100 },
  },
  check: ({ clusters }, context) => {
    requireFeatures('consensus', context);
    requireClusters([clusters], context.images);
  },
  head: (settings) => ({
    project: directions,
    assign: (variables, features) => softmax(logitsOf(variables, features, settings)),
  }),
  stages: ({ settings, context }) => [
    { name: 'classifier', begin: (phase) => clustered(settings, context, phase) },
  ],
  step({ views, settings, step, model }) {
    const { indices, images: N } = step;
    const { clusters: K } = settings;
    const x = model.encode(views[0]!); // [B, D]
    const labels = step.state(LABELS, [N], () => unlabeled(N)).current; // [N]
    const y = labelsAt(labels, indices); // [B]
    const { loss, accuracy } = labeledCrossEntropy(logitsOf(model.variables, x, settings), y);
    step.minimize(loss);
    step.fact('accuracy', accuracy);
    step.observe({
      embeddings: model.project(x), // [B, D]
      usage: mean(oneHot(y, K), { axes: [0] }), // [K]
      isLossJudged: false, // the prototypes are means of their clusters from the start
    });
  },
});

/** Logits [N, K] of features x [N, D]: cosines to the prototypes, over tau. */
function logitsOf(
  variables: Variables,
  x: Tensor,
  { clusters: K, temperature }: ConsensusSettings,
): Tensor {
  const D = x.shape[1]!;
  const C = variables.parameter(PROTOTYPES, [K, D], uniformFanIn(D)); // [K, D]
  const cosines = matmul(l2Normalize(x), transpose(l2Normalize(C))); // [N, K]
  return mul(cosines, 1 / temperature);
}

/** Labels of all images by the consensus, and the mean directions of its clusters. */
async function clustered(
  { clusters: K, neighbors, members }: ConsensusSettings,
  context: StepContext,
  { engine, seed, features, onProgress, signal }: Parameters<EpochWork>[0],
): ReturnType<EpochWork> {
  const { batchSize, imageSize: size } = context;
  const all = await features(embeddingProgram(directions, context), { batchSize, size }); // [N, D]
  const { count: N } = all;
  const chosen =
    N > MAX_IMAGES
      ? distinctRows(N, MAX_IMAGES, randomAt(seed, 'consensusImages')).sort()
      : Int32Array.from({ length: N }, (_, i) => i);
  const rows = rowsAt(all, chosen);
  const { assignments, agreement } = await consensusClusters(rows, K, {
    ...{ engine, members, seed, signal },
    neighbors: Math.max(1, Math.min(neighbors, rows.count - 1)),
    onProgress: (done) => onProgress(`clustering ${done} of ${2 * members}`),
  });
  const labels = new Float32Array(N).fill(UNLABELED);
  chosen.forEach((image, i) => {
    labels[image] = assignments[i]!;
  });
  return {
    state: { [LABELS]: labels, [PROTOTYPES]: meanDirections(rows, assignments, K) },
    facts: { memberAgreement: agreement },
  };
}

/** Rows at positions, as an array of their own. */
function rowsAt({ data, dimension: D }: Features, positions: Int32Array): Features {
  const rows = new Float32Array(positions.length * D);
  positions.forEach((from, i) => {
    rows.set(data.subarray(from * D, (from + 1) * D), i * D);
  });
  return featuresOf(rows, D);
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
