/**
 * SimSiam: each view predicts the other's projection, through which no gradient flows; no negatives, no second network.
 *
 * Source: Chen, He, "Exploring Simple Siamese Representation Learning", CVPR 2021 (arXiv:2011.10566): algorithm 1,
 * equations 1 to 4, section 3 (baseline settings).
 *
 *   z_v = head(f(x_v));  p_v = predictor(z_v)
 *   L = -1/2 cos(p_1, stopgrad z_2) - 1/2 cos(p_2, stopgrad z_1)
 *
 * Symbols: B images per batch, D length of projections. L is between -1 and 1; -1 is reached by agreement and by collapse
 * alike, so the loss alone says nothing.
 *
 * As in the authors' code: a head of three layers whose output is batch-normalised too, without scale and shift; no
 * biases in front of a batch norm; each view goes through the network alone; the predictor's learning rate stays at the
 * highest rate while the rest follows the schedule.
 */
import { createVariables, encode, mlp, type Optimizer, type Variables } from '../nn/index.ts';
import { add, input, l2Normalize, mul, scalar, type Tensor } from '../tensor/index.ts';
import { pairAgreement } from './contrastive.ts';
import type { Method, MethodProgram, StepContext } from './method.ts';
import { PREDICTOR, type PredictorOptions, predict, predictionCosine } from './prediction.ts';
import type { ProjectionOptions } from './projection.ts';
import { cropInputs, initialStateOf, ofCrop, trainedState, vitalsOf } from './step.ts';

export type SimsiamOptions = ProjectionOptions & PredictorOptions;

/** Projections z [N, D] of features [N, F]: three linear layers, each with batch norm; one where `hiddenLength` is 0. */
export function project(
  variables: Variables,
  features: Tensor,
  { hiddenLength, embeddingLength }: ProjectionOptions,
): Tensor {
  const widths = hiddenLength > 0 ? [hiddenLength, hiddenLength, embeddingLength] : [embeddingLength];
  return mlp(variables, 'projection_head', features, { widths, hiddenBias: 'without', last: 'norm' }); // [N, D]
}

export const simsiam: Method = {
  about: "each view predicts the other's projection behind a stop-gradient; no negatives",
  crops: 'pair',
  fits: [],
  recipe: { hiddenLength: 256, embeddingLength: 256, predictorLength: 64 },
  presets: {
    'simsiam-imagenet': {
      description: "the paper's ResNet-50 recipe: 2x224 at batch 512, SGD, 100 epochs",
      settings: {
        architecture: 'resnet50',
        width: 64,
        stem: 'imagenet',
        crops: '2x224',
        scales: '0.2-1',
        hiddenLength: 2048,
        embeddingLength: 2048,
        predictorLength: 512,
        batchSize: 512,
        epochs: 100,
        optimizer: 'sgd',
        learningRate: 0.1,
        weightDecay: 1e-4,
        blurProbability: 0.5,
        imageSize: 224,
      },
    },
  },
  program(settings, context) {
    const [images] = cropInputs(context); // [2B, 3, s, s]
    return simsiamStep(images!, { ...settings, ...context, predictorLearningRate: settings.learningRate });
  },
  head: (settings) => ({
    project: (variables, features) => l2Normalize(project(variables, features, settings)),
  }),
};

/** `-1/2 cos(p_1, stopgrad z_2) - 1/2 cos(p_2, stopgrad z_1)`, mean over the batch: from -1 to 1. */
export function simsiamLoss(
  [p1, p2]: readonly [Tensor, Tensor],
  [z1, z2]: readonly [Tensor, Tensor],
): Tensor {
  return mul(scalar(-0.5), add(predictionCosine(p1, z2), predictionCosine(p2, z1)));
}

/** The step on normalised images [2B, 3, s, s], first views first. */
export function simsiamStep(
  images: Tensor,
  options: SimsiamOptions &
    Pick<StepContext, 'batchSize' | 'encoder' | 'optimizer' | 'learningRate'> & {
      /** The predictor's learning rate at every step. */
      predictorLearningRate: number;
    },
): MethodProgram & { gradients: Record<string, Tensor> } {
  const { batchSize: B, encoder, learningRate } = options;
  const optimizer = withPredictorRate(options.optimizer, input('predictorLearningRate', []));
  const variables = createVariables();
  const projected = (v: number) =>
    project(variables, encode(variables, ofCrop(images, v, B), encoder), options); // [B, D]

  const z1 = projected(0); // [B, D]
  const p1 = predict(variables, z1, options, { hiddenBias: 'without' }); // [B, D]
  const z2 = projected(1); // [B, D]
  const p2 = predict(variables, z2, options, { hiddenBias: 'without' }); // [B, D]
  const loss = simsiamLoss([p1, p2], [z1, z2]);

  const { state, gradients } = trainedState(variables, loss, {
    optimizer,
    learningRate: input('learningRate', []),
    groupOf: (name) => (name.startsWith(`${PREDICTOR}.`) ? PREDICTOR : 'network'),
  });
  const [u1, u2] = [l2Normalize(z1), l2Normalize(z2)]; // [B, D] each
  return {
    gradients,
    program: {
      name: 'simsiam-step',
      state,
      outputs: { loss, ...vitalsOf(u1), agreement: pairAgreement(u1, u2) },
    },
    initialState: (seed) => initialStateOf(state, variables.initialValues(seed)),
    scalars: (moment) => ({
      learningRate: learningRate(moment),
      predictorLearningRate: options.predictorLearningRate,
      ...optimizer.scalars(moment.step + 1, 'network'),
      ...optimizer.scalars(moment.step + 1, PREDICTOR),
    }),
    encoderState: [...variables.parameters(), ...variables.buffers()].map(({ name }) => name),
  };
}

/** The optimiser with a learning rate of its own for the predictor's parameters. */
function withPredictorRate(optimizer: Optimizer, predictorRate: Tensor): Optimizer {
  return {
    ...optimizer,
    update: (parameter, rate) =>
      optimizer.update(parameter, parameter.group === PREDICTOR ? predictorRate : rate),
  };
}
