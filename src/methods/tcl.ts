/**
 * TCL: Contrastive Clustering of a weak and a strong view, then confident predictions as labels
 * that correct both of its losses.
 *
 * Source: Li, Yang, Peng, Li, Huang, Peng, "Twin Contrastive Learning for Online Clustering", IJCV
 * 2022 (arXiv:2210.11680): section 3.2 (twin contrast), 3.3 (confidence-based boosting). Authors'
 * code: `model.py`, `loss.py`, `engine.py`, `train.py`, `boost.py`.
 *
 *   h = fc(encoder(x))                             per view, w weak and s strong
 *   z = normalize(instance head(h))                [B, D]
 *   c = cluster head(h);  p = softmax(c)           [B, K]
 *
 * Twin contrast, in the first epochs:
 *
 *   L = NT-Xent(z_w, z_s; tau_I)                   over 2B rows
 *     + NT-Xent(columns of p_w, of p_s; tau_C)     over 2K columns
 *     + sum over views of (ln K - H(P))            P: the clusters' shares in the view
 *
 * Boosting, in all later epochs. Before each of them the labels of all images follow from their
 * probabilities in the evaluation view (`confidentLabels`), and
 *
 *   L = NT-Xent(z_w, z_s; tau_I), without other images of the same label in the denominators
 *     + cross-entropy of c_s with the labels, each cluster of the batch with the same weight
 *
 * Symbols: B images per batch, D dimension of embeddings, K clusters, tau temperatures.
 *
 * As in the authors' code: heads of batch norm, ReLU, Linear, batch norm, ReLU, Linear on a linear
 * layer; the linear layers of the cluster head begin with N(0, 0.02); each view goes through the
 * network alone.
 * Different: the strong view is the weak one's crop with an affine map and solarization besides, in
 * place of four operations of RandAugment and a cutout; labels are found for all images before an
 * epoch, and not for each batch before its step; a cluster that no image has any share of gives 0,
 * not NaN.
 */
import { z } from 'zod';
import { batchNorm, filled, linear, normal, type Variables } from '../nn/index.ts';
import {
  add,
  argMax,
  cast,
  concat,
  equal,
  l2Normalize,
  mean,
  relu,
  softmax,
  type Tensor,
} from '../tensor/index.ts';
import type { Step } from '../views/index.ts';
import { clusterContrast } from './clusterContrast.ts';
import { clusterCount, requireClusters, requireClustersInBatch } from './clusterSettings.ts';
import { confidentLabels, labelFacts } from './confidentLabels.ts';
import { ntXent, sameLabel } from './contrastive.ts';
import { defineMethod, type StepScope } from './defineMethod.ts';
import { embeddingProgram } from './embeddingProgram.ts';
import type { EpochPhase, StepContext } from './program.ts';
import { projectionSettings } from './projection.ts';
import { balancedCrossEntropy, labelsAt, unlabeled } from './pseudoLabels.ts';
import { count, fraction, rate } from './settings.ts';

const settingsSchema = z.strictObject({
  ...projectionSettings,
  clusters: clusterCount(10).describe('number K of clusters that are learned'),
  temperature: rate().default(0.5).describe('tau of the instance loss'),
  clusterTemperature: rate().default(1).describe('tau of the cluster loss'),
  twinEpochs: count()
    .default(8)
    .describe('epochs of twin contrast, after which confident predictions are labels'),
  confidence: fraction().default(0.99).describe('probability from which a prediction is a label'),
  labelFraction: fraction()
    .default(0.5)
    .describe('fraction of an equal share of the images that gets labels in each cluster'),
});
type TclSettings = z.output<typeof settingsSchema>;

/** Names of the layers' parameters, as in the authors' checkpoints. */
const SHARED_LAYER = 'resnet.fc';
const INSTANCE_HEAD = 'instance_projector';
const CLUSTER_HEAD = 'cluster_projector';
/** Labels of all images in the state. */
const LABELS = 'labels';

export const tcl = defineMethod({
  name: 'tcl',
  about: 'Contrastive Clustering of a weak and a strong view, boosted by confident predictions',
  crops: 'pair',
  settings: settingsSchema,
  fits: ['clusters'],
  presets: {
    'tcl-cifar10': {
      description:
        "the authors' recipe for CIFAR-10: ResNet-34 on images enlarged to 224 px, 10 clusters",
      settings: {
        data: {
          batchSize: 1024,
          imageSize: 224,
          mean: [0.4914, 0.4822, 0.4465],
          std: [0.2023, 0.1994, 0.201],
        },
        views: {
          crops: [{ count: 2, size: 224 }],
          scales: [[0.2, 1]],
          saturation: 0.2,
          blurProbability: 1,
        },
        encoder: { architecture: 'resnet34', width: 64, stem: 'imagenet' },
        optimizer: { name: 'adam', learningRate: 1e-4, weightDecay: 1e-4 },
        schedule: { epochs: 1200, finalLearningRate: 1e-4 },
        method: {
          hiddenDim: 512,
          embeddingDim: 128,
          clusters: 10,
          temperature: 0.5,
          clusterTemperature: 1,
          twinEpochs: 1000,
          confidence: 0.99,
          labelFraction: 0.5,
        },
      },
    },
  },
  cropSpecs(_, [crop]) {
    const weak = { ...crop!, count: 1 };
    return [weak, { ...weak, steps: [...crop!.steps, affine, solarize] }];
  },
  check({ clusters }, { images, batchSize }) {
    requireClusters([clusters], images);
    requireClustersInBatch(clusters, batchSize);
  },
  head: (settings) => ({
    project: (variables, features) => instanceEmbeddings(variables, features, settings),
    assign: (variables, features) => softmax(logitsOf(variables, features, settings)),
  }),
  stages: ({ settings, context }) => [
    { name: 'twin', epochs: settings.twinEpochs, step: twinStep },
    { name: 'boost', step: boostStep, beforeEpoch: labeling(settings, context) },
  ],
});

/** Steps of the strong view beside those of the weak one. */
const affine = {
  kind: 'affine',
  p: 0.5,
  rotation: 30,
  shift: 0.1,
  zoom: [1, 1],
  shear: 6,
} satisfies Step;
const solarize = { kind: 'solarize', p: 0.2, threshold: 128 } satisfies Step;

/** Head of features h [N, F]: batch norm, ReLU, hidden layer, and a linear layer to [N, M]. */
function head(
  variables: Variables,
  name: string,
  h: Tensor,
  { widths, deviation }: { widths: readonly [hidden: number, M: number]; deviation?: number },
): Tensor {
  const [hidden, M] = widths;
  const initialize = deviation ? { weight: normal(deviation), bias: filled(0) } : undefined;
  let y = linear(variables, SHARED_LAYER, h, { features: h.shape[1]! }); // [N, F]
  const layers = hidden > 0 ? [hidden, M] : [M];
  for (const [layer, features] of layers.entries()) {
    y = relu(batchNorm(variables, `${name}.${3 * layer}`, y));
    y = linear(variables, `${name}.${3 * layer + 2}`, y, { features, initialize }); // [N, features]
  }
  return y;
}

/** Embeddings [N, D] on the unit sphere, of features h [N, F]. */
function instanceEmbeddings(
  variables: Variables,
  h: Tensor,
  { hiddenDim, embeddingDim }: TclSettings,
): Tensor {
  const widths = [hiddenDim, embeddingDim] as const;
  return l2Normalize(head(variables, INSTANCE_HEAD, h, { widths })); // [N, D]
}

/** Logits [N, K] of the clusters, of features h [N, F]. */
function logitsOf(variables: Variables, h: Tensor, { hiddenDim, clusters }: TclSettings): Tensor {
  const widths = [hiddenDim, clusters] as const;
  return head(variables, CLUSTER_HEAD, h, { widths, deviation: 0.02 }); // [N, K]
}

function twinStep({ views, settings, step, model }: StepScope<TclSettings>): void {
  const h = views.map((x) => model.encode(x)); // [B, F] each
  const [zw, zs] = h.map((x) => model.project(x)) as [Tensor, Tensor]; // [B, D] each
  const [pw, ps] = h.map((x) => softmax(logitsOf(model.variables, x, settings))) as [
    Tensor,
    Tensor,
  ]; // [B, K] each
  const instance = ntXent(zw, zs, settings);
  const { contrast, imbalance } = clusterContrast(pw, ps, {
    temperature: settings.clusterTemperature,
  });
  const total = add(...imbalance);
  step.minimize(add(instance, add(contrast, total)));
  step.fact('instanceLoss', instance);
  step.fact('clusterLoss', contrast);
  step.fact('imbalance', total);
  step.observe({
    embeddings: zw,
    agreement: mean(cast(equal(argMax(pw), argMax(ps)), 'float32')),
    usage: mean(concat([pw, ps]), { axes: [0] }), // [K]
    randomBaselineLoss: Math.log(2 * step.batchSize - 1) + Math.log(2 * settings.clusters - 1),
  });
}

function boostStep({ views, settings, step, model }: StepScope<TclSettings>): void {
  const [hw, hs] = views.map((x) => model.encode(x)) as [Tensor, Tensor]; // [B, F] each
  const [zw, zs] = [model.project(hw), model.project(hs)]; // [B, D] each
  const cs = logitsOf(model.variables, hs, settings); // [B, K]
  const labels = step.state(LABELS, [step.images], () => unlabeled(step.images)).current; // [N]
  const y = labelsAt(labels, step.indices); // [B]
  const instance = ntXent(zw, zs, { ...settings, exclude: sameLabel(y) });
  const { loss, labeled } = balancedCrossEntropy(cs, y);
  step.minimize(add(instance, loss));
  step.fact('instanceLoss', instance);
  step.fact('labelLoss', loss);
  step.fact('labeled', labeled);
  step.observe({
    embeddings: zw,
    pairs: [zw, zs],
    usage: mean(softmax(cs), { axes: [0] }), // [K]
    isLossJudged: false,
  });
}

/** Labels of all images from their probabilities in the evaluation view. */
function labeling(settings: TclSettings, context: StepContext): EpochPhase['run'] {
  const { batchSize, imageSize: size } = context;
  const program = embeddingProgram(
    (variables, features) => softmax(logitsOf(variables, features, settings)),
    context,
  );
  return async ({ features, readState }) => {
    const P = await features(program, { batchSize, size }); // [N, K]
    const before = (await readState([LABELS]))[LABELS]!;
    const labels = confidentLabels(P, before, settings);
    return { state: { [LABELS]: labels }, facts: labelFacts(labels) };
  };
}
