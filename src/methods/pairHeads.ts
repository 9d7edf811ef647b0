/**
 * Cluster heads that learn from pairs of an image and its perturbed copies, beside heads of more
 * outputs that share the encoder (over-clustering). IIC and PICA differ in the loss of a pair.
 *
 * Sources: Ji, Henriques, Vedaldi, "Invariant Information Clustering", ICCV 2019
 * (arXiv:1807.06653), section 3.2; Huang, Gong, Zhu, PICA, CVPR 2020, section 4.
 *
 *   h  = encoder(image),  h' = encoder(perturbed)     r copies per image      [B, F], [rB, F]
 *   x  = softmax(head(h)), once per copy                                              [rB, K]
 *   x' = softmax(head(h'))                                                            [rB, K]
 *   L  = mean over a group's heads of loss(x, x')           groups: over-clustering, clusters
 *
 * Turns: the over-clustering heads learn for one epoch, then the cluster heads for `clusterEpochs`
 * epochs. Heads that wait get a gradient of 0, and Adam's memory goes on moving them for some
 * steps, as in the authors' code. Together: each step minimizes the sum of both losses.
 *
 * Symbols: B images per batch, r perturbed copies, F dimension of features, K outputs of a head.
 */
import { z } from 'zod';
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import { plural } from '../core/text.ts';
import { type Initializer, linear, type Variables } from '../nn/index.ts';
import {
  add,
  argMax,
  cast,
  concat,
  equal,
  l2Normalize,
  mean,
  mul,
  softmax,
  sub,
  type Tensor,
} from '../tensor/index.ts';
import type { CropSpec } from '../views/index.ts';
import { bestHead, recordLosses } from './clusterHeads.ts';
import { clusterCount } from './clusterSettings.ts';
import type { StepScope } from './defineMethod.ts';
import type { EpochPhase, MethodHead, Moment, StepContext } from './program.ts';
import { positive, withDefault } from './settings.ts';

/** Names of the two groups of heads. */
const OVER_HEAD = 'over_head';
const CLUSTER_HEAD = 'cluster_head';

/** Settings of both methods. */
export const pairSettings = {
  clusters: clusterCount(10).describe('number K of clusters that are learned'),
  overClusters: withDefault(clusterCount(2), 70).describe(
    'outputs of the over-clustering heads, several per cluster',
  ),
  perturbedViews: positive(16)
    .default(1)
    .describe('perturbed copies of each image in a step; 3 to 5 in the papers'),
  training: z
    .enum(['together', 'turns'])
    .default('together')
    .describe('both groups of heads in each step, or in turns of whole epochs as in the papers'),
  clusterEpochs: positive(100)
    .default(1)
    .describe(
      'epochs of the cluster heads after each epoch of the over-clustering heads, in turns',
    ),
};

/** Setting of the random crop of the image that is not perturbed. */
export const originalScale = (area: number) =>
  z
    .number()
    .positive()
    .max(1)
    .default(area)
    .describe('fraction of the area that the random crop of the unperturbed image has');

export interface PairSettings {
  clusters: number;
  overClusters: number;
  perturbedViews: number;
  originalScale: number;
  training: 'together' | 'turns';
  clusterEpochs: number;
}

/** Heads of a method. */
export interface PairHeads {
  /** Heads of each group, of which the one with the lowest loss gives the clusters. */
  count: number;
  /** First values. Default: those of PyTorch. */
  initialize?: { weight: Initializer; bias: Initializer };
}

/**
 * Crop groups: a random square of each image without any other change, and perturbed copies of it
 * with the settings' augmentations.
 */
export function pairCrops(
  { perturbedViews, originalScale: area }: PairSettings,
  [crop]: readonly CropSpec[],
): CropSpec[] {
  return [
    { ...crop!, count: 1, scale: [area, area], ratio: [1, 1], steps: [] },
    { ...crop!, count: perturbedViews },
  ];
}

/** Clusters and embeddings; the embeddings are the directions of the features. */
export function pairHead({ clusters }: PairSettings, heads: PairHeads): MethodHead {
  return {
    project: (_, features) => l2Normalize(features), // [N, F]
    assign: (variables, features) =>
      bestHead(variables, logitsOf(variables, CLUSTER_HEAD, features, clusters, heads)),
  };
}

/** Logits [N, K] of every head of a group, of features h [N, F]. */
function logitsOf(
  variables: Variables,
  group: string,
  h: Tensor,
  K: number,
  { count, initialize }: PairHeads,
): Tensor[] {
  return Array.from({ length: count }, (_, i) =>
    linear(variables, `${group}.${i}`, h, { features: K, initialize }),
  );
}

/** Writes the step of a method, of which `lossOf` is the loss of one head. */
export function writePairStep(
  { crops, settings, step, model, context }: StepScope<PairSettings>,
  {
    heads,
    lossOf,
    randomBaselineLoss,
  }: {
    heads: PairHeads;
    /** Loss [] of probabilities x and x' of pairs, [rB, K] each. */
    lossOf(x: Tensor, perturbed: Tensor): Tensor;
    /** Loss of a head with K outputs that tells nothing apart, where it says so. */
    randomBaselineLoss?: (K: number) => number;
  },
): void {
  const { clusters, overClusters, perturbedViews } = settings;
  const [original, perturbed] = crops.map((group) => model.encode(group)) as [Tensor, Tensor];
  const groupOf = (name: string, K: number) => {
    const [own, others] = [original, perturbed].map((h) =>
      logitsOf(model.variables, name, h, K, heads).map((logits) => softmax(logits)),
    ) as [Tensor[], Tensor[]]; // [B, K] and [rB, K] each
    const losses = own.map((x, i) => lossOf(repeated(x, perturbedViews), others[i]!));
    return { own, others, losses, loss: mul(losses.reduce(add), 1 / losses.length) };
  };
  const over = groupOf(OVER_HEAD, overClusters);
  const cluster = groupOf(CLUSTER_HEAD, clusters);
  const rota = turnsOf(settings, context);
  const isClustering =
    rota && step.scalar('clusterTurn', (moment) => (rota.isClustering(moment) ? 1 : 0)); // []
  recordLosses(model.variables, cluster.losses, isClustering && { isRecorded: isClustering });
  step.minimize(
    isClustering
      ? add(mul(sub(1, isClustering), over.loss), mul(isClustering, cluster.loss))
      : add(over.loss, cluster.loss),
  );
  step.fact('clusterLoss', cluster.loss);
  step.fact('overClusterLoss', over.loss);
  const [x, y] = [repeated(cluster.own[0]!, perturbedViews), cluster.others[0]!]; // [rB, K] each
  step.observe({
    embeddings: model.project(original),
    agreement: mean(cast(equal(argMax(x), argMax(y)), 'float32')),
    usage: mean(cluster.own[0]!, { axes: [0] }), // [K]
    // In turns the loss jumps between the groups and is not compared with one number.
    isLossJudged: !rota,
    ...(randomBaselineLoss &&
      !rota && {
        randomBaselineLoss: randomBaselineLoss(overClusters) + randomBaselineLoss(clusters),
      }),
  });
  if (rota && rota.unlabeled > 0) {
    step.note(
      `${plural(rota.unlabeled, 'image')} without a label are seen by the over-clustering heads ` +
        'alone, and take no part in the clusters',
    );
  }
}

/** Rows of x [B, K] once per perturbed copy, in the order of the crops: [r B, K]. */
function repeated(x: Tensor, r: number): Tensor {
  return r === 1 ? x : concat(Array.from({ length: r }, () => x)); // [r B, K]
}

interface Turns {
  /** Number of images that the cluster heads never see. */
  unlabeled: number;
  isClustering(moment: Pick<Moment, 'step' | 'stepsPerEpoch'>): boolean;
}

/**
 * Turns of the heads; undefined where both groups learn together. Images that are only learned from
 * make turns, since no batch of the cluster heads may have them.
 */
function turnsOf(
  { training, clusterEpochs }: PairSettings,
  { extra = [], batchSize: B }: Pick<StepContext, 'extra' | 'batchSize'>,
): Turns | undefined {
  const unlabeled = extra.length < B ? 0 : extra.length;
  if (training === 'together' && unlabeled === 0) return undefined;
  return {
    unlabeled,
    isClustering: ({ step, stepsPerEpoch }) =>
      Math.floor(step / stepsPerEpoch) % (1 + clusterEpochs) > 0,
  };
}

/**
 * Orders images that are only learned from, as the unlabeled ones of STL-10: epochs of the cluster
 * heads visit the others alone, again from the first where they fill no whole epoch.
 */
export function pairPhase(settings: PairSettings, context: StepContext): EpochPhase | undefined {
  const rota = turnsOf(settings, context);
  if (!rota || rota.unlabeled === 0) return undefined;
  const { images, extra = [] } = context;
  const isExtra = new Uint8Array(images);
  for (let i = 0; i < extra.length; i++) isExtra[extra[i]!] = 1;
  const all = Uint32Array.from({ length: images }, (_, i) => i);
  const others = all.filter((i) => isExtra[i] === 0);
  return {
    isDue: () => false,
    run: async () => ({ state: {}, facts: {} }),
    order({ epoch, seed, count }) {
      const isClustering = rota.isClustering({ step: epoch, stepsPerEpoch: 1 });
      const order = randomAt(seed, 'shuffle', epoch).shuffle((isClustering ? others : all).slice());
      return Uint32Array.from({ length: count }, (_, i) => order[i % order.length]!);
    },
  };
}

/**
 * Refuses more clusters than images in a batch, which leaves clusters without an image in every
 * step, and batches that the images to cluster do not fill.
 *
 * @throws LikenessError `settings.clusters`, `settings.batchSize`, `settings.epochs`
 */
export function checkPairs(settings: PairSettings, context: StepContext): void {
  const { clusters, overClusters, clusterEpochs } = settings;
  const { batchSize: B, images, extra = [], epochs } = context;
  if (clusters > B) {
    throw new LikenessError(
      'settings.clusters',
      `clusters: received ${clusters} for batches of ${plural(B, 'image')}; expected at most ` +
        `${B}, so that each cluster can have an image in a batch. Lower clusters, or raise ` +
        'batchSize.',
    );
  }
  if (overClusters < clusters) {
    throw new LikenessError(
      'settings.clusters',
      `overClusters: received ${overClusters} with clusters=${clusters}; expected at least ` +
        `${clusters}. Raise overClusters, for example to ${7 * clusters}.`,
    );
  }
  const rota = turnsOf(settings, context);
  if (rota && epochs !== undefined && epochs < 2) {
    throw new LikenessError(
      'settings.epochs',
      `epochs: received ${epochs} with heads that learn in turns; expected at least ` +
        `${1 + clusterEpochs}, one turn of each. Raise epochs, or set training=together.`,
    );
  }
  const rest = images - extra.length;
  if (rota && rota.unlabeled > 0 && rest < B) {
    throw new LikenessError(
      'settings.batchSize',
      `batchSize: received ${B} for ${rest} labeled images, which are clustered, beside ` +
        `${extra.length} unlabeled ones; expected at most ${rest}. Lower batchSize.`,
    );
  }
}
