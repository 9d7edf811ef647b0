/**
 * TURTLE: the labels that a linear classifier learns best within a few steps.
 *
 * Source: Gadetsky, Jiang, Brbić, "Let Go of Your Labels with Unsupervised Transfer", ICML 2024
 * (arXiv:2406.07236), and the authors' code.
 *
 *   tau = softmax(C x + b)                    task encoder: weight-normed rows, [B, K]
 *   W ← a fresh linear classifier             drawn in every step
 *   W ← M steps of Adam on CE(W x, tau)       tau fixed
 *   L = CE(W x, tau) - gamma H(mean of tau)   W fixed; mean over heads
 *
 * The gradient reaches the task encoder through tau alone (first order). Labels that such a
 * classifier finds soon are separated by a large margin, and the entropy gives every cluster
 * images.
 *
 * Symbols: B images per batch, K clusters, H entropy. The head with the lowest loss counts.
 *
 * The M steps of Adam are part of the step's graph, with the gradient of softmax regression written
 * out: `d CE / d logits = (softmax(logits) - tau) / B`.
 *
 * Different from the authors' code: standardized features are scaled to lengths of a few units, so
 * that the classifier moves far in M steps but not to the end, and both rates are ten times theirs,
 * for fewer steps; one feature space; the head is chosen by its loss, where theirs cross-validates
 * a classifier on the labels of each.
 */
import { z } from 'zod';
import { randomAt } from '../core/random.ts';
import { uniformFanIn, type Variables } from '../nn/index.ts';
import {
  add,
  crossEntropy,
  div,
  linear,
  log,
  matmul,
  maximum,
  mean,
  mul,
  neg,
  softmax,
  sqrt,
  stopGradient,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import {
  bestHead,
  clusterHeads,
  directions,
  recordLosses,
  requireFeatures,
  weightNormLinear,
} from './clusterHeads.ts';
import { clusterCount } from './clusterSettings.ts';
import { defineMethod, type StepScope } from './defineMethod.ts';
import { positive, rate } from './settings.ts';
import type { Step } from './step.ts';

const TASK = 'task_encoder';
/** Coefficients of the inner Adam, PyTorch's defaults. */
const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];
/** Stands for 0 under the logarithm. */
const TINY = 1e-12;

const settingsSchema = z.strictObject({
  clusters: clusterCount(10),
  clusterHeads: clusterHeads(1),
  featureScale: rate()
    .default(2.3)
    .describe('mean length of the scaled features, which sets the pace of the linear classifier'),
  innerSteps: positive(100).default(10).describe('M, steps of Adam of the linear classifier'),
  innerLearningRate: rate().default(0.01).describe('learning rate of these steps'),
  entropyWeight: z
    .number()
    .min(0)
    .default(10)
    .describe('gamma, weight of the entropy of the mean assignment'),
});
export type TurtleSettings = z.output<typeof settingsSchema>;

export const turtle = defineMethod({
  name: 'turtle',
  about: 'a head on features: the labels that a linear classifier learns best in a few steps',
  crops: 'single',
  pairs: 'neighbors',
  settings: settingsSchema,
  recipe: {
    data: { batchSize: 2048 },
    optimizer: { name: 'adam', learningRate: 0.01, weightDecay: 0 },
    schedule: { maxSteps: 300, finalLearningRate: 0.01 },
  },
  check: (_, context) => requireFeatures('turtle', context),
  head: (settings) => ({
    project: directions,
    assign: (variables, features) =>
      bestHead(variables, turtleLogits(variables, features, settings)),
  }),
  step: turtleStep,
});

/** Standardized features [N, D], whose mean length is sqrt(D), at another mean length. */
const scaled = (h: Tensor, { featureScale }: Pick<TurtleSettings, 'featureScale'>) =>
  mul(h, featureScale / Math.sqrt(h.shape[1]!)); // [N, D]

/** Logits [N, K] of every head, of standardized features h [N, D]. */
export function turtleLogits(
  variables: Variables,
  h: Tensor,
  settings: Pick<TurtleSettings, 'clusterHeads' | 'clusters' | 'featureScale'>,
): Tensor[] {
  const { clusterHeads: H, clusters: K } = settings;
  const x = scaled(h, settings); // [N, D]
  const first = uniformFanIn(x.shape[1]!);
  return Array.from({ length: H }, (_, h) =>
    weightNormLinear(variables, `${TASK}.${h}`, x, {
      features: K,
      weight: first,
      gain: Math.sqrt(1 / 3), // expected length of D draws of U(±1/sqrt(D))
      bias: first,
    }),
  );
}

function turtleStep({ views, settings, step, model }: StepScope<TurtleSettings>): void {
  const h = model.encode(views[0]!); // [B, D]
  const { taus, losses } = turtleHeads(step, model.variables, h, settings);
  recordLosses(model.variables, losses);
  step.minimize(mul(losses.reduce(add), 1 / losses.length));
  step.observe({ embeddings: model.project(h), usage: mean(taus[0]!, { axes: [0] }) });
}

/** Labels tau [B, K] of standardized features h [B, D], and the loss, of every head. */
export function turtleHeads(
  step: Step,
  variables: Variables,
  h: Tensor,
  settings: TurtleSettings,
): { taus: Tensor[]; losses: Tensor[] } {
  const x = scaled(h, settings); // [B, D]
  const taus = turtleLogits(variables, h, settings).map((logits) => softmax(logits));
  const losses = taus.map((tau, head) => {
    const start = freshClassifier(step, head, { dimension: x.shape[1]!, ...settings });
    const { weight, bias } = fittedClassifier(stopGradient(x), stopGradient(tau), start, settings);
    return turtleLoss(linear(stopGradient(x), weight, bias), tau, settings);
  });
  return { taus, losses };
}

/** Weights [K, D] and bias [K] of a linear classifier. */
export interface Classifier {
  weight: Tensor;
  bias: Tensor;
}

/** A classifier that is drawn in each step, as PyTorch initializes a linear layer. */
function freshClassifier(
  step: Step,
  head: number,
  { dimension: D, clusters: K }: { dimension: number; clusters: number },
): Classifier {
  const drawn = (part: string, shape: readonly number[], at: number) =>
    step.draw(`classifier.${head}.${part}`, shape, ({ step: now, seed }) =>
      uniformFanIn(D)(shape, randomAt(seed, 'turtleClassifier', now, 2 * head + at)),
    );
  return { weight: drawn('weight', [K, D], 0), bias: drawn('bias', [K], 1) };
}

/**
 * The classifier after M steps of Adam on the cross-entropy with soft labels, all from the same
 * batch.
 *
 * @param x features [B, D]
 * @param tau labels [B, K]
 */
export function fittedClassifier(
  x: Tensor,
  tau: Tensor,
  start: Classifier,
  { innerSteps, innerLearningRate }: Pick<TurtleSettings, 'innerSteps' | 'innerLearningRate'>,
): Classifier {
  const B = x.shape[0]!;
  let { weight, bias } = start;
  const moments: { m?: Tensor; v?: Tensor }[] = [{}, {}];
  const moved = (
    value: Tensor,
    gradient: Tensor,
    moment: { m?: Tensor; v?: Tensor },
    t: number,
  ) => {
    const square = mul(gradient, gradient);
    moment.m = moment.m
      ? add(mul(BETA1, moment.m), mul(1 - BETA1, gradient))
      : mul(1 - BETA1, gradient);
    moment.v = moment.v
      ? add(mul(BETA2, moment.v), mul(1 - BETA2, square))
      : mul(1 - BETA2, square);
    const deviation = add(mul(sqrt(moment.v), 1 / Math.sqrt(1 - BETA2 ** t)), EPSILON);
    return sub(value, div(mul(moment.m, innerLearningRate / (1 - BETA1 ** t)), deviation));
  };
  for (let t = 1; t <= innerSteps; t++) {
    const residual = mul(sub(softmax(linear(x, weight, bias)), tau), 1 / B); // [B, K]
    const byWeight = matmul(transpose(residual), x); // [K, D]
    const byBias = sum(residual, { axes: [0] }); // [K]
    weight = moved(weight, byWeight, moments[0]!, t);
    bias = moved(bias, byBias, moments[1]!, t);
  }
  return { weight, bias };
}

/**
 * `CE(logits, tau) - gamma H(mean of tau)`; the gradient goes through tau alone.
 *
 * @param logits of the fitted classifier, [B, K]
 * @param tau labels [B, K]
 */
export function turtleLoss(
  logits: Tensor,
  tau: Tensor,
  { entropyWeight }: { entropyWeight: number },
): Tensor {
  const usage = mean(tau, { axes: [0] }); // [K]
  const entropy = neg(sum(mul(usage, log(maximum(usage, TINY))))); // []
  return sub(crossEntropy(stopGradient(logits), tau), mul(entropyWeight, entropy));
}
