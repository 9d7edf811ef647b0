/**
 * ProPos: BYOL whose queries move in their neighborhood, and centers of clusters that are pulled to
 * those of the target and pushed away from each other.
 *
 * Source: Huang, Chen, Zhang, Shan, "Learning Representation for Clustering via Prototype
 * Scattering and Positive Sampling", IEEE TPAMI 2022 (arXiv:2111.12142): section 3.2 (prototype
 * scattering loss), 3.3 (positive sampling alignment), 3.4 (their sum). Authors' code:
 * `models/propos/byol_wrapper.py`, `models/propos/byol.py`, `models/basic_template.py`,
 * `config/cifar10_r18_propos.yml`.
 *
 * Before each epoch after the warm-up:
 *
 *   y = k-means(normalize(head'(f'(x))))        every image in its evaluation view, by the target
 *
 * In each step, for (q, k) of (view 1, view 2) and of (view 2, view 1):
 *
 *   q = head(f(x_q));  k = head'(f'(x_k))                 k without gradient
 *   A = 2 - 2 cos(predictor(q + sigma e), k)              e ~ N(0, I) of dimension D
 *   m_c = normalize(sum of normalize(q_i) with y_i = c)   n_c: the same of k
 *   S = mean over clusters c of the batch of
 *       -m_c·n_c / tau + ln(e^(m_c·n_c / tau) + sum over d != c of e^(m_c·m_d / tau))
 *   L = mean over both directions of A + lambda S
 *   xi ← momentum xi + (1 - momentum) theta               after the update, as in BYOL
 *
 * Symbols: B images per batch, D dimension of projections, K clusters, tau temperature, lambda
 * `prototypeWeight`, sigma `queryNoise`. In the warm-up lambda and sigma are 0. A is between 0 and
 * 4, and S between 0 and 2 / tau + ln K.
 *
 * As in the authors' code: a cluster of which the batch has no image gives no term, and its logit
 * in the other rows is -10; the predictor begins with N(0, 0.01) and has a rate of its own; each
 * view goes through each network alone.
 * Different: A has the constant 2, as in BYOL; the target moves after the optimizer's update, and
 * not before; the seed of k-means differs from epoch to epoch; the rate reaches its last value at
 * the end of the run; one process, in place of four with shuffled batch statistics, each of which
 * leaves out the clusters that its own part of the batch lacks.
 */
import { z } from 'zod';
import { kmeans } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { plural } from '../core/text.ts';
import { filled, normal } from '../nn/index.ts';
import {
  add,
  arange,
  cast,
  div,
  equal,
  gatherElements,
  greater,
  l2Normalize,
  logSoftmax,
  maskFill,
  matmul,
  maximum,
  mul,
  neg,
  oneHot,
  reshape,
  scalar,
  stopGradient,
  sub,
  sum,
  type Tensor,
  transpose,
  where,
} from '../tensor/index.ts';
import {
  clusterCount,
  kmeansSettings,
  prototypeSettings,
  requireClusters,
  requireClustersInBatch,
} from './clusterSettings.ts';
import { cosines } from './contrastive.ts';
import { defineMethod } from './defineMethod.ts';
import { embeddingProgram } from './embeddingProgram.ts';
import type { Model } from './model.ts';
import { encoderMomentumAt, momentumSettings } from './momentumEncoder.ts';
import { PREDICTOR, predict, predictionCosine, predictorDim } from './prediction.ts';
import type { EpochPhase, StepContext } from './program.ts';
import { type ProjectionOptions, project, projection, projectionSettings } from './projection.ts';
import { labelsAt, progressFact, unlabeled } from './pseudoLabels.ts';
import { rate, withDefault } from './settings.ts';
import type { Step } from './step.ts';

/** Logit of a cluster of which the batch has no image, as in the authors' code. */
const ABSENT = -10;
/** Labels of all images in the state. */
const LABELS = 'labels';

const settingsSchema = z.strictObject({
  ...projectionSettings,
  predictorDim: withDefault(predictorDim(), 256),
  predictorRate: rate().default(1).describe("factor of the predictor's learning rate"),
  // In some hundred steps a target of the paper's momentum would hardly leave its random start.
  encoderMomentum: withDefault(momentumSettings.encoderMomentum, 0.5),
  finalEncoderMomentum: withDefault(momentumSettings.finalEncoderMomentum, 0.99),
  clusters: clusterCount(10).describe('number K of clusters of k-means before each epoch'),
  clusterWarmupEpochs: prototypeSettings.clusterWarmupEpochs,
  ...kmeansSettings,
  temperature: rate().default(0.5).describe('tau of the softmax over cluster centers'),
  prototypeWeight: z.number().min(0).default(0.1).describe('lambda, weight of the cluster centers'),
  queryNoise: z
    .number()
    .min(0)
    .default(0.001)
    .describe('sigma, deviation of the noise that is added to queries'),
});
type ProposSettings = z.output<typeof settingsSchema>;

export const propos = defineMethod({
  name: 'propos',
  about: 'BYOL from noisy queries, with cluster centers that are scattered over the sphere',
  crops: 'pair',
  settings: settingsSchema,
  fits: ['clusters'],
  recipe: { optimizer: { learningRate: 0.004 } },
  presets: {
    'propos-cifar10': {
      description: "the authors' ResNet-18 recipe for CIFAR-10: 2x32 at batch 512, 1,000 epochs",
      settings: {
        data: {
          batchSize: 512,
          imageSize: 32,
          mean: [0.4914, 0.4822, 0.4465],
          std: [0.2023, 0.1994, 0.201],
        },
        views: { crops: [{ count: 2, size: 32 }], scales: [[0.08, 1]] },
        encoder: { architecture: 'resnet18', width: 64, stem: 'cifar' },
        optimizer: { name: 'sgd', learningRate: 0.1, weightDecay: 5e-4 },
        schedule: { epochs: 1000, warmupEpochs: 50 },
        method: {
          hiddenDim: 4096,
          embeddingDim: 256,
          predictorDim: 4096,
          predictorRate: 10,
          encoderMomentum: 0.996,
          finalEncoderMomentum: 0.996,
          clusters: 10,
          clusterWarmupEpochs: 50,
          clusterIterations: 300,
          clusterRestarts: 1,
          temperature: 0.5,
          prototypeWeight: 0.1,
          queryNoise: 0.001,
        },
      },
    },
  },
  check({ clusters }, { images, batchSize }) {
    requireClusters([clusters], images);
    requireClustersInBatch(clusters, batchSize);
  },
  head: (settings) => ({
    project: (variables, features) => project(variables, features, settings),
  }),
  stages: ({ settings, context }) => [
    { name: 'warm-up', epochs: settings.clusterWarmupEpochs },
    { name: 'prototypes', beforeEpoch: clustering(settings, context) },
  ],
  step({ views, settings, step, model, context }) {
    const target = step.momentumCopy({
      momentum: step.scalar('encoderMomentum', (moment) => encoderMomentumAt(settings, moment)),
      prefix: 'target.',
      when: 'after',
    });
    const { batchSize: B } = step;
    const { embeddingDim: D, queryNoise, prototypeWeight } = settings;
    const labels = step.state(LABELS, [step.images], () => unlabeled(step.images)).current; // [N]
    const y = labelsAt(labels, step.indices); // [B]
    const isClustered = step.during('prototypes'); // []
    const sigma = mul(queryNoise, isClustered); // []

    const projected = (network: Model, x: Tensor) =>
      projection(network.variables, network.encode(x), settings); // [B, D]
    const [q1, q2] = views.map((x) => projected(model, x)) as [Tensor, Tensor]; // [B, D] each
    const [k1, k2] = views.map((x) => projected(target, x)) as [Tensor, Tensor]; // [B, D] each
    const [p1, p2] = [q1, q2].map((q, view) => {
      const draw = (at: At) => noise(at, { view, count: B * D });
      const e = step.draw(`noise.${view}`, [B, D], draw); // [B, D]
      const moved = add(q, mul(sigma, e)); // [B, D]
      return predict(model.variables, moved, settings, { initialize: small }); // [B, D]
    }) as [Tensor, Tensor];
    const mean = (a: Tensor, b: Tensor) => mul(0.5, add(a, b));
    const alignment = mean(alignmentLoss(p1, k2), alignmentLoss(p2, k1));
    const scattering = mean(
      scatteringLoss(q1, k2, y, settings),
      scatteringLoss(q2, k1, y, settings),
    );
    const loss = add(alignment, mul(mul(prototypeWeight, isClustered), scattering));
    step.minimize(loss);
    step.minimize(loss, {
      group: PREDICTOR,
      variables: `${PREDICTOR}.`,
      learningRate: step.scalar(
        'predictorLearningRate',
        (moment) => settings.predictorRate * context.learningRate(moment),
      ),
    });
    step.fact('alignmentLoss', alignment);
    step.fact('scatteringLoss', scattering);
    const pairs = [l2Normalize(q1), l2Normalize(q2)] as const; // [B, D] each
    step.observe({ embeddings: pairs[0], pairs });
  },
});

/** First values of the predictor, as in the authors' code. */
const small = { weight: normal(0.01), bias: filled(0) };

type At = Parameters<Parameters<Step['draw']>[2]>[0];

/** Draws of the noise of a view, by (seed, step, view). */
function noise({ step, seed }: At, { view, count }: { view: number; count: number }): Float32Array {
  const random = randomAt(seed, 'proposNoise', step, view);
  return Float32Array.from({ length: count }, () => random.normal());
}

/** `2 - 2 cos(p, k)`, mean over the batch: from 0 to 4. No gradient flows through k [B, D]. */
export function alignmentLoss(p: Tensor, k: Tensor): Tensor {
  return sub(2, mul(2, predictionCosine(p, k)));
}

/**
 * Prototype scattering loss: the center of a cluster must find its center in the target among the
 * centers of all clusters of the batch. 0 where the batch has no labels. ln K where all K centers
 * are equal.
 *
 * @param q queries [B, D], of any length
 * @param k targets [B, D], of any length; no gradient flows through them
 * @param labels int32 [B]: 0 to K - 1, or `UNLABELED`
 */
export function scatteringLoss(
  q: Tensor,
  k: Tensor,
  labels: Tensor,
  { clusters: K, temperature }: { clusters: number; temperature: number },
): Tensor {
  const Y = oneHot(labels, K); // [B, K], a row of zeros where unlabeled
  const centers = (x: Tensor) => l2Normalize(matmul(transpose(Y), l2Normalize(x))); // [K, D]
  const m = centers(q); // [K, D]
  const n = stopGradient(centers(k)); // [K, D]
  const isPresent = greater(sum(Y, { axes: [0] }), 0.5); // [K]
  const index = arange(K); // [K]
  const isOwn = equal(reshape(index, [K, 1]), index); // [K, K]
  const cosine = where(isOwn, cosines(m, n), matmul(m, transpose(m))); // [K, K]
  const isAbsent = greater(0.5, cast(isPresent, 'float32')); // [K]
  const logits = maskFill(mul(cosine, 1 / temperature), isAbsent, ABSENT); // [K, K]
  const own = gatherElements(logSoftmax(logits), reshape(index, [K, 1])); // [K, 1]
  const present = cast(isPresent, 'float32'); // [K]
  const total = sum(mul(present, reshape(own, [K]))); // []
  return neg(div(total, maximum(sum(present), scalar(1))));
}

/** Labels of all images by k-means of the target's projections. */
function clustering(
  settings: ProjectionOptions & ProposSettings,
  context: StepContext,
): EpochPhase['run'] {
  const { clusters: K, clusterIterations, clusterRestarts } = settings;
  const { batchSize, imageSize: size } = context;
  const program = embeddingProgram(
    (variables, features) => project(variables, features, settings),
    context,
    { prefix: 'target.' },
  );
  return async ({ engine, epoch, seed, features, readState, onProgress, signal }) => {
    const Z = await features(program, { batchSize, size }); // [N, D]
    onProgress(`k-means into ${plural(K, 'cluster')}`);
    const { assignments, empty } = await kmeans(Z, K, {
      engine,
      metric: 'spherical',
      restarts: clusterRestarts,
      iterations: clusterIterations,
      seed: randomAt(seed, 'propos', epoch, 0).bits(),
      signal,
    });
    const before = (await readState([LABELS]))[LABELS]!;
    const facts = { emptyClusters: empty, ...progressFact(before, assignments) };
    return { state: { [LABELS]: Float32Array.from(assignments) }, facts };
  };
}
