/**
 * SwAV: swapping assignments between views.
 *
 * Source: Caron, Misra, Mairal, Goyal, Bojanowski, Joulin, "Unsupervised Learning of Visual Features by Contrasting
 * Cluster Assignments", NeurIPS 2020 (arXiv:2006.09882): section 3 (swapped prediction, online codes), 3.3
 * (multi-crop), appendix A.1 (Sinkhorn).
 *
 *   z = normalise(head(encoder(x)))            one embedding per crop, on the unit sphere
 *   S = z Cᵀ                                   cosines with the prototypes C
 *   Q_a = sinkhorn(S_a)                        codes of a big crop a, no gradient
 *   L = 1/2 sum over big crops a of 1/(V - 1) sum over the other crops v of CE(Q_a, S_v / tau)
 *
 * Symbols: B images per batch, V crops, D length of embeddings, K prototypes, tau temperature, epsilon smoothness.
 * All embeddings are crop-major: rows [v B, (v + 1) B) belong to crop v, big crops first.
 *
 * As in the authors' code: prototypes are normalised before each forward pass, so that a stored C is one update off
 * the sphere; the encoder runs once per resolution, with batch statistics of its own; the head sees all crops at once.
 * Different: Sinkhorn subtracts the largest score (same result); whether the queue is used is counted from the
 * step, not read from its last row (same rule); the queue is part of the state and thus of the checkpoint.
 */
import { sinkhorn } from '../cluster/sinkhorn.ts';
import { createVariables, encode, mlp, uniformFanIn, type Variables } from '../nn/index.ts';
import {
  add,
  argMax,
  broadcastTo,
  cast,
  concat,
  crossEntropy,
  equal,
  greater,
  input,
  l2Normalize,
  matmul,
  mean,
  mul,
  scalar,
  slice,
  stopGradient,
  type Tensor,
  transpose,
  where,
} from '../tensor/index.ts';
import type { Method, MethodProgram, StepContext } from './method.ts';
import { cropInputs, initialStateOf, trainedState, vitalsOf } from './step.ts';

export interface SwavOptions {
  /** K. */
  prototypes: number;
  /** tau. */
  temperature: number;
  /** Smoothness of the codes. */
  epsilon: number;
  sinkhornIterations: number;
  /** D. */
  embeddingLength: number;
  /** Width of the head's hidden layer; 0: the head is one linear layer. */
  hiddenLength: number;
}

/** How many crops give codes: the first two, the big ones. */
export const ASSIGNING_CROPS = 2;

/** Name of the prototypes in the state. */
const PROTOTYPES = 'prototypes.weight';

/** The prototypes C [K, D] as stored, a trained value. */
export function prototypesOf(variables: Variables, { prototypes, embeddingLength }: SwavOptions): Tensor {
  return variables.parameter(PROTOTYPES, [prototypes, embeddingLength], uniformFanIn(embeddingLength));
}

/** Embeddings Z [V B, D] on the unit sphere, from the features of all crops together. */
export function project(variables: Variables, features: Tensor, options: SwavOptions): Tensor {
  const widths =
    options.hiddenLength > 0 ? [options.hiddenLength, options.embeddingLength] : [options.embeddingLength];
  return l2Normalize(mlp(variables, 'projection_head', features, { widths })); // [V B, D]
}

/** The queue of earlier embeddings of one big crop, newest rows first. */
export interface Queue {
  /** [L, D] */
  embeddings: Tensor;
  /** 1 where its rows take part in Sinkhorn, 0 before it is full; []. */
  active: Tensor;
}

export interface SwavLoss {
  /** L, one number. */
  loss: Tensor;
  /** Codes Q of each big crop, [B, K]. */
  codes: Tensor[];
  /** S [V B, K] */
  scores: Tensor;
}

/**
 * The swapped-prediction loss of embeddings Z [V B, D] and normalised prototypes C [K, D].
 *
 * With a queue, Sinkhorn sees the queue's embeddings (scored with the current C) in front of the batch's, and only the
 * codes of the batch are kept.
 */
export function swavLoss(
  Z: Tensor,
  C: Tensor,
  {
    crops: V,
    temperature: tau,
    epsilon,
    sinkhornIterations: iterations,
    queues = [],
  }: Pick<SwavOptions, 'temperature' | 'epsilon' | 'sinkhornIterations'> & {
    crops: number;
    queues?: readonly Queue[];
  },
): SwavLoss {
  const B = Z.shape[0]! / V;
  const S = matmul(Z, transpose(C)); // [V B, K]
  const ofCrop = (v: number) => slice(S, { axis: 0, start: v * B, end: (v + 1) * B }); // [B, K]

  const codes: Tensor[] = [];
  let total: Tensor = scalar(0);
  for (let a = 0; a < ASSIGNING_CROPS; a++) {
    const scores = ofCrop(a);
    const queue = queues[a];
    const Q = queue
      ? codesWithQueue(scores, C, queue, { epsilon, iterations })
      : sinkhorn(scores, { epsilon, iterations });
    codes.push(Q); // [B, K], through which no gradient flows
    for (let v = 0; v < V; v++) {
      if (v === a) continue;
      const swapped = crossEntropy(mul(ofCrop(v), scalar(1 / tau)), Q);
      total = add(total, mul(swapped, scalar(1 / (V - 1))));
    }
  }
  return { loss: mul(total, scalar(1 / ASSIGNING_CROPS)), codes, scores: S };
}

function codesWithQueue(
  scores: Tensor,
  C: Tensor,
  { embeddings, active }: Queue,
  options: { epsilon: number; iterations: number },
): Tensor {
  const [B] = scores.shape as [number];
  const [L] = embeddings.shape as [number];
  const T = concat([matmul(embeddings, transpose(C)), scores]); // [L + B, K]
  const takesPart = concat([broadcastTo(active, [L, 1]), broadcastTo(scalar(1), [B, 1])]); // [L + B, 1]
  const Q = sinkhorn(T, { ...options, active: greater(takesPart, scalar(0.5)) });
  return slice(Q, { axis: 0, start: L, end: L + B }); // [B, K]
}

export interface SwavProgramOptions extends SwavOptions, Omit<StepContext, 'images' | 'normalise'> {
  /** L, rows kept per big crop; a multiple of the batch; 0: no queue. */
  queueLength: number;
  /** First epoch in which the queue is filled. */
  queueStartEpoch: number;
  /** Steps at the start during which the prototypes stay as they were drawn. */
  freezePrototypesSteps: number;
}

export const swav: Method = {
  about: 'swapped prediction of online cluster assignments',
  crops: 'multiple',
  fits: ['prototypes', 'queueLength'],
  recipe: {},
  presets: {
    'swav-imagenet': {
      description: "the paper's ResNet-50 recipe at batch 256: 2x224 + 6x96, 3,000 prototypes, LARC, a queue",
      settings: {
        architecture: 'resnet50',
        width: 64,
        stem: 'imagenet',
        crops: '2x224+6x96',
        scales: '0.14-1+0.05-0.14',
        prototypes: 3000,
        hiddenLength: 2048,
        batchSize: 256,
        epochs: 200,
        optimizer: 'larc',
        learningRate: 0.6,
        finalLearningRate: 0.0006,
        freezePrototypesSteps: 5005,
        queueLength: 3840,
        queueStartEpoch: 15,
        brightness: 0.8,
        contrast: 0.8,
        saturation: 0.8,
        hue: 0.2,
        blurProbability: 0.5,
        std: '0.228,0.224,0.225',
        imageSize: 224,
      },
    },
  },
  /** A whole training step of SwAV as one program, on crops of uint8 pixels. */
  program(settings, context) {
    const { batchSize: B } = context;
    return swavStep(cropInputs(context), {
      ...settings,
      ...context,
      // Whole batches, so that the queue is shifted by one batch per step.
      queueLength: Math.floor(settings.queueLength / B) * B,
    });
  },
  head: (settings) => ({
    project: (variables, features) => project(variables, features, settings),
    prototypes: (variables) => prototypesOf(variables, settings), // [K, D]
  }),
};

/** The step on normalised images, one tensor [count B, 3, s, s] per crop group. */
export function swavStep(
  images: readonly Tensor[],
  options: SwavProgramOptions,
): MethodProgram & { gradients: Record<string, Tensor> } {
  const { batchSize: B, crops, encoder, optimizer, queueLength } = options;
  const V = crops.reduce((total, { count }) => total + count, 0);
  const variables = createVariables();

  // lr ← schedule[t]; C ← rows of C normalised, a leaf of the differentiation
  const C = stopGradient(l2Normalize(prototypesOf(variables, options))); // [K, D]

  const features = images.map((x) => encode(variables, x, encoder)); // each [count B, features]
  const Z = project(variables, concat(features), options); // [V B, D]
  const queues = queueLength > 0 ? queuesOf(Z, B, queueLength, options.embeddingLength) : [];
  const { loss, codes, scores } = swavLoss(Z, C, { ...options, crops: V, queues });

  const frozen = greater(input('freezePrototypes', []), scalar(0.5));
  const { state, gradients } = trainedState(variables, loss, {
    optimizer,
    learningRate: input('learningRate', []),
    leafOf: (name) => (name === PROTOTYPES ? C : undefined),
    groupOf: (name) => (name === PROTOTYPES ? 'prototypes' : 'network'),
    frozen: { prototypes: frozen },
  });
  for (const { embeddings, next } of queues) state.push({ current: embeddings, next });

  const z = slice(Z, { axis: 0, start: 0, end: B }); // embeddings of the first crop, [B, D]
  const chosen = [0, 1].map((v) => argMax(slice(scores, { axis: 0, start: v * B, end: (v + 1) * B }))); // [B] each
  return {
    gradients,
    chanceLoss: Math.log(options.prototypes),
    program: {
      name: 'swav-step',
      state,
      outputs: {
        loss,
        usage: mean(concat(codes), { axes: [0] }), // [K]
        ...vitalsOf(z),
        agreement: mean(cast(equal(chosen[0]!, chosen[1]!), 'float32')),
      },
    },
    initialState: (seed) => initialStateOf(state, variables.initialValues(seed)),
    scalars(moment) {
      const { step, stepsPerEpoch } = moment;
      const filledSince = step - options.queueStartEpoch * stepsPerEpoch;
      return {
        learningRate: options.learningRate(moment),
        freezePrototypes: step < options.freezePrototypesSteps ? 1 : 0,
        ...(queueLength > 0 && {
          queueFilling: filledSince >= 0 ? 1 : 0,
          // Used once its last row has been written: after L / B filling steps.
          queueActive: filledSince >= queueLength / B ? 1 : 0,
        }),
        ...optimizer.scalars(step + 1, 'network'),
        ...optimizer.scalars(step + 1 - options.freezePrototypesSteps, 'prototypes'),
      };
    },
    encoderState: [...variables.parameters(), ...variables.buffers()].map(({ name }) => name),
  };
}

/** Queues of the big crops, each with its next value: the batch's embeddings in front, the oldest rows gone. */
function queuesOf(Z: Tensor, B: number, L: number, D: number): (Queue & { next: Tensor })[] {
  const active = input('queueActive', []);
  const filling = greater(input('queueFilling', []), scalar(0.5));
  return Array.from({ length: ASSIGNING_CROPS }, (_, a) => {
    const embeddings = input(`queue.${a}`, [L, D]);
    const newest = stopGradient(slice(Z, { axis: 0, start: a * B, end: (a + 1) * B })); // [B, D]
    const pushed = L > B ? concat([newest, slice(embeddings, { axis: 0, start: 0, end: L - B })]) : newest; // [L, D]
    return { embeddings, active, next: where(filling, pushed, embeddings) };
  });
}
