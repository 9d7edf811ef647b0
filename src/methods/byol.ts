/**
 * BYOL: an online network predicts the projections that a slow moving average of itself gives of
 * another view, without negatives.
 *
 * Source: Grill, Strub, Altché, Tallec, Richemond, et al., "Bootstrap Your Own Latent", NeurIPS
 * 2020 (arXiv:2006.07733): section 3.1, equations 1 and 2; 3.3 (settings); appendix A (algorithm
 * 1).
 *
 *   p_v = predictor(head(f(x_v)))                         online network, of parameters theta
 *   t_v = head'(f'(x_v))                                  target network, parameters xi, no gradient
 *   L = mean of (2 - 2 cos(p_1, t_2)) + (2 - 2 cos(p_2, t_1))
 *   theta ← optimizer(theta, gradient of L)
 *   xi ← tau xi + (1 - tau) theta                         after the update, with the new theta
 *   tau rises from its first value to its last, 1 in the paper, by half a cosine
 *
 * Symbols: B images per batch, D dimension of projections, tau the target's momentum. L is between
 * 0 and 8.
 *
 * As in the authors' code: each view goes through each network alone, with batch statistics of its
 * own; the target network normalizes by its batch's statistics too.
 * Different: the head's last layer has a bias; both views are drawn alike (the authors blur one
 * always and the other rarely, and solarize only the other).
 */
import { z } from 'zod';
import { add, l2Normalize, mul, sub, type Tensor } from '../tensor/index.ts';
import { defineMethod } from './defineMethod.ts';
import type { Model } from './model.ts';
import { encoderMomentumAt, momentumSettings } from './momentumEncoder.ts';
import { predict, predictionCosine, predictorDim } from './prediction.ts';
import { project, projection, projectionSettings } from './projection.ts';
import { withDefault } from './settings.ts';

export const byol = defineMethod({
  name: 'byol',
  about: 'an online network predicts the projections of its own moving average; no negatives',
  crops: 'pair',
  rows: 'own',
  settings: z.strictObject({
    ...projectionSettings,
    predictorDim: withDefault(predictorDim(), 256),
    // In some hundred steps a target of the paper's momentum would hardly leave its random start.
    encoderMomentum: withDefault(momentumSettings.encoderMomentum, 0.5),
    finalEncoderMomentum: withDefault(momentumSettings.finalEncoderMomentum, 0.99),
    targetStart: z
      .enum(['copy', 'own'])
      .default('copy')
      .describe(
        'first weights of the target: a copy of the online network, or a draw of their own',
      ),
  }),
  recipe: { optimizer: { learningRate: 0.004 } },
  presets: {
    'byol-imagenet': {
      description:
        "the paper's ResNet-50 recipe at batch 4096: 2x224, LARS with warm-up, 1,000 epochs",
      settings: {
        data: { batchSize: 4096, imageSize: 224 },
        views: {
          crops: [{ count: 2, size: 224 }],
          scales: [[0.08, 1]],
          brightness: 0.4,
          contrast: 0.4,
          saturation: 0.2,
          hue: 0.1,
          blurProbability: 0.55,
          solarizeProbability: 0.1,
        },
        encoder: { architecture: 'resnet50', width: 64, stem: 'imagenet', residualInit: 'zero' },
        optimizer: { name: 'lars', learningRate: 3.2, weightDecay: 1.5e-6 },
        schedule: { epochs: 1000, warmupEpochs: 10 },
        method: {
          hiddenDim: 4096,
          embeddingDim: 256,
          predictorDim: 4096,
          encoderMomentum: 0.996,
          finalEncoderMomentum: 1,
          targetStart: 'own',
        },
      },
    },
  },
  head: (settings) => ({
    project: (variables, features) => project(variables, features, settings),
  }),
  step({ views, settings, step, model }) {
    const target = step.momentumCopy({
      momentum: step.scalar('encoderMomentum', (moment) => encoderMomentumAt(settings, moment)),
      prefix: 'target.',
      when: 'after',
      start: settings.targetStart,
    });
    const projected = (network: Model, x: Tensor) =>
      projection(network.variables, network.encode(x), settings); // [B, D]
    const [z1, p1, z2, p2] = views.flatMap((x) => {
      const own = projected(model, x); // [B, D]
      return [own, predict(model.variables, own, settings)]; // [B, D]
    }) as [Tensor, Tensor, Tensor, Tensor];
    const [t1, t2] = views.map((x) => projected(target, x)) as [Tensor, Tensor]; // [B, D] each
    step.minimize(byolLoss([p1, p2], [t1, t2]));
    const pairs = [l2Normalize(z1), l2Normalize(z2)] as const; // [B, D] each
    step.observe({ embeddings: pairs[0], pairs });
  },
});

/**
 * `(2 - 2 cos(p_1, t_2)) + (2 - 2 cos(p_2, t_1))`, mean over the batch: from 0 to 8, 4 at right
 * angles.
 */
export function byolLoss(
  [p1, p2]: readonly [Tensor, Tensor],
  [t1, t2]: readonly [Tensor, Tensor],
): Tensor {
  const cosine = add(predictionCosine(p1, t2), predictionCosine(p2, t1));
  return sub(4, mul(2, cosine));
}
