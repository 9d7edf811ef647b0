/**
 * SCAN: neighbors get the same cluster, and all clusters the same number of images. Then the heads
 * learn from their own confident answers.
 *
 * Source: Van Gansbeke, Vandenhende, Georgoulis, Proesmans, Van Gool, "SCAN: Learning to Classify
 * Images without Labels", ECCV 2020 (arXiv:2005.12320), equation 2; the authors' code for the
 * self-labeling.
 *
 * Stage `consistency`, for images x and a random one x' of the nearest neighbors of each:
 *
 *   p = softmax(W x + b)                            per head, [B, K]
 *   L = -mean of ln(p · p') - lambda H(mean of p)   mean over heads
 *
 * Stage `self-labeling`:
 *
 *   y_i = argmax p_i  where  max p_i > threshold    no gradient
 *   L = mean over clusters with a label of the mean over their images of -ln p~_i[y_i]
 *
 * p~ are the probabilities of features of which dropout has set half to 0, in place of strong
 * augmentation. Where no image is confident, the loss is 0 and nothing changes.
 *
 * Symbols: B images per batch, K clusters, H entropy. The head with the lowest loss of the first
 * stage counts.
 *
 * Different from the authors' code: lambda is 2 and the threshold .9; the network is frozen, where
 * theirs is trained with the head, and pairs are neighbors without augmentation. Theirs stops with
 * an error where no image is confident.
 */
import { z } from 'zod';
import { type Drop, linear, type Variables } from '../nn/index.ts';
import {
  add,
  argMax,
  cast,
  div,
  dotRows,
  equal,
  greater,
  log,
  logSoftmax,
  max,
  maximum,
  mean,
  mul,
  neg,
  oneHot,
  reshape,
  scalar,
  softmax,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '../tensor/index.ts';
import {
  bestHead,
  clusterHeads,
  directions,
  neighborCount,
  recordLosses,
  requireFeatures,
} from './clusterHeads.ts';
import { clusterCount } from './clusterSettings.ts';
import { defineMethod, type StepScope } from './defineMethod.ts';
import { fraction, positive } from './settings.ts';

/** Stands for 0 under a logarithm, as in the authors' code. */
const TINY = 1e-8;

const settingsSchema = z.strictObject({
  clusters: clusterCount(10),
  neighbors: neighborCount(20),
  clusterHeads: clusterHeads(8),
  entropyWeight: z
    .number()
    .min(0)
    .default(2)
    .describe('lambda, weight of the entropy of the mean assignment; 5 in the paper'),
  consistencySteps: positive()
    .default(300)
    .describe('steps of the first stage, rounded up to epochs; self-labeling takes the others'),
  confidence: fraction()
    .default(0.9)
    .describe('probability above which an answer is a label in self-labeling; 0.99 in the paper'),
});
type ScanSettings = z.output<typeof settingsSchema>;

export const scan = defineMethod({
  name: 'scan',
  about: 'a head on features: neighbors share a cluster, then confident answers are labels',
  crops: 'pair',
  pairs: 'neighbors',
  settings: settingsSchema,
  recipe: {
    data: { batchSize: 256 },
    optimizer: { name: 'adam', learningRate: 0.001, weightDecay: 1e-4 },
    schedule: { maxSteps: 400, finalLearningRate: 0.001 },
  },
  check: (_, context) => requireFeatures('scan', context),
  head: (settings) => ({
    project: directions,
    assign: (variables, features) => bestHead(variables, scanLogits(variables, features, settings)),
  }),
  stages({ settings, context }) {
    const { images, batchSize, replicas = 1 } = context;
    const stepsPerEpoch = Math.max(1, Math.floor(images / (batchSize * replicas)));
    const epochs = Math.ceil(settings.consistencySteps / stepsPerEpoch);
    return [
      { name: 'consistency', epochs, step: consistencyStep },
      { name: 'self-labeling', restart: true, step: selfLabelingStep },
    ];
  },
});

/** Logits [N, K] of every head, of features x [N, D]. */
export function scanLogits(
  variables: Variables,
  x: Tensor,
  { clusters: K, clusterHeads: H }: Pick<ScanSettings, 'clusters' | 'clusterHeads'>,
): Tensor[] {
  return Array.from({ length: H }, (_, h) =>
    linear(variables, `cluster_head.${h}`, x, { features: K }),
  );
}

function consistencyStep({ views, settings, step, model }: StepScope<ScanSettings>): void {
  const [x, neighbor] = views.map((features) => model.encode(features)) as [Tensor, Tensor];
  const [own, others] = [x, neighbor].map((features) =>
    scanLogits(model.variables, features, settings).map((logits) => softmax(logits)),
  ) as [Tensor[], Tensor[]]; // [B, K] each
  const terms = own.map((p, h) => scanLoss(p, others[h]!, settings));
  const losses = terms.map(({ loss }) => loss);
  recordLosses(model.variables, losses);
  step.minimize(average(losses));
  step.fact('consistency', average(terms.map(({ consistency }) => consistency)));
  step.fact('entropy', average(terms.map(({ entropy }) => entropy)));
  const chosen = [own[0]!, others[0]!].map((p) => argMax(p)); // [B] each
  step.observe({
    embeddings: model.project(x),
    agreement: mean(cast(equal(chosen[0]!, chosen[1]!), 'float32')),
    usage: mean(own[0]!, { axes: [0] }), // [K]
  });
}

function selfLabelingStep({ views, settings, step, model }: StepScope<ScanSettings>): void {
  const x = model.encode(views[0]!); // [B, D]
  const drop: Drop = step.dropout();
  const weak = scanLogits(model.variables, x, settings).map((logits) => softmax(logits));
  const strong = scanLogits(model.variables, drop(x, 'features'), settings); // [B, K] each
  const terms = strong.map((logits, h) => selfLabelingLoss(weak[h]!, logits, settings));
  step.minimize(average(terms.map(({ loss }) => loss)));
  step.fact('confident', average(terms.map(({ confident }) => confident)));
  step.observe({
    embeddings: model.project(x),
    usage: mean(weak[0]!, { axes: [0] }), // [K]
    isLossJudged: false,
  });
}

/** Mean of numbers. */
const average = (values: readonly Tensor[]) => mul(values.reduce(add), 1 / values.length);

/**
 * Loss of one head: `-mean of ln(p_i · p'_i) - lambda H(mean of p)`.
 *
 * - `consistency` is at least 0, and 0 where both rows have all probability in one cluster.
 * - `entropy` lies between 0 and ln K.
 *
 * @param p probabilities of images, [B, K]
 * @param q probabilities of one neighbor of each, [B, K]
 */
export function scanLoss(
  p: Tensor,
  q: Tensor,
  { entropyWeight }: { entropyWeight: number },
): { loss: Tensor; consistency: Tensor; entropy: Tensor } {
  const consistency = neg(mean(log(maximum(dotRows(p, q), TINY)))); // []
  const usage = mean(p, { axes: [0] }); // [K]
  const entropy = neg(sum(mul(usage, log(maximum(usage, TINY))))); // []
  return { loss: sub(consistency, mul(entropyWeight, entropy)), consistency, entropy };
}

/**
 * Loss of one head in self-labeling: cross-entropy of strongly augmented features with the labels
 * of confident images, each cluster with the same weight. 0 where no image is confident.
 *
 * @param p probabilities of the images as they are, [B, K]; no gradient reaches them
 * @param logits logits of the augmented images, [B, K]
 * @returns the loss, and the fraction of confident images
 */
export function selfLabelingLoss(
  p: Tensor,
  logits: Tensor,
  { confidence }: { confidence: number },
): { loss: Tensor; confident: Tensor } {
  const [B, K] = p.shape as [number, number];
  const weak = stopGradient(p);
  const isConfident = cast(greater(max(weak, { axes: [1] }), confidence), 'float32'); // [B]
  const labels = mul(oneHot(argMax(weak), K), reshape(isConfident, [B, 1])); // [B, K]
  const counts = sum(labels, { axes: [0] }); // [K]
  const losses = neg(sum(mul(labels, logSoftmax(logits)), { axes: [0] })); // [K]
  const perCluster = div(losses, maximum(counts, scalar(1))); // [K]
  const present = sum(cast(greater(counts, 0.5), 'float32')); // []
  return { loss: div(sum(perCluster), maximum(present, scalar(1))), confident: mean(isConfident) };
}
