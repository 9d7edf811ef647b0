/**
 * IIC: an image and its perturbed copy get clusters with the largest mutual information.
 *
 * Source: Ji, Henriques, Vedaldi, "Invariant Information Clustering for Unsupervised Image
 * Classification and Segmentation", ICCV 2019 (arXiv:1807.06653): section 3.1 (equations 1 to 3),
 * 3.2 (over-clustering); the authors' code/utils/cluster/IID_losses.py, transforms.py,
 * cluster_eval.py, code/scripts/cluster/cluster_sobel_twohead.py, examples/commands.txt.
 *
 *   J = sum over pairs of x_i x'_iᵀ,  J <- (J + Jᵀ) / 2,  J <- J / sum of J          [K, K]
 *   L = -sum over k, l of J_kl (ln J_kl - lambda ln J_k - lambda ln J_l)             J_k: row sums
 *
 * Views, heads and their turns are those of `src/methods/pairHeads.ts`. Each group has several
 * heads, whose losses are averaged; the cluster head of the lowest running mean loss counts.
 *
 * Symbols: x probabilities of images, x' of their perturbed copies, K clusters, lambda weight of
 * the margins' entropies. With lambda 1, L is minus the mutual information, from -ln K to 0.
 *
 * As in the authors' code: entries and margins of J are floored after it is normalized; edges in
 * place of colors (`frontEnd: 'sobel'`) in the paper's recipes.
 * Different: gray is the mean of the channels, where theirs weights them by luminance; the head is
 * chosen by its loss and the last step is taken, where theirs choose both by labels unless told
 * otherwise; batch norm evaluates with running statistics, which theirs lacks for CIFAR-10; heads
 * learn together unless `training` says turns, and the over-clustering heads begin; images are
 * evaluated in their central square, theirs in a smaller one.
 */
import { z } from 'zod';
import { filled, normal } from '../nn/index.ts';
import {
  add,
  div,
  log,
  matmul,
  maximum,
  mul,
  neg,
  scalar,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import { clusterHeads } from './clusterHeads.ts';
import { defineMethod } from './defineMethod.ts';
import {
  checkPairs,
  originalScale,
  pairCrops,
  pairHead,
  pairPhase,
  pairSettings,
  writePairStep,
} from './pairHeads.ts';
import type { SettingsPatch } from './settings.ts';

/** Floor of probabilities under a logarithm, as in the authors' code. */
const EPSILON = Number.EPSILON;

const settingsSchema = z.strictObject({
  ...pairSettings,
  originalScale: originalScale((20 / 32) ** 2),
  clusterHeads: clusterHeads(5),
  marginWeight: z
    .number()
    .min(1)
    .default(1)
    .describe('lambda, weight of the entropies of both margins; above 1 it keeps clusters equal'),
});

/** Heads of a group begin as in the authors' code. */
const headsOf = ({ clusterHeads: count }: { clusterHeads: number }) => ({
  count,
  initialize: { weight: normal(0.01), bias: filled(0) },
});

export const iic = defineMethod({
  name: 'iic',
  about: 'an image and its perturbed copy share the most information about their clusters',
  crops: 'pair',
  settings: settingsSchema,
  presets: {
    'iic-cifar': {
      description: "the paper's recipe for CIFAR-10: ResNet-34 on edges, squares of 20 px",
      settings: paperRecipe({ batchSize: 220, perturbedViews: 3, epochs: 6000, clusterEpochs: 2 }),
    },
    'iic-cifar20': {
      description: "the paper's recipe for the 20 classes of CIFAR-100",
      settings: paperRecipe({
        ...{ batchSize: 200, perturbedViews: 5, epochs: 4000, clusterEpochs: 1 },
        clusters: 20,
      }),
    },
    'iic-stl': {
      description: "the paper's recipe for STL-10: squares of 64 px",
      settings: paperRecipe({
        ...{ batchSize: 140, perturbedViews: 5, epochs: 4000, clusterEpochs: 1 },
        size: 64,
        area: (64 / 96) ** 2,
      }),
    },
  },
  cropSpecs(settings, crops) {
    const [original, perturbed] = pairCrops(settings, crops);
    return [original!, { ...perturbed!, ratio: [1, 1] }];
  },
  check: checkPairs,
  head: (settings) => pairHead(settings, headsOf(settings)),
  step: (scope) =>
    writePairStep(scope, {
      heads: headsOf(scope.settings),
      lossOf: (x, perturbed) => iicLoss(x, perturbed, scope.settings).loss,
    }),
  phase: ({ settings, context }) => pairPhase(settings, context),
});

/** The authors' commands. Their epoch has `1 + clusterEpochs` passes, and ours has one. */
function paperRecipe({
  batchSize,
  perturbedViews,
  epochs,
  clusterEpochs,
  clusters = 10,
  size = 32,
  area = (20 / 32) ** 2,
}: {
  batchSize: number;
  perturbedViews: number;
  epochs: number;
  clusterEpochs: number;
  clusters?: number;
  size?: number;
  area?: number;
}) {
  return {
    data: { batchSize, imageSize: size, mean: [0, 0, 0], std: [1, 1, 1] },
    views: {
      crops: [{ count: 2, size }],
      scales: [[area, area]],
      jitterProbability: 1,
      brightness: 0.4,
      contrast: 0.4,
      saturation: 0.4,
      hue: 0.125,
      grayscaleProbability: 0,
    },
    encoder: { architecture: 'resnet34', width: 64, stem: 'pooled', frontEnd: 'sobel' },
    optimizer: { name: 'adam', learningRate: 1e-4, weightDecay: 0 },
    schedule: { epochs, finalLearningRate: 1e-4 },
    method: {
      clusters,
      overClusters: 7 * clusters,
      perturbedViews,
      training: 'turns',
      clusterEpochs,
      originalScale: area,
      clusterHeads: 5,
      marginWeight: 1,
    },
  } satisfies SettingsPatch<z.input<typeof settingsSchema>>;
}

/**
 * Loss of one head, `-sum of J (ln J - lambda ln J_row - lambda ln J_column)`. With lambda 1 it is
 * 0 where all rows are alike, and -ln K for one-hot rows that agree and fill all clusters equally.
 *
 * @param x probabilities of images, [B, K]
 * @param perturbed probabilities of their perturbed copies, [B, K]
 */
export function iicLoss(
  x: Tensor,
  perturbed: Tensor,
  { marginWeight }: { marginWeight: number },
): { loss: Tensor; joint: Tensor } {
  const counts = matmul(transpose(x), perturbed); // [K, K]
  const symmetric = mul(0.5, add(counts, transpose(counts))); // [K, K]
  const joint = div(symmetric, sum(symmetric)); // [K, K]
  const floored = (p: Tensor) => maximum(p, scalar(EPSILON));
  const ofRows = floored(sum(joint, { axes: [1], keepDims: true })); // [K, 1]
  const ofColumns = floored(sum(joint, { axes: [0], keepDims: true })); // [1, K]
  const J = floored(joint); // [K, K]
  const margins = mul(marginWeight, add(log(ofRows), log(ofColumns))); // [K, K]
  return { loss: neg(sum(mul(J, sub(log(J), margins)))), joint: J };
}
