/**
 * Deep Comprehensive Correlation Mining: pairs of images, pseudo-labels, and the information that
 * an image's clusters hold about its pixels.
 *
 * Source: Wu, Long, Wang, Qian, Li, Lin, Zha, "Deep Comprehensive Correlation Mining for Image
 * Clustering", ICCV 2019; the authors' `main.py`, `models/cifar_C4_L2.py`, `models/dim_Model.py`.
 *
 *   c = softmax(head(encoder(clean x)))       no gradient, [B, K]
 *   g_ij = 1 where cos(c_i, c_j) >= .95       graph
 *   k_i = argmax c_i;  w_i = 1 where max c_i >= .9
 *   y = softmax(head(encoder(x)))             of an augmented view, [B, K]
 *   graph = mean over pairs of BCE(cos(y_i, y_j), g_ij)
 *   label = mean over images of w_i BCE(y_i, onehot k_i)
 *   info  = mean softplus(-T(M_i, Y_i)), mean softplus(-T(M_p, Y_i))    true pairs, their mean
 *         + mean softplus(T(M_n, Y_i)) over two n                       false pairs
 *   L = graph + 5 label + .05 info
 *
 * M_i is the map of view i near the pixels, Y_i the head's values before its last batch norm, at
 * every position of a map; T are three 1 x 1 convolutions. p is an image of the same graph as i, n
 * one that is not. An image belongs to the cluster with the largest y.
 *
 * Symbols: B images per batch, K clusters, P positions of a map, C channels, H `hiddenChannels`.
 *
 * Different from the authors' code: targets come from the clean images of the same batch, where the
 * code computes them once per block of 1,000; p and the two n are drawn uniformly; cosines are not
 * divided by their largest, the 1 of an image with itself; batch norm has running statistics.
 * `variant: 'reference'` repeats its choice of p and n: the first images of the batch, and p one
 * too low behind i.
 */
import { z } from 'zod';
import { randomAt } from '../core/random.ts';
import type { Variables } from '../nn/index.ts';
import {
  add,
  argMax,
  cast,
  greaterEqual,
  l2Normalize,
  max,
  mean,
  mul,
  oneHot,
  softmax,
  stopGradient,
  sub,
  type Tensor,
} from '../tensor/index.ts';
import { clusterCount, variant } from './clusterSettings.ts';
import { defineMethod, type StepScope } from './defineMethod.ts';
import { chosenPairs, informationLoss } from './localInformation.ts';
import {
  bernoulliCrossEntropy,
  cleanAndAugmented,
  relationLogits,
  relationLoss,
  requireClustersInBatch,
  sameCluster,
  similarities,
} from './pairRelations.ts';
import { fraction, positive, type SettingsPatch } from './settings.ts';

const settingsSchema = z.strictObject({
  clusters: clusterCount(10).describe('number K of clusters that are learned'),
  headWidth: positive(2 ** 16)
    .default(64)
    .describe("values of the head's hidden layer"),
  graphThreshold: fraction()
    .default(0.95)
    .describe('similarity from which two images belong together'),
  labelThreshold: fraction()
    .default(0.9)
    .describe('probability from which a cluster is a pseudo-label'),
  labelWeight: z.number().min(0).default(5).describe('weight of the pseudo-labels'),
  informationWeight: z
    .number()
    .min(0)
    .default(0.05)
    .describe('weight of the information about the pixels'),
  hiddenChannels: positive(2 ** 16)
    .default(64)
    .describe('channels of the network that tells true pairs from false ones; 512 in the paper'),
  variant: variant(),
});
type DccmSettings = z.output<typeof settingsSchema>;

export const dccm = defineMethod({
  name: 'dccm',
  about: 'pairs, pseudo-labels, and information of clusters about pixels (2019)',
  crops: 'pair',
  settings: settingsSchema,
  presets: {
    'dccm-cifar': {
      description: "the paper's recipe for CIFAR-10: its network, 32 images per step, RMSprop",
      settings: {
        data: { batchSize: 32, imageSize: 32, mean: [0, 0, 0], std: [1, 1, 1] },
        views: {
          crops: [{ count: 2, size: 32 }],
          scales: [[1, 1]],
          jitterProbability: 0,
          grayscaleProbability: 0,
          affineRotation: 20,
          affineShift: 0.18,
          affineZoom: [0.85, 1.15],
          channelShift: 0.1,
        },
        encoder: { architecture: 'dccm', width: 64 },
        optimizer: { name: 'rmsprop', learningRate: 1e-4, weightDecay: 0 },
        schedule: { epochs: 4000, finalLearningRate: 1e-4 },
        method: { clusters: 10, headWidth: 64, hiddenChannels: 512 },
      } satisfies SettingsPatch<z.input<typeof settingsSchema>>,
    },
  },
  cropSpecs: (_, [crop]) => cleanAndAugmented(crop!),
  check: requireClustersInBatch,
  head: (settings) => ({
    project: (_variables, features) => l2Normalize(features),
    assign: (variables, features) => softmax(logitsOf(variables, features, settings).logits),
  }),
  step: writeDccmStep,
});

function logitsOf(variables: Variables, features: Tensor, settings: DccmSettings) {
  const { headWidth: hidden, clusters } = settings;
  return relationLogits(variables, features, { hidden, clusters }); // [N, K] each
}

function writeDccmStep({ views, settings, step, model }: StepScope<DccmSettings>): void {
  const { batchSize: B } = step;
  const { variables } = model;
  const clean = model.encode(views[0]!); // [B, F]
  const target = stopGradient(softmax(logitsOf(variables, clean, settings).logits)); // [B, K]
  let map: Tensor | undefined;
  const features = model.encode(views[1]!, {
    onFirstMap: (found) => {
      map = found; // [B, C, h, w]
    },
  }); // [B, F]
  const { logits, raw } = logitsOf(variables, features, settings); // [B, K] each
  const y = softmax(logits); // [B, K]
  const graph = graphOf(target, settings); // [B, B]
  const { graphLoss, labelLoss, labeled } = dccmLoss(y, target, graph, settings);
  let loss = add(graphLoss, mul(settings.labelWeight, labelLoss));
  if (map && settings.informationWeight > 0) {
    const noise = step.draw('pairNoise', [3, B, B], ({ step: at, seed }) => {
      const random = randomAt(seed, 'dccmPairs', at);
      return Float32Array.from({ length: 3 * B * B }, () => random.uniform());
    });
    const pairs = chosenPairs(graph, noise, settings.variant);
    const information = informationLoss(variables, { map, values: raw, pairs }, settings);
    step.fact('information', information);
    loss = add(loss, mul(settings.informationWeight, information));
  } else if (settings.informationWeight > 0) {
    step.note('the network has no map near its pixels, so the information loss is left out');
  }
  step.minimize(loss);
  step.fact('graph', graphLoss);
  step.fact('labels', labelLoss);
  step.fact('labeled', labeled);
  step.observe({
    embeddings: model.project(features),
    agreement: sameCluster(y, target),
    usage: mean(y, { axes: [0] }), // [K]
    isLossJudged: false,
  });
}

/** 1 for pairs of images with a cosine of at least `graphThreshold`, else 0: [B, B]. */
export function graphOf(
  target: Tensor,
  { graphThreshold }: Pick<DccmSettings, 'graphThreshold'>,
): Tensor {
  return cast(greaterEqual(similarities(target), graphThreshold), 'float32');
}

/**
 * Losses of the graph and of the pseudo-labels, each at least 0, and the fraction of images with a
 * label. The label loss is a mean over all images, not over those with a label.
 *
 * @param y probabilities of the augmented views, [B, K]
 * @param target probabilities of the clean images, [B, K]; no gradient may reach them
 * @param graph 1 for pairs that belong together, else 0: [B, B]
 */
export function dccmLoss(
  y: Tensor,
  target: Tensor,
  graph: Tensor,
  { labelThreshold }: Pick<DccmSettings, 'labelThreshold'>,
): { graphLoss: Tensor; labelLoss: Tensor; labeled: Tensor } {
  const K = y.shape[1]!;
  const confidence = max(target, { axes: [1] }); // [B]
  const isLabeled = cast(greaterEqual(confidence, labelThreshold), 'float32'); // [B]
  const perImage = bernoulliCrossEntropy(y, oneHot(argMax(target), K)); // [B]
  return {
    graphLoss: relationLoss(similarities(y), { positive: graph, negative: sub(1, graph) }),
    labelLoss: mean(mul(isLabeled, perImage)),
    labeled: mean(isLabeled),
  };
}
