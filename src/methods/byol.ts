/**
 * BYOL: an online network predicts what a slowly moving copy of itself makes of another view; there are no negatives.
 *
 * Source: Grill, Strub, Altché, Tallec, Richemond, et al., "Bootstrap Your Own Latent", NeurIPS 2020
 * (arXiv:2006.07733): section 3.1, equations 1 and 2; 3.3 (settings); appendix A (algorithm 1).
 *
 *   p_v = predictor(head(f(x_v)))                         online network, of parameters theta
 *   t_v = head'(f'(x_v))                                  target network, of parameters xi, no gradient
 *   L = mean of (2 - 2 cos(p_1, t_2)) + (2 - 2 cos(p_2, t_1))
 *   theta ← optimiser(theta, gradient of L);  xi ← tau xi + (1 - tau) theta     after the update, with the new theta
 *   tau rises from its first value to its last, 1 in the paper, by half a cosine
 *
 * Symbols: B images per batch, D length of projections, tau the target's momentum. L is between 0 and 8.
 *
 * As in the authors' code: each view goes through each network alone, with batch statistics of its own; the target
 * network normalises by its batch's statistics too.
 * Different: the head's last layer has a bias; both views are drawn alike (the authors blur one always and the other
 * rarely, and solarise only the other).
 */
import { createMomentumVariables, createVariables, encode, type Variables } from '../nn/index.ts';
import { add, input, l2Normalize, mul, scalar, sub, type Tensor } from '../tensor/index.ts';
import { pairAgreement } from './contrastive.ts';
import type { Method, MethodProgram, Moment, StepContext } from './method.ts';
import { encoderMomentumAt } from './momentumSchedule.ts';
import { type PredictorOptions, predict, predictionCosine } from './prediction.ts';
import { embeddings, type ProjectionOptions, projection } from './projection.ts';
import { cropInputs, initialStateOf, ofCrop, trainedState, vitalsOf } from './step.ts';

export type ByolOptions = ProjectionOptions & PredictorOptions;

export const byol: Method = {
  about: 'an online network predicts the projections of its own moving average; no negatives',
  crops: 'pair',
  fits: [],
  // In some hundred steps a target of the paper's momentum would hardly leave its random start.
  recipe: {
    encoderMomentum: 0.5,
    finalEncoderMomentum: 0.99,
    predictorLength: 256,
    learningRate: 0.004,
  },
  presets: {
    'byol-imagenet': {
      description: "the paper's ResNet-50 recipe at batch 4096: 2x224, LARS with warm-up, 1,000 epochs",
      settings: {
        architecture: 'resnet50',
        width: 64,
        stem: 'imagenet',
        crops: '2x224',
        scales: '0.08-1',
        hiddenLength: 4096,
        embeddingLength: 256,
        predictorLength: 4096,
        encoderMomentum: 0.996,
        finalEncoderMomentum: 1,
        batchSize: 4096,
        epochs: 1000,
        optimizer: 'lars',
        learningRate: 3.2,
        warmupEpochs: 10,
        weightDecay: 1.5e-6,
        brightness: 0.4,
        contrast: 0.4,
        saturation: 0.2,
        hue: 0.1,
        blurProbability: 0.55,
        solariseProbability: 0.1,
        imageSize: 224,
      },
    },
  },
  program(settings, context) {
    const [images] = cropInputs(context); // [2B, 3, s, s]
    return byolStep(images!, {
      ...settings,
      ...context,
      momentumAt: (moment) => encoderMomentumAt(settings, moment),
    });
  },
  head: (settings) => ({
    project: (variables, features) => embeddings(variables, features, settings),
  }),
};

/** `(2 - 2 cos(p_1, t_2)) + (2 - 2 cos(p_2, t_1))`, mean over the batch: from 0 to 8, 4 where all are at right angles. */
export function byolLoss([p1, p2]: readonly [Tensor, Tensor], [t1, t2]: readonly [Tensor, Tensor]): Tensor {
  const cosine = add(predictionCosine(p1, t2), predictionCosine(p2, t1));
  return sub(scalar(4), mul(scalar(2), cosine));
}

/** The step on normalised images [2B, 3, s, s], first views first. */
export function byolStep(
  images: Tensor,
  options: ByolOptions &
    Pick<StepContext, 'batchSize' | 'encoder' | 'optimizer' | 'learningRate'> & {
      /** tau at a moment of the schedule. */
      momentumAt(moment: Moment): number;
    },
): MethodProgram & { gradients: Record<string, Tensor> } {
  const { batchSize: B, encoder, optimizer, learningRate } = options;
  const variables = createVariables();
  const target = createMomentumVariables({
    follows: variables,
    momentum: input('encoderMomentum', []),
    prefix: 'target.',
    when: 'after',
  });
  const views = [ofCrop(images, 0, B), ofCrop(images, 1, B)] as const; // [B, 3, s, s] each
  const projected = (network: Variables, x: Tensor) =>
    projection(network, encode(network, x, encoder), options); // [B, D]

  const z1 = projected(variables, views[0]); // [B, D]
  const p1 = predict(variables, z1, options); // [B, D]
  const z2 = projected(variables, views[1]); // [B, D]
  const p2 = predict(variables, z2, options); // [B, D]
  const t1 = projected(target, views[0]); // [B, D]
  const t2 = projected(target, views[1]); // [B, D]
  const loss = byolLoss([p1, p2], [t1, t2]);

  const trained = trainedState(variables, loss, { optimizer, learningRate: input('learningRate', []) });
  const state = [...trained.state, ...target.state(trained.nextOf)];
  const [u1, u2] = [l2Normalize(z1), l2Normalize(z2)]; // [B, D] each
  return {
    gradients: trained.gradients,
    program: {
      name: 'byol-step',
      state,
      outputs: { loss, ...vitalsOf(u1), agreement: pairAgreement(u1, u2) },
    },
    initialState: (seed) =>
      initialStateOf(state, { ...variables.initialValues(seed), ...target.initialValues(seed) }),
    scalars: (moment) => ({
      learningRate: learningRate(moment),
      encoderMomentum: options.momentumAt(moment),
      ...optimizer.scalars(moment.step + 1, 'network'),
    }),
    encoderState: [...variables.parameters(), ...variables.buffers()].map(({ name }) => name),
  };
}
