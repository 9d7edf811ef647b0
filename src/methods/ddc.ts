/**
 * Deep Discriminative Clustering, a reconstruction: the clusters that the network sees now say
 * which pairs belong together, and every image is drawn into one of them.
 *
 * Source: Chang, Guo, Wang, Meng, Xiang, Pan, "Deep Discriminative Clustering Analysis", 2019
 * (arXiv:1905.01681). The authors' code was not found. Certain from the abstract: relations are
 * estimated under a global constraint (they are an equivalence), features under a local one (near
 * one-hot), relations and network in turns. The rest below is our choice.
 *
 *   y = softmax(head(encoder(x)))           of an augmented view, [B, K];  f = y / |y|
 *   c = argmax of head(encoder(clean x))    no gradient, [B]
 *   r_ij = 1 where c_i = c_j, else 0        an equivalence by construction
 *   L = mean over all pairs of -r ln s - (1 - r) ln(1 - s)      s_ij = f_i · f_j   (global)
 *     + w mean over images of -ln f_i[c_i]                                         (local)
 *
 * An image belongs to the cluster with the largest y. Symbols: B images per batch, K clusters,
 * w `localWeight`. The local term is 0 for one-hot outputs that agree with the cluster of the clean
 * image. Network, head and loop are those of DAC.
 */
import { z } from 'zod';
import {
  add,
  argMax,
  l2Normalize,
  mean,
  mul,
  neg,
  oneHot,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '../tensor/index.ts';
import { clusterCount } from './clusterSettings.ts';
import { paperRecipe, probabilitiesOf } from './dac.ts';
import { defineMethod } from './defineMethod.ts';
import {
  cleanAndAugmented,
  logOf,
  relationLoss,
  requireClustersInBatch,
  sameCluster,
  samePartition,
  similarities,
} from './pairRelations.ts';

export const ddc = defineMethod({
  name: 'ddc',
  about: "pairs are same or different by the network's own clusters; a reconstruction (2019)",
  crops: 'pair',
  settings: z.strictObject({
    clusters: clusterCount(10).describe('number K of clusters that are learned'),
    localWeight: z
      .number()
      .min(0)
      .default(1)
      .describe('weight of the term that draws each image into one cluster'),
  }),
  presets: {
    'ddc-cifar': {
      description: "DAC's network, views and optimizer for CIFAR; DDC's own were not found",
      settings: {
        ...paperRecipe({ batchSize: 128, epochs: 98 }),
        method: { clusters: 10, localWeight: 1 },
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
    const { global, local } = ddcLoss(y, target);
    step.minimize(add(global, mul(settings.localWeight, local)));
    step.fact('global', global);
    step.fact('local', local);
    step.observe({
      embeddings: model.project(augmented),
      agreement: sameCluster(y, target),
      usage: mean(y, { axes: [0] }), // [K]
      isLossJudged: false,
    });
  },
});

/**
 * Both terms of the loss, each at least 0.
 *
 * @param y probabilities of the augmented views, [B, K]
 * @param target probabilities of the clean images, [B, K]; no gradient reaches them
 */
export function ddcLoss(y: Tensor, target: Tensor): { global: Tensor; local: Tensor } {
  const clean = stopGradient(target);
  const positive = samePartition(clean); // [B, B]
  const global = relationLoss(similarities(y), { positive, negative: sub(1, positive) });
  const chosen = mul(l2Normalize(y), oneHot(argMax(clean), y.shape[1]!)); // [B, K]
  return { global, local: neg(mean(logOf(sum(chosen, { axes: [1] })))) };
}
