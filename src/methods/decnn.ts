/**
 * DeCNN: sparse maps that explain images by convolutions with learned filters, in two layers.
 *
 * Source: Zeiler, Krishnan, Taylor, Fergus, "Deconvolutional Networks", CVPR 2010: equation 2 (the
 * cost of a layer), section 3.2 (learning of filters), section 4.1 (sizes). No code of the authors
 * was found, so details that the paper leaves open are choices of this library.
 *
 *   cost_l = (lambda / 2) ||sum over k of z_k * f_k - y||^2 + |z|_1      y = z of the layer below
 *   z = the maps of lowest cost, by ten steps of FISTA, without gradient
 *   f = the filters, of unit length, along the gradient of cost_1 + cost_2
 *
 * Symbols: y contrast-normalized images in layer 1; lambda = 3. Network and inference are
 * `src/nn/decnn.ts`. Features are |z| of layer 2, max-pooled to 4 x 4, and clusters come from
 * k-means on them.
 *
 * Different from the paper: maps are inferred by FISTA, which minimizes the same cost as its
 * splitting with a growing beta; lambda is 3, because layer 2 would begin without values at 1, the
 * paper's; both layers learn at once, each by its own cost, where the paper learns one after the
 * other; every map of layer 2 reads all maps of layer 1; ten steps of inference are fixed.
 */
import { z } from 'zod';
import { decnnLayers, decnnPooled, sparseCost } from '../nn/index.ts';
import { abs, add, cast, greater, l2Normalize, mean } from '../tensor/index.ts';
import { defineMethod } from './defineMethod.ts';
import { requireArchitecture } from './ownNetwork.ts';

export const decnn = defineMethod({
  name: 'decnn',
  about: 'sparse maps explain images by convolutions with learned filters (2010)',
  crops: 'single',
  rows: 'own',
  input: 'images',
  settings: z.strictObject({}),
  recipe: {
    views: { scales: [[1, 1]], jitterProbability: 0, grayscaleProbability: 0 },
    encoder: { architecture: 'decnn', width: 16, stemStart: 'random' },
  },
  presets: {
    'decnn-cifar': {
      description: 'two layers of 15 and 45 maps with filters of 7x7 on 32 px: Adam, 10 epochs',
      settings: {
        data: { batchSize: 128, imageSize: 32 },
        views: {
          crops: [{ count: 1, size: 32 }],
          scales: [[1, 1]],
          flipProbability: 0,
          jitterProbability: 0,
          grayscaleProbability: 0,
        },
        encoder: { architecture: 'decnn', width: 64 },
        optimizer: { name: 'adam', learningRate: 0.002, weightDecay: 0 },
        schedule: { epochs: 10 },
      },
    },
  },
  check: (_, context) => requireArchitecture('decnn', 'decnn', context),
  head: () => ({ project: (_variables, features) => l2Normalize(features) }),
  step({ views: [images], step, model, context }) {
    const layers = decnnLayers(model.encoderVariables, images!, context.encoder);
    const costs = layers.map((layer) => sparseCost(layer));
    step.minimize(costs.map(({ cost }) => cost).reduce((sum, cost) => add(sum, cost)));
    step.observe({ embeddings: l2Normalize(decnnPooled(layers)) });
    for (const [i, { reconstruction, sparsity }] of costs.entries()) {
      step.fact(`reconstruction${i + 1}`, reconstruction);
      step.fact(`sparsity${i + 1}`, sparsity);
      step.fact(`active${i + 1}`, mean(cast(greater(abs(layers[i]!.z), 0), 'float32')));
    }
  },
});
