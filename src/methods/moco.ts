/**
 * MoCo v2: a query finds its key among a queue of keys that a slowly moving encoder made.
 *
 * Sources: He, Fan, Wu, Xie, Girshick, "Momentum Contrast for Unsupervised Visual Representation Learning", CVPR 2020
 * (arXiv:1911.05722): algorithm 1, equations 1 and 2; Chen, Fan, Girshick, He, "Improved Baselines with Momentum
 * Contrastive Learning", 2020 (arXiv:2003.04297): the head of two layers, blur, cosine schedule, tau = 0.2.
 *
 *   theta_k ← m theta_k + (1 - m) theta_q                 before the keys are made
 *   q = normalise(head(f_q(x_1)));  k = normalise(head(f_k(x_2)))
 *   L = CE([q·k | q·queueᵀ] / tau, 0)                     queue as it was before this batch
 *   queue ← k in front, the oldest gone
 *
 * Symbols: B images per batch, L keys in the queue, D length of embeddings, m momentum, tau temperature.
 *
 * As in the authors' code: the loss is not symmetric (only the first view asks); the head has no batch norm; the key
 * encoder normalises by the statistics of its own batch and keeps its own running ones.
 * Different: keys are not shuffled between processes before batch norm. There is one process, so the batch statistics
 * that a query and its key share can tell them apart from older keys a little (the paper's section 3.3, on shuffling). The
 * queue moves rows instead of a pointer, and need not be a multiple of the batch.
 */
import { LikenessError } from '../core/errors.ts';
import { createMomentumVariables, createVariables, encode, type Variables } from '../nn/index.ts';
import { input, type Tensor } from '../tensor/index.ts';
import { infoNce, pairAgreement } from './contrastive.ts';
import type { Method, MethodProgram, Moment, StepContext } from './method.ts';
import { encoderMomentumAt } from './momentumSchedule.ts';
import { embeddings, type ProjectionOptions } from './projection.ts';
import { createQueue } from './queue.ts';
import { cropInputs, initialStateOf, ofCrop, trainedState, vitalsOf } from './step.ts';

export interface MocoOptions extends ProjectionOptions {
  /** tau. */
  temperature: number;
  /** L. */
  queueLength: number;
}

/**
 * Embeddings on the sphere. The authors' head has no batch norm. With one in its hidden layer embeddings fill the sphere
 * within the first epochs, where without they start in a narrow cone: what a run of a few hundred steps needs.
 */
export function project(variables: Variables, features: Tensor, options: ProjectionOptions): Tensor {
  return embeddings(variables, features, options, { norm: options.headNorm ?? 'none' }); // [N, D]
}

export const moco: Method = {
  about: 'a query finds its key in a queue of keys from a momentum encoder (MoCo v2)',
  crops: 'pair',
  fits: ['queueLength'],
  recipe: { temperature: 0.2, headNorm: 'batch', queueLength: 4096, encoderMomentum: 0.99 },
  presets: {
    'moco-v2-imagenet': {
      description:
        "the paper's ResNet-50 recipe: 2x224 at batch 256, a queue of 65,536 keys, SGD, 200 epochs",
      settings: {
        architecture: 'resnet50',
        width: 64,
        stem: 'imagenet',
        crops: '2x224',
        scales: '0.2-1',
        hiddenLength: 2048,
        embeddingLength: 128,
        temperature: 0.2,
        queueLength: 65_536,
        encoderMomentum: 0.999,
        batchSize: 256,
        epochs: 200,
        optimizer: 'sgd',
        learningRate: 0.03,
        weightDecay: 1e-4,
        blurProbability: 0.5,
        imageSize: 224,
      },
    },
  },
  program(settings, context) {
    if (settings.queueLength < 1) {
      throw new LikenessError(
        'settings.invalid',
        `queueLength: received ${settings.queueLength}; expected at least 1 for method moco, whose negatives are in the queue, such as 4096`,
      );
    }
    const [images] = cropInputs(context); // [2B, 3, s, s]
    return mocoStep(images!, {
      ...settings,
      ...context,
      momentumAt: (moment) => encoderMomentumAt(settings, moment),
    });
  },
  head: (settings) => ({
    project: (variables, features) => project(variables, features, settings),
  }),
};

/** The step on normalised images [2B, 3, s, s], first views first. */
export function mocoStep(
  images: Tensor,
  options: MocoOptions &
    Pick<StepContext, 'batchSize' | 'encoder' | 'optimizer' | 'learningRate'> & {
      /** m at a moment of the schedule. */
      momentumAt(moment: Moment): number;
    },
): MethodProgram & { gradients: Record<string, Tensor> } {
  const { batchSize: B, encoder, optimizer, learningRate, queueLength, embeddingLength } = options;
  const variables = createVariables();
  const key = createMomentumVariables({
    follows: variables,
    momentum: input('encoderMomentum', []),
    when: 'before',
  });
  const queue = createQueue('queue', queueLength, embeddingLength);

  const q = project(variables, encode(variables, ofCrop(images, 0, B), encoder), options); // [B, D]
  const k = project(key, encode(key, ofCrop(images, 1, B), encoder), options); // [B, D]
  const loss = infoNce(q, k, queue.current, options);

  const trained = trainedState(variables, loss, { optimizer, learningRate: input('learningRate', []) });
  const state = [...trained.state, ...key.state(), queue.state(k)];
  return {
    gradients: trained.gradients,
    chanceLoss: Math.log(1 + queueLength),
    program: {
      name: 'moco-step',
      state,
      outputs: { loss, ...vitalsOf(q), agreement: pairAgreement(q, k) },
    },
    initialState: (seed) =>
      initialStateOf(state, {
        ...variables.initialValues(seed),
        ...key.initialValues(seed),
        ...queue.initialValues(seed),
      }),
    scalars: (moment) => ({
      learningRate: learningRate(moment),
      encoderMomentum: options.momentumAt(moment),
      ...optimizer.scalars(moment.step + 1, 'network'),
    }),
    encoderState: [...variables.parameters(), ...variables.buffers()].map(({ name }) => name),
  };
}
