/**
 * ADC, associative deep clustering: centroids are trained beside the network, so that random walks
 * from a centroid to images and back end at the same cluster, and walks from an augmented copy end
 * at a copy of the same image.
 *
 * Source: Haeusser, Plapp, Golkov, Aljalbout, Cremers, "Associative Deep Clustering: Training a
 * Classification Network with no Labels", GCPR 2018. Authors' code: `semisup/backend.py`,
 * `semisup/train_unsup2.py`, `semisup/augment.py`.
 *
 *   e = embedding(encoder(x))                        not on the sphere
 *   M = A Bᵀ;  p_ab = softmax of its rows;  p_ba = softmax of the rows of Mᵀ
 *   walker = cross-entropy of p_ab p_ba with the uniform distribution over rows of the same class
 *   visit  = cross-entropy of the mean row of p_ab with the uniform distribution
 *
 *   L = walker + v_c visit of (centroids → images; classes are clusters)
 *     + walker + v_i visit of (augmented copies → images; classes are images)
 *     + w cross-entropy of head(centroid) with its cluster
 *     + s (sum of (|e| - 1)² + sum of |e_d|) over all images, copies and centroids
 *     + t transformation loss
 *     + 5e-5 sum of the head's squared weights
 *
 * An image belongs to the cluster with the largest output of the linear head. Symbols: B images
 * per batch, C copies of each, K clusters, R centroids of each cluster, D dimension of embeddings,
 * v_c `visitWeight`, v_i `copyVisitWeight`, w `logitWeight`, s `sizeWeight`, t
 * `transformationWeight`.
 *
 * The transformation loss is the mean over pairs of |1 - CE(softmax(l_i), l_j) - e_i·e_j|, l being
 * outputs of the head for the images and one copy of each. In the authors' code the cross-entropy
 * is one number, the mean over all pairs (`variant: 'reference'`). Its weight there is 0.
 *
 * As in the authors' code: both cross-entropies of a walk are those of softmax(ln(1e-8 + p)); the
 * centroids of a cluster begin within 0.01 of a common point of N(0, 0.3).
 * Different: the network has no dropout and is one of ours, not a pre-activation ResNet-20; Adam
 * has its usual decay rates, not 0.8 and 0.9; the rate follows a cosine; copies change brightness
 * by a factor; centroids never restart from k-means, which is an option there; the embedding begins
 * with N(0, 0.01), so that first lengths are near 1, and walks are not decided before training.
 */
import { z } from 'zod';
import { filled, type Initializer, linear, normal, type Variables } from '../nn/index.ts';
import {
  abs,
  add,
  argMax,
  cast,
  concat,
  constant,
  div,
  dotRows,
  equal,
  l2Normalize,
  log,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  reshape,
  softmax,
  sqrt,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import {
  clusterCount,
  requireClusters,
  requireClustersInBatch,
  variant,
} from './clusterSettings.ts';
import { ofCrop } from './crops.ts';
import { defineMethod, type StepScope } from './defineMethod.ts';
import { projectionSettings } from './projection.ts';
import { labeledCrossEntropy } from './pseudoLabels.ts';
import { positive } from './settings.ts';

/** Added to a probability under a logarithm, as in the authors' code. */
const TINY = 1e-8;
/** Deviation of the clusters' first points, and largest distance of centroids from them. */
const SPREAD = 0.3;
const NEAR = 0.01;
/** Weight of the head's squared weights, half of 1e-4 in the authors' regularizer. */
const HEAD_DECAY = 5e-5;

const weight = (value: number) => z.number().min(0).default(value);
const settingsSchema = z.strictObject({
  embeddingDim: projectionSettings.embeddingDim,
  clusters: clusterCount(10).describe('number K of clusters that are learned'),
  centroids: positive(1024).default(4).describe('centroids of each cluster'),
  copies: positive(16).default(3).describe('augmented copies of each image in a step'),
  visitWeight: weight(0.5).describe('weight of visits of images from centroids'),
  copyVisitWeight: weight(1).describe('weight of visits of images from augmented copies'),
  logitWeight: weight(0.5).describe('weight of the classification of centroids'),
  sizeWeight: weight(2e-4).describe('weight of the sizes of embeddings and centroids'),
  transformationWeight: weight(0).describe('weight of the transformation loss'),
  variant: variant(),
});
type AdcSettings = z.output<typeof settingsSchema>;

export const adc = defineMethod({
  name: 'adc',
  about: 'walks between trained centroids and images end where they began; learns the clusters',
  crops: 'pair',
  settings: settingsSchema,
  fits: ['clusters'],
  presets: {
    'adc-cifar10': {
      description: "the authors' recipe for CIFAR-10 with one of our networks: 200,000 steps",
      settings: {
        data: { batchSize: 100, imageSize: 32, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
        views: {
          crops: [{ count: 2, size: 32 }],
          scales: [[0.64, 1]],
          affineRotation: 10,
          jitterProbability: 1,
          brightness: 0.5,
          contrast: 0.6,
          saturation: 0.3,
          hue: 0.2,
          grayscaleProbability: 0,
          noise: 0.025,
        },
        encoder: { architecture: 'resnet18', width: 16, stem: 'cifar' },
        optimizer: { name: 'adam', learningRate: 2e-4, weightDecay: 0 },
        schedule: { epochs: 400, warmupEpochs: 2 },
        method: {
          embeddingDim: 128,
          clusters: 10,
          centroids: 4,
          copies: 3,
          visitWeight: 0.5,
          copyVisitWeight: 1,
          logitWeight: 0.5,
          sizeWeight: 2e-4,
          transformationWeight: 0,
        },
      },
    },
  },
  cropSpecs({ copies }, [crop]) {
    const whole = { ...crop!, count: 1, scale: [1, 1], ratio: [1, 1], steps: [] };
    return [whole as typeof crop & object, { ...crop!, count: copies }];
  },
  check({ clusters }, { images, batchSize }) {
    requireClusters([clusters], images);
    requireClustersInBatch(clusters, batchSize);
  },
  head: (settings) => ({
    project: (variables, features) => l2Normalize(embedding(variables, features, settings)),
    assign: (variables, features) =>
      softmax(logitsOf(variables, embedding(variables, features, settings), settings)),
  }),
  step: associationStep,
});

/** First values of the embedding, by which first lengths are near 1. */
const first = { weight: normal(0.01), bias: filled(0) };

/** Embeddings e [N, D] of features [N, F]. */
function embedding(variables: Variables, h: Tensor, { embeddingDim }: AdcSettings): Tensor {
  return linear(variables, 'embedding', h, { features: embeddingDim, initialize: first }); // [N, D]
}

/** Outputs of the head [N, K] for embeddings or centroids e [N, D]. */
function logitsOf(variables: Variables, e: Tensor, { clusters }: AdcSettings): Tensor {
  return linear(variables, 'logit_fc', e, { features: clusters }); // [N, K]
}

/** First centroids [K R, D]: those of a cluster lie next to each other, around a random point. */
export function nearCenters(perCluster: number): Initializer {
  return ([count, D], random) => {
    const values = new Float32Array(count! * D!);
    for (let first = 0; first < count!; first += perCluster) {
      const center = Float32Array.from({ length: D! }, () => random.normal(0, SPREAD));
      for (let row = first; row < first + perCluster; row++) {
        for (let d = 0; d < D!; d++) {
          values[row * D! + d] = center[d]! + NEAR * (2 * random.uniform() - 1);
        }
      }
    }
    return values;
  };
}

function associationStep({ crops, settings, step, model, context }: StepScope<AdcSettings>): void {
  const { batchSize: B } = context;
  const { clusters: K, centroids: R, copies, embeddingDim: D } = settings;
  const [e, c] = crops.map((x) => embedding(model.variables, model.encode(x), settings)) as [
    Tensor,
    Tensor,
  ]; // [B, D], [copies B, D]
  const centroids = model.variables.parameter('centroids', [K * R, D], nearCenters(R)); // [K R, D]
  const clusterOf = classes(K * R, (row) => Math.floor(row / R)); // [K R]
  const imageOf = classes(copies * B, (row) => row % B); // [copies B]

  const ofClusters = associationLosses(centroids, e, clusterOf);
  const ofImages = associationLosses(c, e, imageOf);
  const known = logitsOf(model.variables, centroids, settings); // [K R, K]
  const { loss: logitLoss } = labeledCrossEntropy(known, clusterOf);
  const size = add(sizeOf(concat([e, c])), sizeOf(centroids));
  const [l, lCopy] = [e, ofCrop(c, 0, B)].map((x) => logitsOf(model.variables, x, settings)) as [
    Tensor,
    Tensor,
  ]; // [B, K] each
  // Known from the head, so its first values are there.
  const head = model.variables.parameter('logit_fc.weight', [K, D], filled(0)); // [K, D]
  const terms = [
    ofClusters.walker,
    mul(settings.visitWeight, ofClusters.visit),
    ofImages.walker,
    mul(settings.copyVisitWeight, ofImages.visit),
    mul(settings.logitWeight, logitLoss),
    mul(settings.sizeWeight, size),
    mul(HEAD_DECAY, sum(mul(head, head))),
  ];
  if (settings.transformationWeight > 0) {
    const of = { e: concat([e, ofCrop(c, 0, B)]), logits: concat([l, lCopy]) }; // [2B, …]
    terms.push(mul(settings.transformationWeight, transformationLoss(of, settings)));
  }
  step.minimize(terms.reduce((total, term) => add(total, term)));
  step.fact('clusterWalker', ofClusters.walker);
  step.fact('imageWalker', ofImages.walker);
  step.fact('logitLoss', logitLoss);
  step.observe({
    embeddings: l2Normalize(e), // [B, D]
    agreement: mean(cast(equal(argMax(l), argMax(lCopy)), 'float32')),
    usage: mean(softmax(l), { axes: [0] }), // [K]
  });
}

const classes = (count: number, of: (row: number) => number) =>
  constant(
    Int32Array.from({ length: count }, (_, row) => of(row)),
    [count],
  );

/**
 * Losses of walks a → b → a.
 *
 * - `walker` is at least the mean over rows of ln n, n being the rows of their class, and reaches
 *   it where each walk ends evenly among them.
 * - `visit` is at least ln M, and reaches it where all rows of b are visited alike.
 *
 * @param a [N, D]
 * @param b [M, D]
 * @param classOf classes of the rows of a, int32 [N]
 */
export function associationLosses(
  a: Tensor,
  b: Tensor,
  classOf: Tensor,
): { walker: Tensor; visit: Tensor } {
  const N = a.shape[0]!;
  const match = matmul(a, transpose(b)); // [N, M]
  const there = softmax(match); // [N, M]
  const walk = matmul(there, softmax(transpose(match))); // [N, N]
  const same = cast(equal(reshape(classOf, [N, 1]), classOf), 'float32'); // [N, N]
  const target = div(same, sum(same, { axes: [1], keepDims: true })); // [N, N]
  const logOf = (p: Tensor) => logSoftmax(log(add(p, TINY)));
  const visited = mean(there, { axes: [0] }); // [M]
  return {
    walker: neg(mean(sum(mul(target, logOf(walk)), { axes: [1] }))), // []
    visit: neg(mean(logOf(visited))), // []
  };
}

/** `sum of (|e| - 1)² + sum of |e_d|` over rows e [N, D]. */
export function sizeOf(e: Tensor): Tensor {
  const length = sqrt(add(dotRows(e, e), 1e-12)); // [N]
  const off = sub(length, 1); // [N]
  return add(sum(mul(off, off)), sum(abs(e)));
}

/**
 * `|1 - CE(softmax(l_i), l_j) - e_i·e_j|`, mean over all pairs of rows. As reference, the
 * cross-entropy is its mean over all pairs.
 */
export function transformationLoss(
  { e, logits }: { e: Tensor; logits: Tensor },
  { variant }: { variant: 'corrected' | 'reference' },
): Tensor {
  const entropy = neg(matmul(softmax(logits), transpose(logSoftmax(logits)))); // [N, N]
  const target = sub(1, variant === 'reference' ? mean(entropy) : entropy); // [N, N] or []
  return mean(abs(sub(target, matmul(e, transpose(e)))));
}
