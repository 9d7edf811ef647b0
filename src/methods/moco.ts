/**
 * MoCo v2: a query finds its key among a queue of keys that a slowly moving encoder made.
 *
 * Sources: He, Fan, Wu, Xie, Girshick, "Momentum Contrast for Unsupervised Visual Representation
 * Learning", CVPR 2020 (arXiv:1911.05722): algorithm 1, equations 1 and 2; Chen, Fan, Girshick, He,
 * "Improved Baselines with Momentum Contrastive Learning", 2020 (arXiv:2003.04297): the head of two
 * layers, blur, cosine schedule, tau = 0.2.
 *
 *   theta_k ← m theta_k + (1 - m) theta_q                 before the keys are made
 *   q = normalize(head(f_q(x_1)));  k = normalize(head(f_k(x_2)))
 *   L = CE([q·k | q·queueᵀ] / tau, 0)                     queue as it was before this batch
 *   queue ← k in front, the oldest gone
 *
 * Symbols: B images per batch, L keys in the queue, D dimension of embeddings, m momentum, tau
 * temperature.
 *
 * As in the authors' code: the loss is not symmetric (only the first view asks); the head has no
 * batch norm; the key encoder normalizes by the statistics of its own batch and keeps its own
 * running ones.
 * Different: keys are not shuffled between processes before batch norm. There is one process, so
 * the batch statistics that a query and its key share can tell them apart from older keys a little
 * (the paper's section 3.3, on shuffling). The queue moves rows instead of a pointer, and need not
 * be a multiple of the batch.
 */
import { z } from 'zod';
import type { Variables } from '../nn/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { infoNce } from './contrastive.ts';
import { defineMethod } from './defineMethod.ts';
import { encoderMomentumAt, momentumSettings } from './momentumEncoder.ts';
import { type ProjectionOptions, project, projectionSettings } from './projection.ts';
import { createQueue } from './queue.ts';
import { positive, rate, withDefault } from './settings.ts';

/** Settings of a query, its key, and a queue of keys, which PCL and HCSC have too. */
export const queueSettings = {
  ...projectionSettings,
  headNorm: z.enum(['batch', 'none']).default('batch').describe("norm in the head's hidden layer"),
  temperature: rate().default(0.2).describe('tau of InfoNCE'),
  ...momentumSettings,
  queueLength: positive().default(2048).describe('keys stored as negatives'),
};

/**
 * Embeddings on the sphere. The authors' head has no batch norm. With one in its hidden layer,
 * embeddings fill the sphere within the first epochs, where without they start in a narrow cone; a
 * run of a few hundred steps needs it.
 */
export function keyHead(
  variables: Variables,
  features: Tensor,
  options: ProjectionOptions & { headNorm: 'batch' | 'none' },
): Tensor {
  return project(variables, features, options, { norm: options.headNorm }); // [N, D]
}

export const moco = defineMethod({
  name: 'moco',
  about: 'a query finds its key in a queue of keys from a momentum encoder (MoCo v2)',
  crops: 'pair',
  rows: 'own',
  settings: z.strictObject({
    ...queueSettings,
    queueLength: withDefault(queueSettings.queueLength, 4096),
  }),
  fits: ['queueLength'],
  presets: {
    'moco-v2-imagenet': {
      description:
        "the paper's ResNet-50 recipe: 2x224 at batch 256, a queue of 65,536 keys, SGD, 200 epochs",
      settings: {
        data: { batchSize: 256, imageSize: 224 },
        views: { crops: [{ count: 2, size: 224 }], scales: [[0.2, 1]], blurProbability: 0.5 },
        encoder: { architecture: 'resnet50', width: 64, stem: 'imagenet' },
        optimizer: { name: 'sgd', learningRate: 0.03, weightDecay: 1e-4 },
        schedule: { epochs: 200, learningRatePer: 'epoch' },
        method: {
          hiddenDim: 2048,
          embeddingDim: 128,
          headNorm: 'none',
          temperature: 0.2,
          queueLength: 65_536,
          encoderMomentum: 0.999,
        },
      },
    },
  },
  head: (settings) => ({
    project: (variables, features) => keyHead(variables, features, settings),
  }),
  step({ views: [x1, x2], settings, step, model }) {
    const key = step.momentumCopy({
      momentum: step.scalar('encoderMomentum', (moment) => encoderMomentumAt(settings, moment)),
      when: 'before',
    });
    const queue = createQueue(step, 'queue', {
      length: settings.queueLength,
      dimension: settings.embeddingDim,
    });
    const q = model.embed(x1!); // [B, D]
    const k = key.embed(x2!); // [B, D]
    step.minimize(infoNce(q, k, queue.current, settings));
    queue.push(k);
    step.observe({
      embeddings: q,
      pairs: [q, k],
      randomBaselineLoss: Math.log(1 + settings.queueLength),
    });
  },
});
