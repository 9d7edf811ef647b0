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
 * Clusterings are of at most 20,000 images, drawn by the seed. The others take the cluster of most
 * of their nearest neighbors among these.
 */
import { z } from 'zod';
import { consensusClusters, selectRows } from '../cluster/index.ts';
import { softmax } from '../tensor/index.ts';
import { directions, requireFeatures } from './clusterHeads.ts';
import { clusterCount, requireClusters } from './clusterSettings.ts';
import { defineMethod } from './defineMethod.ts';
import { embeddingProgram } from './embeddingProgram.ts';
import {
  clusteredImages,
  labeledState,
  MAX_CLUSTERED,
  prototypeLogits,
  prototypeLoss,
} from './labeledPrototypes.ts';
import type { PhaseContext, PhaseResult, StepContext } from './program.ts';
import { positive, rate } from './settings.ts';

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
    assign: (variables, features) => softmax(prototypeLogits(variables, features, settings)),
  }),
  stages: ({ settings, context }) => [
    { name: 'classifier', begin: (phase) => consensusState(settings, context, phase) },
  ],
  step({ views, settings, step, model }) {
    const x = model.encode(views[0]!); // [B, D]
    const { loss, observation } = prototypeLoss(step, model, x, settings);
    step.minimize(loss);
    step.observe(observation);
  },
});

/**
 * Labels of all images by the consensus, and the mean directions of its clusters.
 *
 * @param most images that are clustered; the others take the clusters of their neighbors
 */
export async function consensusState(
  { clusters, neighbors, members }: ConsensusSettings,
  context: StepContext,
  phase: PhaseContext,
  most = MAX_CLUSTERED,
): Promise<PhaseResult> {
  const { engine, seed, features, onProgress, signal } = phase;
  const { batchSize, imageSize: size } = context;
  const all = await features(embeddingProgram(directions, context), { batchSize, size }); // [N, D]
  const sample = clusteredImages(all.count, seed, most);
  const { assignments, agreement } = await consensusClusters(selectRows(all, sample), clusters, {
    ...{ engine, members, seed, signal },
    neighbors: Math.max(1, Math.min(neighbors, sample.length - 1)),
    onProgress: (done) => onProgress(`clustering ${done} of ${2 * members}`),
  });
  const state = await labeledState(all, { sample, assignments, clusters }, phase);
  return { state, facts: { memberAgreement: agreement } };
}
