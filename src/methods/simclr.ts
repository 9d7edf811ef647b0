/**
 * SimCLR: two views of an image must find each other among all images of the batch.
 *
 * Source: Chen, Kornblith, Norouzi, Hinton, "A Simple Framework for Contrastive Learning of Visual
 * Representations", ICML 2020 (arXiv:2002.05709): algorithm 1, equation 1.
 *
 *   z = normalize(head(encoder(x)))        both views in one batch
 *   L = NT-Xent(z_1, z_2; tau)             over 2B rows, each with 2B - 2 negatives
 *
 * Symbols: B images per batch, D dimension of embeddings, tau temperature.
 *
 * As in the authors' code: both views go through the network together, so batch norm sees 2B
 * images.
 * Different: the head's last layer is linear with a bias, where the authors' code has a batch norm,
 * so that methods are compared behind the same head; the loss is the mean over 2B rows of equation
 * 1, where the authors' code adds the means of both views, twice as much; batch norm's statistics
 * are those of one process.
 */
import { z } from 'zod';
import { split, type Tensor } from '../tensor/index.ts';
import { ntXent } from './contrastive.ts';
import { defineMethod } from './defineMethod.ts';
import { project, projectionSettings } from './projection.ts';
import { rate } from './settings.ts';

export const simclr = defineMethod({
  name: 'simclr',
  about: 'two views of an image find each other among the batch (NT-Xent)',
  crops: 'pair',
  settings: z.strictObject({
    ...projectionSettings,
    temperature: rate().default(0.5).describe('tau of NT-Xent'),
  }),
  presets: {
    'simclr-imagenet': {
      description:
        "the paper's ResNet-50 recipe at batch 4096: 2x224, LARS with warm-up, 100 epochs",
      settings: {
        data: { batchSize: 4096, imageSize: 224, mean: [0, 0, 0], std: [1, 1, 1] },
        views: {
          crops: [{ count: 2, size: 224 }],
          scales: [[0.08, 1]],
          brightness: 0.8,
          contrast: 0.8,
          saturation: 0.8,
          hue: 0.2,
          blurProbability: 0.5,
        },
        encoder: {
          ...{ architecture: 'resnet50', width: 64, stem: 'imagenet', residualInit: 'zero' },
          batchNorm: 'joined',
        },
        optimizer: { name: 'lars', learningRate: 4.8, weightDecay: 1e-6, momentumForm: 'classic' },
        schedule: { epochs: 100, warmupEpochs: 10 },
        method: { hiddenDim: 2048, embeddingDim: 128, temperature: 0.1 },
      },
    },
  },
  head: (settings) => ({
    project: (variables, features) => project(variables, features, settings),
  }),
  step({ crops: [images], settings, step, model }) {
    const [z1, z2] = split(model.embed(images!), 2) as [Tensor, Tensor]; // [B, D] each
    step.minimize(ntXent(z1, z2, settings));
    step.observe({
      embeddings: z1,
      pairs: [z1, z2],
      randomBaselineLoss: Math.log(2 * step.batchSize - 1),
    });
  },
});
