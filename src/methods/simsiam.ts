/**
 * SimSiam: each view predicts the other's projection behind a stop-gradient, without negatives and
 * without a second network.
 *
 * Source: Chen, He, "Exploring Simple Siamese Representation Learning", CVPR 2021
 * (arXiv:2011.10566): algorithm 1, equations 1 to 4, section 3 (baseline settings).
 *
 *   z_v = head(f(x_v));  p_v = predictor(z_v)
 *   L = -1/2 cos(p_1, stopgrad z_2) - 1/2 cos(p_2, stopgrad z_1)
 *
 * Symbols: B images per batch, D dimension of projections. L is between -1 and 1; agreement and
 * collapse both reach -1, so the loss alone says nothing.
 *
 * As in the authors' code: a head of three layers with batch norm at its output, too, without scale
 * and shift; no trained biases in front of a batch norm; each view goes through the network alone; the
 * predictor's learning rate stays at the highest rate while the rest follows the schedule.
 */
import { z } from 'zod';
import { mlp, type Variables } from '../nn/index.ts';
import { add, l2Normalize, mul, type Tensor } from '../tensor/index.ts';
import { defineMethod } from './defineMethod.ts';
import { PREDICTOR, predict, predictionCosine, predictorDim } from './prediction.ts';
import { type ProjectionOptions, projectionSettings } from './projection.ts';
import { withDefault } from './settings.ts';

/**
 * Projections z [N, D] of features [N, F]: three linear layers with batch norm; one where
 * `hiddenDim` is 0.
 */
function projectionOf(
  variables: Variables,
  features: Tensor,
  { hiddenDim, embeddingDim }: ProjectionOptions,
): Tensor {
  const widths = hiddenDim > 0 ? [hiddenDim, hiddenDim, embeddingDim] : [embeddingDim];
  return mlp(variables, 'projection_head', features, {
    widths,
    hiddenBias: 'without',
    last: 'norm',
  }); // [N, D]
}

export const simsiam = defineMethod({
  name: 'simsiam',
  about: "each view predicts the other's projection behind a stop-gradient; no negatives",
  crops: 'pair',
  rows: 'own',
  settings: z.strictObject({
    ...projectionSettings,
    embeddingDim: withDefault(projectionSettings.embeddingDim, 256),
    predictorDim: withDefault(predictorDim(), 64),
  }),
  recipe: { method: { hiddenDim: 256 } },
  presets: {
    'simsiam-imagenet': {
      description: "the paper's ResNet-50 recipe: 2x224 at batch 512, SGD, 100 epochs",
      settings: {
        data: { batchSize: 512, imageSize: 224 },
        views: { crops: [{ count: 2, size: 224 }], scales: [[0.2, 1]], blurProbability: 0.5 },
        encoder: {
          ...{ architecture: 'resnet50', width: 64, stem: 'imagenet', residualInit: 'zero' },
          batchNorm: 'joined',
        },
        optimizer: { name: 'sgd', learningRate: 0.1, weightDecay: 1e-4 },
        schedule: { epochs: 100, learningRatePer: 'epoch' },
        method: { hiddenDim: 2048, embeddingDim: 2048, predictorDim: 512 },
      },
    },
  },
  head: (settings) => ({
    project: (variables, features) => l2Normalize(projectionOf(variables, features, settings)),
  }),
  step({ views, settings, step, model, context }) {
    const [z1, p1, z2, p2] = views.flatMap((x) => {
      const projection = projectionOf(model.variables, model.encode(x), settings); // [B, D]
      return [
        projection,
        predict(model.variables, projection, settings, { hiddenBias: 'without' }),
      ]; // [B, D]
    }) as [Tensor, Tensor, Tensor, Tensor];
    const loss = simsiamLoss([p1, p2], [z1, z2]);
    step.minimize(loss);
    step.minimize(loss, {
      group: PREDICTOR,
      variables: `${PREDICTOR}.`,
      learningRate: step.scalar(
        'predictorLearningRate',
        () => context.optimizerSettings.learningRate,
      ),
    });
    const pairs = [l2Normalize(z1), l2Normalize(z2)] as const; // [B, D] each
    step.observe({ embeddings: pairs[0], pairs });
  },
});

/**
 * `-1/2 cos(p_1, stopgrad z_2) - 1/2 cos(p_2, stopgrad z_1)`, mean over the batch: from -1 to 1.
 */
export function simsiamLoss(
  [p1, p2]: readonly [Tensor, Tensor],
  [z1, z2]: readonly [Tensor, Tensor],
): Tensor {
  return mul(-0.5, add(predictionCosine(p1, z2), predictionCosine(p2, z1)));
}
