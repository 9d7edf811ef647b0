/**
 * PICA: each cluster, seen as the column of its probabilities over a batch, finds itself in a
 * perturbed view, and all clusters get equal shares.
 *
 * Source: Huang, Gong, Zhu, CVPR 2020, the paper of PICA: section 3 (partition uncertainty index,
 * equations 3 to 7), section 4; the authors' pica/losses.py, pica/networks.py, main.py,
 * configs/*.yaml.
 *
 *   C_kl = cos(column k of x, column l of x')                                        [K, K]
 *   L    = mean over k of (-C_kk + ln sum over l of exp C_kl)
 *        + lambda (ln K + sum over k of p_k ln p_k),   p_k: share of cluster k in x
 *
 * Views, heads and their turns are those of `src/methods/pairHeads.ts`, with one head per group.
 *
 * Symbols: x probabilities of images, x' of their perturbed copies, K clusters, lambda weight of
 * the balance. The first term lies between ln(1 + (K - 1) / e) and ln K + 1; it has no temperature.
 *
 * As in the authors' code: both views carry gradient; the balance is of the unperturbed images
 * alone; the network sees edges (`frontEnd: 'sobel'`) in the paper's recipes.
 * Different: a cluster without any share counts as 0, where their code gives NaN; the last step is
 * taken, where theirs stores the epoch that labels like best; heads learn together unless
 * `training` says turns; images are evaluated in their central square.
 */
import { z } from 'zod';
import {
  add,
  arange,
  l2Normalize,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  oneHot,
  sum,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import { imbalanceOf } from './clusterContrast.ts';
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

const settingsSchema = z.strictObject({
  ...pairSettings,
  originalScale: originalScale(0.64),
  balanceWeight: z
    .number()
    .min(0)
    .default(2)
    .describe('lambda, weight of the term that keeps shares of the clusters equal'),
});

const heads = { count: 1 };

export const pica = defineMethod({
  name: 'pica',
  about: 'clusters find themselves in perturbed views, by columns; learns the clusters itself',
  crops: 'pair',
  settings: settingsSchema,
  presets: {
    'pica-cifar20': {
      description: "the paper's recipe for the 20 classes of CIFAR-100: ResNet-34 on edges, 32 px",
      settings: paperRecipe({
        data: {
          batchSize: 256,
          imageSize: 32,
          mean: [0.5071, 0.4866, 0.4409],
          std: [0.2009, 0.1984, 0.2023],
        },
        size: 32,
        clusters: 20,
        area: 0.64,
      }),
    },
    'pica-stl': {
      description: "the paper's recipe for STL-10: as for CIFAR, 96 px",
      settings: paperRecipe({
        data: { batchSize: 128, imageSize: 96 },
        size: 96,
        clusters: 10,
        area: 9216 / 12_544,
      }),
    },
  },
  cropSpecs: pairCrops,
  check: checkPairs,
  head: (settings) => pairHead(settings, heads),
  step: (scope) =>
    writePairStep(scope, {
      heads,
      lossOf: (x, perturbed) => picaLoss(x, perturbed, scope.settings).loss,
      randomBaselineLoss: Math.log,
    }),
  phase: ({ settings, context }) => pairPhase(settings, context),
});

/** The authors' configs. Their epoch has two passes, one per head, and ours has one. */
function paperRecipe({
  data,
  size,
  clusters,
  area,
}: {
  data: SettingsPatch['data'];
  size: number;
  clusters: number;
  area: number;
}) {
  return {
    data,
    views: {
      crops: [{ count: 2, size }],
      scales: [[0.2, 1]],
      jitterProbability: 1,
      brightness: 0.4,
      contrast: 0.4,
      saturation: 0.4,
      hue: 0.4,
      grayscaleProbability: 0.2,
    },
    encoder: { architecture: 'resnet34', width: 64, stem: 'pooled', frontEnd: 'sobel' },
    optimizer: { name: 'adam', learningRate: 1e-4, weightDecay: 0 },
    schedule: { epochs: 400, finalLearningRate: 1e-4 },
    method: {
      clusters,
      overClusters: 70,
      perturbedViews: 3,
      training: 'turns',
      clusterEpochs: 1,
      originalScale: area,
      balanceWeight: 2,
    },
  } satisfies SettingsPatch<z.input<typeof settingsSchema>>;
}

/**
 * Loss of one head: the partition uncertainty of the columns plus the weighted imbalance.
 *
 * - `uncertainty` is ln K where all columns are parallel, and ln(1 + (K - 1) / e) for one-hot,
 *   agreeing rows with an image in every cluster.
 * - `imbalance` lies between 0 and ln K.
 *
 * @param x probabilities of images, [B, K]
 * @param perturbed probabilities of their perturbed copies, [B, K]
 */
export function picaLoss(
  x: Tensor,
  perturbed: Tensor,
  { balanceWeight }: { balanceWeight: number },
): { loss: Tensor; similarities: Tensor; uncertainty: Tensor; imbalance: Tensor } {
  const K = x.shape[1]!;
  const [rows, columns] = [x, perturbed].map((p) => l2Normalize(transpose(p))) as [Tensor, Tensor];
  const similarities = matmul(rows, transpose(columns)); // [K, K]
  const own = oneHot(arange(K), K); // [K, K]
  const uncertainty = neg(mean(sum(mul(own, logSoftmax(similarities)), { axes: [1] }))); // []
  const imbalance = imbalanceOf(x); // []
  return {
    loss: add(uncertainty, mul(balanceWeight, imbalance)),
    similarities,
    uncertainty,
    imbalance,
  };
}
