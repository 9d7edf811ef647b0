/**
 * SwAV: swapping assignments between views.
 *
 * Source: Caron, Misra, Mairal, Goyal, Bojanowski, Joulin, "Unsupervised Learning of Visual
 * Features by Contrasting Cluster Assignments", NeurIPS 2020 (arXiv:2006.09882): section 3 (swapped
 * prediction, online codes), 3.3 (multi-crop), appendix A.1 (Sinkhorn).
 *
 *   z = normalize(head(encoder(x)))            one embedding per crop, on the unit sphere
 *   S = z Cᵀ                                   cosines with the prototypes C
 *   Q_a = sinkhorn(S_a)                        codes of a big crop a, no gradient
 *   L = 1/2 sum over big crops a of 1/(V - 1) sum over the other crops v of CE(Q_a, S_v / tau)
 *
 * Symbols: B images per batch, V crops, D dimension of embeddings, K prototypes, tau temperature,
 * epsilon smoothness. All embeddings are crop-major: rows [v B, (v + 1) B) belong to crop v, big
 * crops first.
 *
 * As in the authors' code: prototypes are normalized before each forward pass, so that a stored C
 * is one update off the sphere; the encoder runs once per resolution, with batch statistics of its
 * own; the head sees all crops at once.
 * Different: Sinkhorn subtracts the largest scores before the exponential, so its codes differ by
 * rounding where the authors' are finite; whether the queue is used is counted from the step, not
 * read from its last row (same rule); the queue is part of the state and thus of the checkpoint.
 */
import { z } from 'zod';
import { sinkhorn } from '../cluster/sinkhorn.ts';
import { uniformFanIn, type Variables } from '../nn/index.ts';
import {
  add,
  argMax,
  broadcastTo,
  cast,
  concat,
  crossEntropy,
  equal,
  greater,
  l2Normalize,
  matmul,
  mean,
  mul,
  rows,
  scalar,
  split,
  stopGradient,
  type Tensor,
  transpose,
  where,
} from '../tensor/index.ts';
import { ofCrop } from './crops.ts';
import { defineMethod } from './defineMethod.ts';
import { multicropImagenet } from './imagenetRecipe.ts';
import type { Moment } from './program.ts';
import { project, projectionSettings } from './projection.ts';
import { pushed } from './queue.ts';
import { count, rate } from './settings.ts';
import type { Step } from './step.ts';

/** Number of crops that give codes: the first two, the global ones. */
export const ASSIGNING_CROPS = 2;

/** Name of the prototypes in the state. */
const PROTOTYPES = 'prototypes.weight';
/** Codes as sharp as the authors' README recommends against a collapse. */
const SHARP_EPSILON = 0.03;

const settingsSchema = z.strictObject({
  ...projectionSettings,
  prototypes: z.number().int().min(2).default(512).describe('number K of prototypes'),
  temperature: rate().default(0.1).describe('tau of the softmax over prototypes'),
  epsilon: z.number().min(0.001).default(0.05).describe('smoothness of the codes in Sinkhorn'),
  sinkhornIterations: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe('iterations of Sinkhorn'),
  queueLength: count()
    .default(0)
    .describe('embeddings stored per global crop; 0: no queue; rounded down to whole batches'),
  queueStartEpoch: count()
    .default(15)
    .describe('epoch from which the queue is filled; used once full'),
  freezePrototypesSteps: count()
    .default(0)
    .describe('steps at the start during which prototypes stay fixed'),
});
type SwavSettings = z.output<typeof settingsSchema>;

export const swav = defineMethod({
  name: 'swav',
  about: 'swapped prediction of online cluster assignments',
  crops: 'multiple',
  rows: 'own',
  settings: settingsSchema,
  fits: ['prototypes', 'queueLength'],
  presets: {
    'swav-imagenet': {
      description:
        "the paper's ResNet-50 recipe at batch 256: 2x224 + 6x96, 3,000 prototypes, LARC, a queue",
      settings: {
        ...multicropImagenet(256),
        optimizer: { name: 'larc', learningRate: 0.6 },
        schedule: { epochs: 200, finalLearningRate: 0.0006 },
        method: {
          hiddenDim: 2048,
          prototypes: 3000,
          queueLength: 3840,
          queueStartEpoch: 15,
          freezePrototypesSteps: 5005,
        },
      },
    },
  },
  remedies: {
    collapsed: ({ method: { epsilon } }) =>
      epsilon > SHARP_EPSILON
        ? {
            settings: { method: { epsilon: SHARP_EPSILON } },
            description: `epsilon ${SHARP_EPSILON} instead of ${epsilon} for sharper codes`,
          }
        : undefined,
  },
  head: (settings) => ({
    project: (variables, features) => project(variables, features, settings),
    prototypes: (variables) => prototypesOf(variables, settings), // [K, D]
  }),
  step({ crops, settings, step, model }) {
    const { batchSize: B } = step;
    const { prototypes: K, freezePrototypesSteps } = settings;
    const C = stopGradient(l2Normalize(prototypesOf(model.variables, settings))); // [K, D], a leaf of the differentiation

    const features = crops.map((x) => model.encode(x)); // each [count B, F]
    const Z = model.project(concat(features)); // [V B, D]
    const queues = queuesOf(step, Z, settings);
    const V = Z.shape[0]! / B;
    const { replicas } = step;
    const { loss, codes, scores } = swavLoss(Z, C, { ...settings, crops: V, queues, replicas });
    step.minimize(loss);
    step.minimize(loss, {
      group: 'prototypes',
      variables: PROTOTYPES,
      leaves: { [PROTOTYPES]: C },
      when: {
        isActive: (moment) => moment.step >= freezePrototypesSteps,
        updates: (moment) => moment.step - freezePrototypesSteps,
      },
    });
    const chosen = [0, 1].map((v) => argMax(ofCrop(scores, v, B))); // [B] each
    step.observe({
      embeddings: ofCrop(Z, 0, B), // [B, D]
      agreement: mean(cast(equal(chosen[0]!, chosen[1]!), 'float32')),
      usage: mean(concat(codes), { axes: [0] }), // [K]
      randomBaselineLoss: Math.log(K),
    });
  },
});

/** Prototypes C [K, D] as stored, a trained value. */
function prototypesOf(
  variables: Variables,
  { prototypes: K, embeddingDim: D }: Pick<SwavSettings, 'prototypes' | 'embeddingDim'>,
): Tensor {
  return variables.parameter(PROTOTYPES, [K, D], uniformFanIn(D)); // [K, D]
}

/** Earlier embeddings of one global crop, newest rows first. */
export interface CodeQueue {
  /** [L, D] */
  embeddings: Tensor;
  /** 1 where its rows take part in Sinkhorn, 0 before it is full; []. */
  active: Tensor;
}

export interface SwavLoss {
  /** L, one number. */
  loss: Tensor;
  /** Codes Q of each global crop, [B, K]. */
  codes: Tensor[];
  /** S [V B, K] */
  scores: Tensor;
}

/**
 * Swapped-prediction loss of embeddings Z [V B, D] and normalized prototypes C [K, D].
 *
 * With a queue, Sinkhorn sees the queue's embeddings (scored with the current C) in front of the
 * batch's, and only the codes of the batch are returned.
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
    replicas = 1,
  }: {
    crops: number;
    /** tau. */
    temperature: number;
    /** Smoothness of the codes. */
    epsilon: number;
    sinkhornIterations: number;
    queues?: readonly CodeQueue[];
    /** R. All replicas have the same queues. */
    replicas?: number;
  },
): SwavLoss {
  const S = matmul(Z, transpose(C)); // [V B, K]
  const ofCrops = split(S, V); // [B, K] each

  const codes: Tensor[] = [];
  let total: Tensor = scalar(0);
  for (let a = 0; a < ASSIGNING_CROPS; a++) {
    const queue = queues[a];
    const Q = queue
      ? codesWithQueue(ofCrops[a]!, C, queue, { epsilon, iterations, replicas })
      : sinkhorn(ofCrops[a]!, { epsilon, iterations });
    codes.push(Q); // [B, K], through which no gradient flows
    for (let v = 0; v < V; v++) {
      if (v === a) continue;
      const swapped = crossEntropy(mul(ofCrops[v]!, 1 / tau), Q);
      total = add(total, mul(swapped, 1 / (V - 1)));
    }
  }
  return { loss: mul(total, 1 / ASSIGNING_CROPS), codes, scores: S };
}

function codesWithQueue(
  scores: Tensor,
  C: Tensor,
  { embeddings, active }: CodeQueue,
  { replicas: R, ...options }: { epsilon: number; iterations: number; replicas: number },
): Tensor {
  const [B] = scores.shape as [number];
  const [L] = embeddings.shape as [number];
  const T = concat([matmul(embeddings, transpose(C)), scores]); // [L + B, K]
  const column = (value: Tensor, n: number) => broadcastTo(value, [n, 1]);
  const takesPart = concat([column(active, L), column(scalar(1), B)]); // [L + B, 1]
  // All R replicas have the queue's rows, which count once.
  const weights = R > 1 ? concat([column(scalar(1 / R), L), column(scalar(1), B)]) : undefined;
  const Q = sinkhorn(T, { ...options, active: greater(takesPart, 0.5), weights });
  return rows(Q, L, L + B); // [B, K]
}

/**
 * Queues of the global crops, pushed by the batch's embeddings Z [V B, D]. Their length is rounded
 * down to whole batches of all replicas, so that a step shifts them by one batch.
 */
function queuesOf(
  step: Step,
  Z: Tensor,
  { queueLength, queueStartEpoch, embeddingDim: D }: SwavSettings,
): CodeQueue[] {
  const { batchSize: B } = step;
  const whole = B * step.replicas;
  const L = Math.floor(queueLength / whole) * whole;
  if (L === 0) return [];
  const stepsFilled = (moment: Moment) => moment.step - queueStartEpoch * moment.stepsPerEpoch;
  // Used once its last row has been written: after L / whole filling steps.
  const active = step.scalar('queueActive', (moment) => (stepsFilled(moment) >= L / whole ? 1 : 0));
  const filling = greater(
    step.scalar('queueFilling', (moment) => (stepsFilled(moment) >= 0 ? 1 : 0)),
    0.5,
  );
  return Array.from({ length: ASSIGNING_CROPS }, (_, a) => {
    const { current, set } = step.state(`queue.${a}`, [L, D]);
    set(where(filling, pushed(current, step.acrossReplicas(ofCrop(Z, a, B))), current));
    return { embeddings: current, active };
  });
}
