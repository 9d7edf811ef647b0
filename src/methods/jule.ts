/**
 * JULE: clusters are merged step by step, and between merges an encoder learns to bring the images
 * of a cluster together, by triplets.
 *
 * Source: Yang, Parikh, Batra, "Joint Unsupervised Learning of Deep Representations and Image
 * Clusters", CVPR 2016 (arXiv:1604.03628): equations 2, 5 and 9, algorithm 1; the authors' code for
 * Torch, `train.lua`, `affinity.lua`, `agg_clustering.lua`, `TripletEmbedding.lua`.
 *
 * Before every period of epochs (src/cluster/mergeByAffinity.ts):
 *
 *   X = encoder(x), or pixels before the first period    evaluation views, norm at most 1   [N, F]
 *   W = exp(-d / mean d) of the 20 nearest neighbors     d: squared distances
 *   y = clusters merged by their affinities in W         from n to max(K, n - ceil(eta n))   [N]
 *
 * In the epochs, over triplets of a batch, y_a = y_p, y_a ≠ y_n:
 *
 *   L = mean max(0, gamma |z_a - z_p|² - |z_a - z_n|² + margin)      z = encoder(x) / |encoder(x)|
 *
 * Symbols: B images per batch, N images, K clusters in the end, n clusters now, F dimension of
 * features, V negatives per anchor.
 *
 * Clusters of other images: the most similar mean of the K clusters to which the merges lead when
 * they go on at once. The means are computed again before every epoch.
 *
 * Different from the authors' code: the graph is sparse; K is a setting, not the number of labels;
 * each anchor has its negatives, drawn for all of its positives; `groupSize` images of a cluster
 * follow one another, so that batches of many images have pairs, where theirs are random.
 * `variant: 'reference'` repeats a slip of their gradients: the anchor is multiplied by gamma - 1
 * before the gradients of positive and negative are taken. At gamma 1 these are radial and vanish
 * in the normalization, so that only anchors learn.
 */
import { z } from 'zod';
import { randomAt } from '../core/random.ts';
import type { Variables } from '../nn/index.ts';
import {
  add,
  cast,
  constant,
  div,
  equal,
  gatherElements,
  greater,
  l2Normalize,
  matmul,
  maximum,
  mul,
  linear as product,
  relu,
  reshape,
  scalar,
  softmax,
  stopGradient,
  sub,
  sum,
  type Tensor,
  topK,
  transpose,
  where,
} from '../tensor/index.ts';
import {
  clusterCount,
  requireClusters,
  storedPrototypes,
  type Variant,
  variant,
} from './clusterSettings.ts';
import { defineMethod } from './defineMethod.ts';
import { julePhase, LABELS, MERGED, PROTOTYPES } from './julePhase.ts';
import { labelsAt, unlabeled } from './pseudoLabels.ts';
import { fraction, positive } from './settings.ts';

/** Temperature of the probabilities of clusters, of cosines with their means. */
const TEMPERATURE = 0.1;
/** Exponent of the decay of the learning rate, as in Caffe's policy `inv`. */
const DECAY_POWER = 0.75;

const settingsSchema = z.strictObject({
  clusters: clusterCount(10).describe('number K of clusters at the end of the merges'),
  neighbors: positive()
    .default(20)
    .describe('neighbors of each image in the graph, at most all others'),
  mergeFraction: fraction()
    .default(0.9)
    .describe('eta, fraction of the clusters that is merged before each period'),
  mergeEpochs: positive().default(5).describe('epochs of a period between merges; 20 in the paper'),
  groupSize: positive()
    .default(5)
    .describe('images of a cluster that follow one another in an epoch; 1: random order'),
  negatives: positive().default(20).describe('images of other clusters per anchor'),
  margin: z.number().min(0).default(0.2).describe('margin of the triplets'),
  positiveWeight: z
    .number()
    .positive()
    .default(1)
    .describe('gamma, weight of the distance to the positive'),
  rateDecay: z
    .number()
    .min(0)
    .default(0)
    .describe(
      'decay of the learning rate, (1 + decay step)^-0.75; 0: the schedule of the run. 1e-4 in ' +
        'the paper',
    ),
  augmentedViews: z
    .enum(['one', 'none'])
    .default('none')
    .describe('views that are augmented; others are the image itself, as in the paper'),
  variant: variant(),
});
type JuleSettings = z.output<typeof settingsSchema>;

export const jule = defineMethod({
  name: 'jule',
  about: 'merges clusters over a graph of neighbors, in turns with learning them by triplets',
  crops: 'single',
  input: 'images',
  settings: settingsSchema,
  recipe: {
    data: { batchSize: 100 },
    encoder: { architecture: 'jule', width: 64, stemStart: 'random' },
    optimizer: { name: 'sgd', learningRate: 0.1, weightDecay: 5e-5 },
  },
  presets: {
    'jule-cifar': {
      description: "the paper's recipe for color images of 32 px: its own network, 80 epochs",
      settings: {
        data: { batchSize: 100, imageSize: 32 },
        views: {
          crops: [{ count: 1, size: 32 }],
          scales: [[1, 1]],
          flipProbability: 0,
          jitterProbability: 0,
          grayscaleProbability: 0,
        },
        encoder: { architecture: 'jule', width: 64, stemStart: 'random' },
        optimizer: { name: 'sgd', learningRate: 0.01, weightDecay: 5e-5 },
        schedule: { epochs: 80 },
        method: { clusters: 10, mergeEpochs: 20, groupSize: 1, rateDecay: 1e-4 },
      },
    },
  },
  cropSpecs({ augmentedViews }, [crop]) {
    if (augmentedViews === 'one') return [crop!];
    // The image itself: its largest central square, with nothing drawn.
    return [{ ...crop!, scale: [1, 1], ratio: [1, 1], steps: [] }];
  },
  check: ({ clusters }, { images }) => requireClusters([clusters], images),
  head: (settings) => ({
    project: (_variables, features) => l2Normalize(features),
    assign: (variables, features) => probabilitiesOf(variables, features, settings),
  }),
  step({ crops: [images], settings, step, model, context }) {
    const { images: N, batchSize: B } = step;
    const z = l2Normalize(model.encode(images!)); // [B, F]
    const labels = step.state(LABELS, [N], () => unlabeled(N)).current;
    step.state(MERGED, [N], () => unlabeled(N));
    prototypesOf(model.variables, settings, z.shape[1]!);
    const order = step.draw('negativeOrder', [B, B], ({ step: at, seed }) => {
      const random = randomAt(seed, 'juleNegatives', at);
      return Float32Array.from({ length: B * B }, () => random.uniform());
    });
    const found = tripletLoss(z, { labels: labelsAt(labels, step.indices), order }, settings);
    const { learningRate } = context.optimizerSettings;
    const { rateDecay: decay } = settings;
    step.minimize(found.loss, {
      ...(decay > 0 && {
        learningRate: step.scalar(
          'decayedRate',
          ({ step: at }) => learningRate * (1 + decay * at) ** -DECAY_POWER,
        ),
      }),
    });
    step.observe({ embeddings: z, isLossJudged: false });
    step.fact('triplets', found.triplets);
    step.fact('violated', found.violated);
  },
  phase: ({ settings, context }) => julePhase(settings, context),
});

/** Means [K, F] of the clusters, of norm 1. */
function prototypesOf(variables: Variables, { clusters }: JuleSettings, F: number): Tensor {
  return storedPrototypes(variables, PROTOTYPES, { clusters: [clusters], embeddingDim: F });
}

/** Probabilities [N, K] of the clusters, of features [N, F]. */
function probabilitiesOf(variables: Variables, features: Tensor, settings: JuleSettings): Tensor {
  const means = prototypesOf(variables, settings, features.shape[1]!); // [K, F]
  return softmax(mul(product(l2Normalize(features), means), 1 / TEMPERATURE)); // [N, K]
}

export interface TripletOptions {
  negatives: number;
  margin: number;
  positiveWeight: number;
  variant: Variant;
}

/**
 * Mean of `max(0, gamma |z_a - z_p|² - |z_a - z_n|² + margin)` over the triplets of a batch, 0
 * where there are none.
 *
 * Anchor and positive are all pairs of one cluster, the anchor the first of the two. Negatives of
 * an anchor are the images of other clusters that come first in its order, at most V.
 *
 * @param z features of norm 1, [B, F]
 * @param labels int32 [B]
 * @param order random numbers in [0, 1), [B, B]; larger ones come first
 * @returns the loss, the number of triplets, and the fraction of them with a loss above 0
 */
export function tripletLoss(
  z: Tensor,
  { labels, order }: { labels: Tensor; order: Tensor },
  { negatives, margin, positiveWeight: gamma, variant }: TripletOptions,
): { loss: Tensor; triplets: Tensor; violated: Tensor } {
  const B = z.shape[0]!;
  const isReference = variant === 'reference';
  const distances = isReference ? referenceDistances(z, gamma) : squaredDistances(z, z); // [B, B]
  const same = equal(reshape(labels, [B, 1]), reshape(labels, [1, B])); // [B, B]
  const later = Float32Array.from({ length: B * B }, (_, i) => (i % B > Math.floor(i / B) ? 1 : 0));
  const pairs = mul(cast(same, 'float32'), constant(later, [B, B])); // [B, B]
  const { values, indices } = topK(where(same, scalar(-1), order), {
    k: Math.min(negatives, B),
  }); // [B, V]
  const V = values.shape[1]!;
  const isNegative = cast(greater(values, -0.5), 'float32'); // [B, V]
  const near = reshape(mul(gamma, distances), [B, B, 1]);
  const far = reshape(gatherElements(distances, indices, 1), [B, 1, V]);
  const weights = mul(reshape(pairs, [B, B, 1]), reshape(isNegative, [B, 1, V])); // [B, B, V]
  const losses = mul(weights, relu(add(sub(near, far), margin))); // [B, B, V]
  const triplets = sum(weights);
  const total = maximum(triplets, scalar(1));
  return {
    loss: div(sum(losses), total),
    triplets,
    violated: div(sum(cast(greater(losses, 0), 'float32')), total),
  };
}

/** Squared distances [B, B] of rows a and b, [B, F] each. */
function squaredDistances(a: Tensor, b: Tensor): Tensor {
  const B = a.shape[0]!;
  const squares = (x: Tensor) => sum(mul(x, x), { axes: [1] }); // [B]
  const norms = add(reshape(squares(a), [B, 1]), reshape(squares(b), [1, B])); // [B, B]
  return sub(norms, mul(2, matmul(a, transpose(b)))); // [B, B]
}

/**
 * Squared distances [B, B] with the gradients of the authors' code: the true one for the anchor,
 * and `2 (z - (gamma - 1) anchor)` for the other row.
 */
function referenceDistances(z: Tensor, gamma: number): Tensor {
  const B = z.shape[0]!;
  const others = reshape(sum(mul(z, z), { axes: [1] }), [1, B]);
  const slip = sub(others, mul(2 * (gamma - 1), matmul(stopGradient(z), transpose(z)))); // [B, B]
  return add(squaredDistances(z, stopGradient(z)), sub(slip, stopGradient(slip))); // [B, B]
}
