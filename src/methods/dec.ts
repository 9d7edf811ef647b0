/**
 * Deep embedded clustering (DEC): an autoencoder's code moves towards the centers of its clusters.
 *
 * Source: Xie, Girshick, Farhadi, "Unsupervised Deep Embedding for Clustering Analysis", ICML 2016
 * (arXiv:1511.06335), equations 1 to 4 and sections 3.1, 3.2; piiswrong/dec, `dec/dec.py` and
 * `dec/pretrain.py`; XifengGuo/DEC-keras, `DEC.py`.
 *
 * Stages `layer-1` … `layer-L` and `stack` train an autoencoder (`src/methods/reconstruction.ts`).
 * Stage `clustering` begins with k-means on the codes z, whose centers mu become parameters, and
 * leaves the decoder aside:
 *
 *   q_ij = (1 + |z_i - mu_j|² / a)^(-(a + 1) / 2)     rows scaled to sum 1
 *   p_ij = q_ij² / f_j,  f_j = sum of q_ij over i     rows scaled to sum 1, no gradient
 *   L = 1/B sum_ij p_ij ln(p_ij / q_ij)
 *
 * Symbols: N images, B of them in a batch, K clusters, z [N, D] codes, mu [K, D] centers, q
 * assignments, p their target, a = 1 degree of freedom of Student's t; f is over all N images.
 * p is made again every T steps and holds between. Training ends where fewer than .1 % of the
 * images change their cluster from one target to the next. An image belongs to its largest q.
 *
 * Different from the authors' code: a target is made at the start of an epoch, so T is rounded up
 * to whole epochs; batches are shuffled; after the end of training the remaining epochs change
 * nothing; pixels lie in 0 … 1, and first weights are Glorot uniform. The first target of all is
 * not tested, because no image has changed its cluster yet. Where a run is no longer than its
 * pretraining, that takes half of it.
 */
import { z } from 'zod';
import { kmeans, mostProbable } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { plural } from '../core/text.ts';
import { normal, sgd, type Variables } from '../nn/index.ts';
import {
  add,
  div,
  gather,
  input,
  l2Normalize,
  log,
  logSoftmax,
  maximum,
  mean,
  mul,
  reshape,
  softmax,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '../tensor/index.ts';
import { clusterCount, kmeansSettings, requireClusters } from './clusterSettings.ts';
import { defineMethod, type PhaseScope, type Stage, type StepScope } from './defineMethod.ts';
import { embeddingProgram } from './embeddingProgram.ts';
import type { EpochWork, PhaseResult } from './program.ts';
import { progressFact, unlabeled } from './pseudoLabels.ts';
import {
  autoencoderRecipe,
  corruption,
  layerEpochs,
  layerStages,
  learnReconstruction,
  reconstruct,
  requireMirror,
  separateLayers,
  watchCode,
  wholeImages,
} from './reconstruction.ts';
import { count, fraction, positive, rate, withDefault } from './settings.ts';

/** Names in the state. */
const CENTERS = 'centers';
const TARGETS = 'targets';
const LABELS = 'labels';
/** 1 while the stage trains, 0 after its end. */
const ACTIVE = 'clustering.active';

/** Stands for 0 under a logarithm. */
const TINY = 1e-30;

const settingsSchema = z.strictObject({
  clusters: clusterCount(10),
  layerEpochs: layerEpochs(1),
  stackEpochs: count().default(4).describe('epochs of the whole autoencoder before clustering'),
  corruption: corruption(),
  ...kmeansSettings,
  clusterIterations: withDefault(kmeansSettings.clusterIterations, 100),
  clusterRestarts: withDefault(kmeansSettings.clusterRestarts, 20),
  clusteringLearningRate: rate()
    .default(0.01)
    .describe('constant learning rate of the SGD that moves codes and centers'),
  targetInterval: positive()
    .default(40)
    .describe('T, steps from one target to the next, rounded up to whole epochs'),
  tolerance: fraction()
    .default(0.001)
    .describe('fraction of images that change their cluster, below which clustering ends'),
});
type DecSettings = z.output<typeof settingsSchema>;

export const dec = defineMethod({
  name: 'dec',
  about: "an autoencoder's codes move towards the centers of their clusters (2016)",
  crops: 'single',
  rows: 'own',
  input: 'images',
  settings: settingsSchema,
  recipe: autoencoderRecipe,
  presets: {
    'dec-mnist': {
      description: "the authors' recipe for gray digits of 28 px: layers, stack, then clustering",
      settings: {
        ...autoencoderRecipe,
        data: { mean: [0, 0, 0], std: [0.196, 0.196, 0.196], batchSize: 256, imageSize: 28 },
        views: { ...autoencoderRecipe.views, crops: [{ count: 1, size: 28 }], scales: [[1, 1]] },
        encoder: { ...autoencoderRecipe.encoder, width: 64 },
        optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, weightDecay: 0 },
        schedule: { epochs: 1171 },
        method: {
          clusters: 10,
          layerEpochs: 183,
          stackEpochs: 366,
          corruption: 0.2,
          clusterIterations: 300,
          clusterRestarts: 20,
          clusteringLearningRate: 0.01,
          targetInterval: 160,
          tolerance: 0.001,
        },
      },
    },
  },
  cropSpecs: (_, crops) => wholeImages(crops),
  check({ clusters }, context) {
    requireMirror('dec', context);
    requireClusters([clusters], context.images);
  },
  head: (settings) => ({
    project: (_variables, code) => l2Normalize(code),
    assign: (variables, code) => assignmentsOf(variables, code, settings),
  }),
  stages(scope) {
    const { layer, stack } = pretrainingOf(scope);
    const { corruption: rate } = scope.settings;
    return [
      ...layerStages<DecSettings>(scope.context, { epochs: layer, rate, firstCorrupted: 1 }),
      { name: 'stack', epochs: stack, restart: true, step: stackStep },
      clusteringStage(scope),
    ];
  },
});

/** Epochs of each layer, of the stack, and of both together. */
function pretrainingOf({ settings, context }: PhaseScope<DecSettings>) {
  const layers = separateLayers(context);
  const wanted = layers * settings.layerEpochs + settings.stackEpochs;
  const { epochs = Infinity } = context;
  if (wanted < epochs) {
    return { layer: settings.layerEpochs, stack: settings.stackEpochs, total: wanted };
  }
  const total = Math.floor(epochs / 2);
  const layer = Math.floor((settings.layerEpochs * total) / wanted);
  return { layer, stack: total - layers * layer, total };
}

function stackStep({ views: [x], step, ...scope }: StepScope<DecSettings>): void {
  learnReconstruction(step, x!, reconstruct(x!, scope));
}

function centersOf(variables: Variables, K: number, D: number): Tensor {
  return variables.parameter(CENTERS, [K, D], normal(1)); // [K, D]
}

/** Assignments q [N, K] of codes [N, D]. */
function assignmentsOf(
  variables: Variables,
  code: Tensor,
  { clusters: K }: Pick<DecSettings, 'clusters'>,
): Tensor {
  return softmax(studentLogits(code, centersOf(variables, K, code.shape[1]!))); // [N, K]
}

/**
 * Logarithms of `(1 + |z_i - mu_j|² / a)^(-(a + 1) / 2)`, whose softmax are the assignments q, [N,
 * K].
 *
 * @param z codes, [N, D]
 * @param centers mu, [K, D]
 * @param freedom a, degree of freedom of Student's t
 */
export function studentLogits(z: Tensor, centers: Tensor, { freedom = 1 } = {}): Tensor {
  const [N, D] = z.shape as [number, number];
  const apart = sub(reshape(z, [N, 1, D]), centers); // [N, K, D]
  const squared = sum(mul(apart, apart), { axes: [2] }); // [N, K]
  return mul(-(freedom + 1) / 2, log(add(1, mul(squared, 1 / freedom)))); // [N, K]
}

/**
 * Target p of assignments q of all images: `q_ij² / f_j` with `f_j = sum_i q_ij`, rows scaled to
 * sum 1. It sharpens q, and large clusters count less.
 *
 * @param q assignments, [N, K]
 */
export function targetDistribution(q: Tensor): Tensor {
  const frequency = sum(q, { axes: [0] }); // [K]
  const sharp = div(mul(q, q), maximum(frequency, TINY)); // [N, K]
  return div(sharp, sum(sharp, { axes: [1], keepDims: true })); // [N, K]
}

/**
 * `1/B sum_ij p_ij ln(p_ij / q_ij)`: at least 0, and 0 where q = p. No gradient reaches p.
 *
 * @param p targets, [B, K]
 * @param logits logits of the assignments q, [B, K]
 */
export function clusteringLoss(p: Tensor, logits: Tensor): Tensor {
  const target = stopGradient(p);
  const terms = mul(target, sub(log(maximum(target, TINY)), logSoftmax(logits))); // [B, K]
  return mean(sum(terms, { axes: [1] })); // []
}

function clusteringStep({ views: [x], settings, step, model }: StepScope<DecSettings>): void {
  const { clusters: K } = settings;
  const { images: N } = step;
  const code = model.encode(x!); // [B, D]
  const logits = studentLogits(code, centersOf(model.variables, K, code.shape[1]!)); // [B, K]
  const even = () => new Float32Array(N * K).fill(1 / K);
  const targets = gather(step.state(TARGETS, [N, K], even).current, step.indices); // [B, K]
  step.state(LABELS, [N], () => unlabeled(N)); // read between epochs
  const active = step.state(ACTIVE, [], () => Float32Array.of(1)).current; // []
  const given = step.scalar('clusteringLearningRate', () => settings.clusteringLearningRate);
  step.minimize(clusteringLoss(targets, logits), {
    optimizer: sgd({ momentum: 0.9 }),
    learningRate: mul(given, active),
  });
  watchCode(step, code, { usage: mean(softmax(logits), { axes: [0] }) }); // [K]
}

/** The stage of clustering, with k-means before it and targets between its epochs. */
function clusteringStage({ settings, context }: PhaseScope<DecSettings>): Stage<DecSettings> {
  const { clusters: K } = settings;
  const { batchSize, imageSize: size, images: N, replicas = 1 } = context;
  const shape = { batchSize, size };
  const stepsPerEpoch = Math.max(1, Math.floor(N / (batchSize * replicas)));
  const interval = Math.ceil(settings.targetInterval / stepsPerEpoch); // epochs
  const { total: first } = pretrainingOf({ settings, context }); // epoch

  const begin: EpochWork = async ({ engine, epoch, seed, features, onProgress, signal }) => {
    const Z = await features(
      embeddingProgram((_, code) => code, context),
      shape,
    ); // [N, D]
    onProgress(`k-means into ${plural(K, 'cluster')}`);
    const { centroids, objective } = await kmeans(Z, K, {
      engine,
      restarts: settings.clusterRestarts,
      iterations: settings.clusterIterations,
      seed: randomAt(seed, 'dec', epoch).bits(),
      signal,
    });
    return { state: { [CENTERS]: centroids }, facts: { objective: objective / N } };
  };

  const beforeEpoch: EpochWork = async (scope): Promise<PhaseResult> => {
    const { engine, epoch, features, readState } = scope;
    const since = epoch - first;
    const before = await readState([LABELS, ACTIVE]);
    if (since % interval !== 0 || before[ACTIVE]![0] === 0) return { state: {}, facts: {} };
    const program = embeddingProgram((v, code) => assignmentsOf(v, code, settings), context);
    const q = await features(program, shape); // [N, K]
    const labels = mostProbable(q);
    const isEnd = since > 0 && changedFraction(before[LABELS]!, labels) < settings.tolerance;
    const executable = await engine.compile({
      outputs: { targets: targetDistribution(input('q', [N, K])) },
    });
    const { targets } = await executable.run({ q: q.data });
    await executable.dispose();
    return {
      state: {
        [TARGETS]: targets as Float32Array,
        [LABELS]: Float32Array.from(labels),
        [ACTIVE]: Float32Array.of(isEnd ? 0 : 1),
      },
      facts: {
        ...progressFact(before[LABELS]!, labels),
        ...(since > 0 && { changed: changedFraction(before[LABELS]!, labels) }),
        active: isEnd ? 0 : 1,
      },
    };
  };
  return { name: 'clustering', restart: true, step: clusteringStep, begin, beforeEpoch };
}

/** Fraction of images whose cluster is another than before. */
export function changedFraction(before: ArrayLike<number>, now: ArrayLike<number>): number {
  let changed = 0;
  for (let i = 0; i < now.length; i++) if (before[i] !== now[i]) changed++;
  return changed / now.length;
}
