/**
 * PCL: instance contrast with a momentum encoder, and contrast with the prototypes of clusterings
 * at several granularities, each cluster at a temperature of its own.
 *
 * Source: Li, Zhou, Xiong, Hoi, "Prototypical Contrastive Learning of Unsupervised
 * Representations", ICLR 2021 (arXiv:2005.04966): equations 11 (ProtoNCE) and 12 (phi), algorithm
 * 1, appendix B (settings).
 *
 * E step, before each epoch once `clusterWarmupEpochs` are over:
 *
 *   F = normalize(head_k(f_k(x)))          every image in its evaluation view, by the momentum encoder
 *   c, y = k-means(F, K_m)                 for each of M numbers of clusters
 *   phi = concentration(|F_i - c_y(i)|)    mean tau (src/cluster/concentration.ts)
 *   C = normalize(c)                       distances are those to the centroids before this
 *
 * M step:
 *
 *   theta_k ← m theta_k + (1 - m) theta_q
 *   q = normalize(head(f_q(x_1)));  k = normalize(head(f_k(x_2)))
 *   L = InfoNCE(q, k, queue) + 1/M sum_m ProtoNCE(q; C_m, y_m, phi_m)
 *   queue ← k in front, the oldest gone
 *
 * Symbols: B images per batch, N images, D dimension of embeddings, K_m clusters of clustering m,
 * tau temperature.
 *
 * v2 has a head of two layers, v1 a linear one (`hiddenDim: 0`) and no blur. Before the warm-up is
 * over the prototype term is multiplied by 0, so one compiled step serves the whole run.
 * Different from the authors' code: which prototypes are negatives (src/methods/protoNce.ts); the
 * learning rate falls along a cosine for v1 as well; k-means starts from another draw in each
 * epoch.
 */

import { z } from 'zod';
import {
  concentrations,
  distinctRows,
  featuresOf,
  kmeans,
  normalizeRows,
  squaredDistancesToOwn,
} from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { plural } from '../core/text.ts';
import { add, div, matmul, mean, mul, softmax, transpose } from '../tensor/index.ts';
import {
  clusterCounts,
  prototypeSettings,
  requireClusters,
  storedPrototypes,
  variant,
} from './clusterSettings.ts';
import { infoNce } from './contrastive.ts';
import { defineMethod } from './defineMethod.ts';
import { embeddingProgram } from './embeddingProgram.ts';
import { keyHead, queueSettings } from './moco.ts';
import { encoderMomentumAt } from './momentumEncoder.ts';
import type { EpochPhase, StepContext } from './program.ts';
import { meanOf, protoNce } from './protoNce.ts';
import { createQueue } from './queue.ts';
import { positive } from './settings.ts';
import {
  agreementFact,
  foundState,
  labelsName,
  prototypesName,
  storedClusters,
} from './storedClusters.ts';

const settingsSchema = z.strictObject({
  ...queueSettings,
  clusters: clusterCounts(250, 500, 1000),
  ...prototypeSettings,
  negativePrototypes: positive()
    .default(16_000)
    .describe(
      'prototypes drawn as negatives per step; with no more clusters than that, all of them',
    ),
  variant: variant(),
});
type PclSettings = z.output<typeof settingsSchema>;

/** Recipe of the paper, for one of its two versions. */
const imagenet = (views: object, method: Partial<PclSettings>) => ({
  data: { batchSize: 256, imageSize: 224 },
  views: {
    crops: [{ count: 2, size: 224 }],
    scales: [[0.2, 1] as [number, number]],
    brightness: 0.4,
    contrast: 0.4,
    saturation: 0.4,
    ...views,
  },
  encoder: { architecture: 'resnet50', width: 64, stem: 'imagenet' } as const,
  optimizer: { name: 'sgd', learningRate: 0.03, weightDecay: 1e-4 } as const,
  schedule: { epochs: 200, learningRatePer: 'epoch' } as const,
  method: {
    headNorm: 'none' as const,
    temperature: 0.2,
    encoderMomentum: 0.999,
    queueLength: 16_384,
    negativePrototypes: 16_384,
    clusters: [25_000, 50_000, 100_000],
    clusterRestarts: 5,
    clusterWarmupEpochs: 20,
    ...method,
  },
});

export const pcl = defineMethod({
  name: 'pcl',
  about:
    'instances and prototypes of several clusterings, contrasted with a momentum encoder (PCL)',
  crops: 'pair',
  settings: settingsSchema,
  fits: ['clusters', 'queueLength'],
  presets: {
    'pcl-v1-imagenet': {
      description:
        "the paper's ResNet-50 recipe with a linear head; the rate along a cosine instead of in steps",
      settings: imagenet(
        { jitterProbability: 1, hue: 0.4, grayscaleOrder: 'before' },
        { hiddenDim: 0 },
      ),
    },
    'pcl-v2-imagenet': {
      description: "the authors' improved ResNet-50 recipe: head of two layers, blur, cosine",
      settings: imagenet({ blurProbability: 0.5 }, { hiddenDim: 2048 }),
    },
  },
  check: ({ clusters }, { images }) => requireClusters(clusters, images),
  head: (settings) => ({
    project: (variables, features) => keyHead(variables, features, settings),
    prototypes: (variables) => storedPrototypes(variables, prototypesName(0), settings), // [K, D]
  }),
  stages: ({ settings, context }) => [
    { name: 'warm-up', epochs: settings.clusterWarmupEpochs },
    { name: 'prototypes', beforeEpoch: expectation(settings, context) },
  ],
  step({ views: [x1, x2], settings, step, model }) {
    // theta_k ← m theta_k + (1 - m) theta_q, before the keys are made
    const key = step.momentumCopy({
      momentum: step.scalar('encoderMomentum', (moment) => encoderMomentumAt(settings, moment)),
      when: 'before',
    });
    const { queueLength: length, embeddingDim: dimension, negativePrototypes: r } = settings;
    const q = model.embed(x1!); // [B, D]
    const k = key.embed(x2!); // [B, D]
    const queue = createQueue(step, 'queue', { length, dimension });
    const instanceLoss = infoNce(q, k, queue.current, settings);
    queue.push(k);

    const clusterings = settings.clusters.map((K, m) => ({
      ...storedClusters(step, m, { clusters: K, dimension }),
      // r distinct clusters per clustering; where there are no more, all are negatives.
      drawn:
        r < K
          ? step.draw(
              `negativePrototypes.${m}`,
              [r],
              (at) => distinctRows(K, r, randomAt(at.seed, 'pclNegatives', at.step, m)),
              'int32',
            ) // [r]
          : undefined,
    }));
    const prototypeLoss = meanOf(
      clusterings.map((clusters) => protoNce(q, { ...clusters, variant: settings.variant })),
    );
    step.minimize(add(instanceLoss, mul(prototypeLoss, step.during('prototypes'))));

    const { prototypes: C, phi } = clusterings[0]!;
    step.observe({
      embeddings: q,
      pairs: [q, k],
      usage: mean(softmax(div(matmul(q, transpose(C)), phi)), { axes: [0] }), // [K]
    });
    step.fact('instanceLoss', instanceLoss);
    step.fact('prototypeLoss', prototypeLoss);
  },
});

/** The E step: features by the momentum encoder, M clusterings, their concentrations. */
function expectation(settings: PclSettings, context: StepContext): EpochPhase['run'] {
  const { temperature, concentrationSmoothing: smoothing } = settings;
  const { batchSize, imageSize: size } = context;
  const program = embeddingProgram(
    (variables, features) => keyHead(variables, features, settings),
    context,
    {
      prefix: 'key.',
    },
  );
  return async ({ engine, epoch, seed, features, readState, onProgress, signal }) => {
    const F = await features(program, { batchSize, size }); // [N, D]
    const state: Values = {};
    let empty = 0;
    for (const [m, k] of settings.clusters.entries()) {
      onProgress(`k-means into ${plural(k, 'cluster')}`);
      const found = await kmeans(F, k, {
        engine,
        start: 'random',
        restarts: settings.clusterRestarts,
        iterations: settings.clusterIterations,
        tolerance: 0,
        seed: randomAt(seed, 'pcl', epoch, m).bits(),
        signal,
      });
      empty += found.empty;
      Object.assign(
        state,
        foundState(m, {
          prototypes: normalizeRows(featuresOf(found.centroids, F.dimension)).data, // [K, D]
          phi: concentrations(await squaredDistancesToOwn(engine, F, found), found.assignments, k, {
            temperature,
            smoothing,
          }), // [K]
          labels: found.assignments, // [N]
        }),
      );
    }
    const before = (await readState([labelsName(0)]))[labelsName(0)]!;
    return { state, facts: { empty, ...agreementFact(before, state[labelsName(0)]!) } };
  };
}
