/**
 * Deep Adaptive Clustering: an image and another belong together where their cluster probabilities
 * point one way, and apart where they do not; pairs between are left for later.
 *
 * Source: Chang, Wang, Meng, Xiang, Pan, "Deep Adaptive Image Clustering", ICCV 2017; the authors'
 * `cifar10_2.py`, and the paper's schedule in HongtaoYang's `DAC.py`.
 *
 *   y = softmax(head(encoder(x)))           of an augmented view, [B, K]
 *   c = softmax(head(encoder(clean x)))     no gradient
 *   s_ij = cos(y_i, y_j);  t_ij = cos(c_i, c_j)
 *   r_ij = 1 where t_ij > u, 0 where t_ij < l, else the pair is not chosen
 *   L = mean over chosen pairs of -r ln s - (1 - r) ln(1 - s)
 *     + w mean of BCE(y, c)
 *
 * In epoch e of E, u falls and l rises linearly until they meet: u = .95 - λ and l = .455 + .1 λ
 * with λ from 0 to .45. An image belongs to the cluster with the largest y.
 *
 * Symbols: B images per batch, K clusters, u and l thresholds, w `ownWeight`. L is 0 for any
 * constant output, a collapse that the entropy of the clusters' use shows.
 *
 * Different from the authors' code: targets come from the clean images of the same batch, as in the
 * paper's algorithm, where the code computes them once per block of 1,000 images and then trains 20
 * passes over it; thresholds follow the run's length, which with the paper's 46 epochs is its step
 * of .0099; batch norm has running statistics, so that an image's cluster does not depend on the
 * others of its batch; views are not scaled by .975. The pair of an image with itself is counted,
 * as there; its loss is 0. Not copied: the first file's target of length 1 for outputs of sum 1.
 */
import { z } from 'zod';
import type { Variables } from '../nn/index.ts';
import {
  add,
  cast,
  greater,
  l2Normalize,
  less,
  mean,
  mul,
  softmax,
  stopGradient,
  type Tensor,
} from '../tensor/index.ts';
import { clusterCount } from './clusterSettings.ts';
import { defineMethod } from './defineMethod.ts';
import {
  bernoulliCrossEntropy,
  cleanAndAugmented,
  relationLogits,
  relationLoss,
  requireClustersInBatch,
  sameCluster,
  similarities,
  threshold,
  thresholdAt,
} from './pairRelations.ts';
import type { SettingsPatch } from './settings.ts';

const settingsSchema = z.strictObject({
  clusters: clusterCount(10).describe('number K of clusters that are learned'),
  upperThreshold: threshold(0.95, 0.5).describe(
    'similarity above which a pair belongs together, in the first epoch and after the last',
  ),
  lowerThreshold: threshold(0.455, 0.5).describe(
    'similarity below which a pair belongs apart, in the first epoch and after the last',
  ),
  ownWeight: z
    .number()
    .min(0)
    .default(0)
    .describe('weight of the cross-entropy of a view with the clean image; 1 in the code'),
});

export const dac = defineMethod({
  name: 'dac',
  about: 'pairs of images are same or different by their own cluster probabilities (2017)',
  crops: 'pair',
  settings: settingsSchema,
  presets: {
    'dac-cifar': {
      description: "the paper's recipe for CIFAR: its network, 128 images per step, RMSprop",
      settings: {
        ...paperRecipe({ batchSize: 128, epochs: 98 }),
        method: { clusters: 10, upperThreshold: [0.95, 0.5], lowerThreshold: [0.455, 0.5] },
      },
    },
    'dac-cifar-code': {
      description: "the recipe of the authors' second file for CIFAR, 32 images per step",
      settings: {
        ...paperRecipe({ batchSize: 32, epochs: 1000 }),
        method: {
          clusters: 10,
          upperThreshold: [0.99, 0.895],
          lowerThreshold: [0.8, 0.895],
          ownWeight: 1,
        },
      },
    },
  },
  cropSpecs: (_, [crop]) => cleanAndAugmented(crop!),
  check: requireClustersInBatch,
  head: (settings) => ({
    project: (_variables, features) => l2Normalize(features),
    assign: (variables, features) => probabilitiesOf(variables, features, settings),
  }),
  step({ views, settings, step, model }) {
    const [clean, augmented] = views.map((x) => model.encode(x)) as [Tensor, Tensor]; // [B, F] each
    const target = stopGradient(probabilitiesOf(model.variables, clean, settings)); // [B, K]
    const y = probabilitiesOf(model.variables, augmented, settings); // [B, K]
    const upper = step.scalar('upperThreshold', (at) => thresholdAt(settings.upperThreshold, at));
    const lower = step.scalar('lowerThreshold', (at) => thresholdAt(settings.lowerThreshold, at));
    const relations = chosenRelations(target, { upper, lower });
    const pairs = relationLoss(similarities(y), relations);
    const own = mean(bernoulliCrossEntropy(y, target));
    step.minimize(settings.ownWeight > 0 ? add(pairs, mul(settings.ownWeight, own)) : pairs);
    step.fact('positivePairs', mean(relations.positive));
    step.fact('negativePairs', mean(relations.negative));
    step.observe({
      embeddings: model.project(augmented),
      agreement: sameCluster(y, target),
      usage: mean(y, { axes: [0] }), // [K]
      // More pairs, and harder ones, are chosen from epoch to epoch.
      isLossJudged: false,
    });
  },
});

/** The paper's network, augmentation and optimizer; an epoch is a pass over the images. */
export function paperRecipe({ batchSize, epochs }: { batchSize: number; epochs: number }) {
  return {
    data: { batchSize, imageSize: 32, mean: [0, 0, 0], std: [1, 1, 1] },
    views: {
      crops: [{ count: 2, size: 32 }],
      scales: [[1, 1]],
      jitterProbability: 0,
      grayscaleProbability: 0,
      affineRotation: 10,
      affineShift: 0.09,
      affineZoom: [0.95, 1.05],
      channelShift: 0.05,
    },
    encoder: { architecture: 'dac', width: 64 },
    optimizer: { name: 'rmsprop', learningRate: 0.001, weightDecay: 0 },
    schedule: { epochs, finalLearningRate: 0.001 },
  } satisfies SettingsPatch;
}

/** Probabilities y [N, K] of the clusters, of features [N, F]. */
export function probabilitiesOf(
  variables: Variables,
  features: Tensor,
  { clusters }: { clusters: number },
): Tensor {
  return softmax(relationLogits(variables, features, { hidden: clusters, clusters }).logits);
}

/**
 * Pairs of one cluster, with a similarity above `upper`, and of two, below `lower`: 1 or 0, [B, B]
 * each.
 *
 * @param target probabilities of the clean images, [B, K]
 */
export function chosenRelations(
  target: Tensor,
  { upper, lower }: { upper: Tensor; lower: Tensor },
): { positive: Tensor; negative: Tensor } {
  const s = similarities(target); // [B, B]
  return {
    positive: cast(greater(s, upper), 'float32'), // [B, B]
    negative: cast(less(s, lower), 'float32'), // [B, B]
  };
}
