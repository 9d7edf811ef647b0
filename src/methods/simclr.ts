/**
 * SimCLR: two views of an image are each other's answer, all other images of the batch are wrong ones.
 *
 * Source: Chen, Kornblith, Norouzi, Hinton, "A Simple Framework for Contrastive Learning of Visual Representations",
 * ICML 2020 (arXiv:2002.05709): algorithm 1, equation 1.
 *
 *   z = normalise(head(encoder(x)))        both views in one batch
 *   L = NT-Xent(z_1, z_2; tau)             over 2B rows, each with 2B - 2 negatives
 *
 * Symbols: B images per batch, D length of embeddings, tau temperature.
 *
 * As in the authors' code: both views go through the network together, so that batch norm sees 2B images.
 * Different: the head's last layer is linear with a bias, where the authors' code has a batch norm, so that methods
 * are compared behind the same head; the loss is the mean over 2B rows of equation 1, where the authors' code adds the
 * means of both views, twice as much; batch norm's statistics are those of one process, which are all there are.
 */
import { createVariables, encode } from '../nn/index.ts';
import { input, type Tensor } from '../tensor/index.ts';
import { ntXent, pairAgreement } from './contrastive.ts';
import type { Method, MethodProgram, StepContext } from './method.ts';
import { embeddings, type ProjectionOptions } from './projection.ts';
import { cropInputs, initialStateOf, ofCrop, trainedState, vitalsOf } from './step.ts';

export interface SimclrOptions extends ProjectionOptions {
  /** tau. */
  temperature: number;
}

export const simclr: Method = {
  about: 'two views of an image find each other among the batch (NT-Xent)',
  crops: 'pair',
  fits: [],
  recipe: { temperature: 0.5 },
  presets: {
    'simclr-imagenet': {
      description: "the paper's ResNet-50 recipe at batch 4096: 2x224, LARS with warm-up, 100 epochs",
      settings: {
        architecture: 'resnet50',
        width: 64,
        stem: 'imagenet',
        crops: '2x224',
        scales: '0.08-1',
        hiddenLength: 2048,
        embeddingLength: 128,
        temperature: 0.1,
        batchSize: 4096,
        epochs: 100,
        optimizer: 'lars',
        learningRate: 4.8,
        warmupEpochs: 10,
        weightDecay: 1e-6,
        brightness: 0.8,
        contrast: 0.8,
        saturation: 0.8,
        hue: 0.2,
        blurProbability: 0.5,
        imageSize: 224,
      },
    },
  },
  program(settings, context) {
    const [images] = cropInputs(context); // [2B, 3, s, s]
    return simclrStep(images!, { ...settings, ...context });
  },
  head: (settings) => ({
    project: (variables, features) => embeddings(variables, features, settings),
  }),
};

/** The step on normalised images [2B, 3, s, s], first views first. */
export function simclrStep(
  images: Tensor,
  options: SimclrOptions & Pick<StepContext, 'batchSize' | 'encoder' | 'optimizer' | 'learningRate'>,
): MethodProgram & { gradients: Record<string, Tensor> } {
  const { batchSize: B, encoder, optimizer, learningRate } = options;
  const variables = createVariables();

  const z = embeddings(variables, encode(variables, images, encoder), options); // [2B, D]
  const [z1, z2] = [ofCrop(z, 0, B), ofCrop(z, 1, B)]; // [B, D] each
  const loss = ntXent(z1, z2, options);

  const { state, gradients } = trainedState(variables, loss, {
    optimizer,
    learningRate: input('learningRate', []),
  });
  return {
    gradients,
    chanceLoss: Math.log(2 * B - 1),
    program: {
      name: 'simclr-step',
      state,
      outputs: { loss, ...vitalsOf(z1), agreement: pairAgreement(z1, z2) },
    },
    initialState: (seed) => initialStateOf(state, variables.initialValues(seed)),
    scalars: (moment) => ({
      learningRate: learningRate(moment),
      ...optimizer.scalars(moment.step + 1, 'network'),
    }),
    encoderState: [...variables.parameters(), ...variables.buffers()].map(({ name }) => name),
  };
}
