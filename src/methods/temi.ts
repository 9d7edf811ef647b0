/**
 * TEMI: heads on features maximize the mutual information of an image and one of its neighbors,
 * with a slow teacher, and trust pairs on which the teacher agrees.
 *
 * Source: Adaloglou, Michels, Kalisch, Kollmann, "Exploring the Limits of Deep Image Clustering
 * using Pretrained Models", BMVC 2023 (arXiv:2303.17896), and the authors' code.
 *
 *   z = normalize(W2 gelu(W1 x))                            per head, [B, E]
 *   p = softmax(C z / tau)                                  rows of C have length 1, times a gain
 *   q = the same of the teacher                             no gradient
 *   p~_k ← m p~_k + (1 - m) mean of q_k over both views     per head, [K]
 *   w = mean over heads of q(x) · q(x')                     one weight per pair, no gradient
 *   L = mean of w (-ln sum_k (p_k(x) q_k(x'))^beta / p~_k)  over pairs, both directions and heads
 *   teacher ← momentum teacher + (1 - momentum) student     after the update
 *
 * x' is a random one of the nearest neighbors of x. Symbols: B images per batch, D features, E
 * dimension of the bottleneck, K clusters. The head with the lowest loss counts.
 *
 * The last layer is frozen in the first steps, so that the layers before it adapt to it. Weight
 * decay is decoupled (AdamW) and leaves biases out.
 *
 * Different from the authors' code: the schedule counts steps, so that some hundred images get as
 * many updates as a larger folder; clusters are those of the student.
 */
import { z } from 'zod';
import { adam, filled, linear, normal, type Variables } from '../nn/index.ts';
import {
  add,
  argMax,
  cast,
  div,
  dotRows,
  equal,
  gelu,
  l2Normalize,
  log,
  maximum,
  mean,
  mul,
  neg,
  pow,
  reshape,
  softmax,
  stopGradient,
  sum,
  type Tensor,
} from '../tensor/index.ts';
import {
  bestHead,
  clusterHeads,
  directions,
  neighborCount,
  recordLosses,
  requireFeatures,
  weightNormLinear,
} from './clusterHeads.ts';
import { clusterCount } from './clusterSettings.ts';
import { defineMethod, type StepScope } from './defineMethod.ts';
import { encoderMomentumAt, momentumSettings } from './momentumEncoder.ts';
import { count, fraction, positive, rate, withDefault } from './settings.ts';

/** Names of the layers before the last one, and of the last one. */
const MLP = 'mlp';
const LAST = 'last_layer';
/** Standard deviation of first weights. */
const DEVIATION = 0.02;
/** Stands for 0 where a power or a logarithm has no finite gradient. */
const TINY = 1e-12;

const settingsSchema = z.strictObject({
  clusters: clusterCount(10),
  neighbors: neighborCount(50),
  clusterHeads: clusterHeads(8),
  hiddenDim: positive(2 ** 16)
    .default(128)
    .describe('width of the hidden layer of each head'),
  bottleneckDim: positive(2 ** 16)
    .default(64)
    .describe('dimension E before the last layer'),
  temperature: rate().default(0.1).describe('tau of the softmax over clusters'),
  beta: rate().default(0.6).describe('exponent of the products; below 1 it avoids a collapse'),
  marginMomentum: fraction()
    .default(0.9)
    .describe("momentum of the running mean of the teacher's probabilities"),
  encoderMomentum: withDefault(momentumSettings.encoderMomentum, 0.98),
  finalEncoderMomentum: momentumSettings.finalEncoderMomentum,
  freezeLastSteps: count().default(20).describe('steps in which the last layer is not updated'),
});
type TemiSettings = z.output<typeof settingsSchema>;

export const temi = defineMethod({
  name: 'temi',
  about: 'heads on features maximize the mutual information of neighbors, with a slow teacher',
  crops: 'pair',
  pairs: 'neighbors',
  settings: settingsSchema,
  recipe: {
    data: { batchSize: 256 },
    optimizer: { name: 'adam', learningRate: 0.001, weightDecay: 1e-4 },
    schedule: { maxSteps: 500, finalLearningRate: 0.001 },
    // Presets of networks have a width of their own.
    method: { hiddenDim: 128 },
  },
  check: (_, context) => requireFeatures('temi', context),
  head: (settings) => ({
    project: directions,
    assign: (variables, features) => bestHead(variables, logitsOf(variables, features, settings)),
  }),
  step: temiStep,
});

/** Logits [N, K] of every head over tau, of features x [N, D]. */
function logitsOf(
  variables: Variables,
  x: Tensor,
  { clusterHeads: H, clusters, hiddenDim, bottleneckDim, temperature }: TemiSettings,
): Tensor[] {
  const initialize = { weight: normal(DEVIATION), bias: filled(0) };
  return Array.from({ length: H }, (_, h) => {
    const a = gelu(linear(variables, `${MLP}.${h}.0`, x, { features: hiddenDim, initialize }));
    const z = l2Normalize(
      linear(variables, `${MLP}.${h}.2`, a, { features: bottleneckDim, initialize }),
    ); // [N, E]
    const scores = weightNormLinear(variables, `${LAST}.${h}`, z, {
      features: clusters,
      weight: normal(DEVIATION),
      gain: 1,
    });
    return mul(scores, 1 / temperature); // [N, K]
  });
}

function temiStep({ views, settings, step, model, context }: StepScope<TemiSettings>): void {
  const { clusterHeads: H, clusters: K, marginMomentum: m, beta } = settings;
  const teacher = step.momentumCopy({
    momentum: step.scalar('encoderMomentum', (moment) => encoderMomentumAt(settings, moment)),
    prefix: 'teacher.',
    when: 'after',
  });
  const [x, neighbor] = views.map((features) => model.encode(features)) as [Tensor, Tensor];
  const probabilities = (variables: Variables, features: Tensor) =>
    logitsOf(variables, features, settings).map((logits) => softmax(logits)); // [B, K] each
  const [p1, p2] = [x, neighbor].map((y) => probabilities(model.variables, y)) as [
    Tensor[],
    Tensor[],
  ];
  const [q1, q2] = [x, neighbor].map((y) =>
    probabilities(teacher.variables, y).map((q) => stopGradient(q)),
  ) as [Tensor[], Tensor[]];

  const weight = pairWeight(q1, q2); // [B]
  const losses = p1.map((p, h) => {
    const margin = step.state(`margin.${h}`, [K], () => new Float32Array(K).fill(1 / K));
    const batch = mul(add(mean(q1[h]!, { axes: [0] }), mean(q2[h]!, { axes: [0] })), 0.5); // [K]
    const mean_ = add(mul(m, margin.current), mul(1 - m, batch)); // [K]
    margin.set(mean_);
    const terms = add(
      pointwiseInformation(p, q2[h]!, mean_, { beta }),
      pointwiseInformation(p2[h]!, q1[h]!, mean_, { beta }),
    ); // [B]
    return neg(mean(mul(weight, mul(terms, 0.5))));
  });
  recordLosses(model.variables, losses);
  const loss = mul(losses.reduce(add), 1 / H);
  const { weightDecay } = context.optimizerSettings;
  const optimizer = adam({ weightDecay, decay: 'decoupled' });
  step.minimize(loss, { optimizer });
  const { freezeLastSteps: frozen } = settings;
  step.minimize(loss, {
    group: 'last',
    variables: LAST,
    optimizer,
    when: {
      isActive: (moment) => moment.step >= frozen,
      updates: (moment) => moment.step - frozen,
    },
  });
  const chosen = [p1[0]!, p2[0]!].map((p) => argMax(p)); // [B] each
  step.fact('pairWeight', mean(weight));
  step.observe({
    embeddings: model.project(x),
    agreement: mean(cast(equal(chosen[0]!, chosen[1]!), 'float32')),
    usage: mean(p1[0]!, { axes: [0] }), // [K]
  });
}

/**
 * Weight of each pair: the mean over heads of `q(x) · q(x')`, from 0 to 1.
 *
 * @param q1 the teacher's probabilities of images, [B, K] per head
 * @param q2 those of their neighbors, [B, K] per head
 * @returns [B]
 */
export function pairWeight(q1: readonly Tensor[], q2: readonly Tensor[]): Tensor {
  return mul(q1.map((q, h) => dotRows(q, q2[h]!)).reduce(add), 1 / q1.length);
}

/**
 * `ln sum_k (p_k q_k)^beta / margin_k` of each pair, [B]: the pointwise mutual information of the
 * student's and the teacher's clusters at beta 1.
 *
 * @param p the student's probabilities of one image of each pair, [B, K]
 * @param q the teacher's of the other, [B, K]
 * @param margin mean probability of each cluster, [K]
 */
export function pointwiseInformation(
  p: Tensor,
  q: Tensor,
  margin: Tensor,
  { beta }: { beta: number },
): Tensor {
  const products = pow(maximum(mul(p, q), TINY), beta); // [B, K]
  return log(sum(div(products, maximum(reshape(margin, [1, -1]), TINY)), { axes: [1] })); // [B]
}
