/**
 * Contrastive Clustering: instance contrast of the rows, and cluster contrast of the columns, of
 * what an encoder gives for two views.
 *
 * Source: Li, Hu, Liu, Peng, Zhou, Peng, "Contrastive Clustering", AAAI 2021 (arXiv:2009.09687):
 * section 3.2 (instance head, equations 1 to 3), 3.3 (cluster head, equations 4 to 6), 3.4 (their
 * sum, equation 7).
 *
 *   h = encoder(x)                                 per view v in {a, b}
 *   z = normalize(instanceHead(h))                 [B, D]
 *   y = softmax(clusterHead(h))                    [B, M], column k is cluster k
 *   L = NT-Xent(z_a, z_b; tau_I)                   over 2B rows
 *     + NT-Xent(columns of y_a, of y_b; tau_C)     over 2M columns
 *     + sum over views of (ln M - H(P_v))          P_v: the clusters' shares in view v
 *
 * An image belongs to the cluster with the largest y. Symbols: B images per batch, D dimension of
 * embeddings, M clusters, tau temperatures.
 *
 * As in the authors' code: heads of Linear, ReLU, Linear without batch norm; each view goes through
 * the encoder by itself, with batch statistics of its own; a row is no negative of itself (equation
 * 2 of the paper keeps it); the entropy is maximized (the paper's sign is a slip).
 * Different: a cluster that no image has any share of gives 0, not NaN; where images without labels
 * are trained on first (as on STL-10), the cluster head keeps its weights and its optimizer's
 * memory meanwhile.
 */

import { z } from 'zod';
import { plural } from '../core/text.ts';
import { mlp, type Variables } from '../nn/index.ts';
import {
  add,
  argMax,
  cast,
  concat,
  equal,
  l2Normalize,
  mean,
  mul,
  scalar,
  softmax,
  type Tensor,
} from '../tensor/index.ts';
import { clusterContrast } from './clusterContrast.ts';
import { clusterCount } from './clusterSettings.ts';
import { ntXent, pairAgreement } from './contrastive.ts';
import { defineMethod, type StepScope } from './defineMethod.ts';
import { pairSimilarities } from './pairSimilarity.ts';
import { projectionSettings } from './projection.ts';
import { rate, type SettingsPatch } from './settings.ts';
import { unlabeledStage } from './unlabeledStage.ts';

const settingsSchema = z.strictObject({
  ...projectionSettings,
  clusters: clusterCount(10).describe('number M of clusters that are learned'),
  temperature: rate().default(0.5).describe('tau of the instance loss'),
  clusterTemperature: rate().default(1).describe('tau of the cluster loss'),
  heads: z.enum(['both', 'instance', 'cluster']).default('both').describe('heads that are trained'),
  augmentedViews: z
    .enum(['both', 'one', 'none'])
    .default('both')
    .describe('views that are augmented; others are the image itself'),
});
type ClusteringSettings = z.output<typeof settingsSchema>;

/** Names of the heads' parameters, as in the authors' checkpoints. */
const INSTANCE_HEAD = 'instance_projector';
const CLUSTER_HEAD = 'cluster_projector';

export const contrastiveClustering = defineMethod({
  name: 'contrastive-clustering',
  about: 'two views agree on images (rows) and on clusters (columns); learns the clusters itself',
  crops: 'pair',
  settings: settingsSchema,
  presets: {
    'contrastive-clustering-cifar': {
      description:
        "the paper's recipe for CIFAR: ResNet-34 on images enlarged to 224 px, 10 clusters",
      settings: paperRecipe(0.5),
    },
    'contrastive-clustering-stl': {
      description: "the paper's recipe for STL-10: as for CIFAR, with colors changed twice as much",
      settings: paperRecipe(1),
    },
  },
  cropSpecs({ augmentedViews }, [crop]) {
    // A view that is not augmented is the image itself: its largest central square, with nothing
    // drawn.
    const whole = { ...crop!, scale: [1, 1], ratio: [1, 1], steps: [] } satisfies typeof crop;
    const one = (of: NonNullable<typeof crop>) => ({ ...of, count: 1 });
    return { both: [crop!], one: [one(crop!), one(whole)], none: [whole] }[augmentedViews];
  },
  head: (settings) => ({
    project: (variables, features) => embeddingsOf(variables, features, settings),
    ...(settings.heads !== 'instance' && {
      assign: (variables: Variables, features: Tensor) =>
        probabilitiesOf(variables, features, settings),
    }),
  }),
  step: writeStep,
  phase: ({ context }) => unlabeledStage(context.extra ?? [], context)?.phase,
});

/**
 * The paper's section 4.2, with color changes of a strength: no normalization, no decay, a constant
 * rate.
 */
function paperRecipe(strength: number) {
  return {
    data: { batchSize: 256, imageSize: 224, mean: [0, 0, 0], std: [1, 1, 1] },
    views: {
      crops: [{ count: 2, size: 224 }],
      scales: [[0.08, 1]],
      brightness: 0.8 * strength,
      contrast: 0.8 * strength,
      saturation: 0.8 * strength,
      hue: 0.2 * strength,
    },
    encoder: { architecture: 'resnet34', width: 64, stem: 'imagenet' },
    optimizer: { name: 'adam', learningRate: 0.0003, weightDecay: 0 },
    schedule: { epochs: 1000, finalLearningRate: 0.0003 },
    method: {
      hiddenDim: 512,
      embeddingDim: 128,
      temperature: 0.5,
      clusterTemperature: 1,
      clusters: 10,
    },
  } satisfies SettingsPatch<z.input<typeof settingsSchema>>;
}

function head(
  variables: Variables,
  name: string,
  h: Tensor,
  hidden: number,
  dimension: number,
): Tensor {
  const widths = hidden > 0 ? [hidden, dimension] : [dimension];
  return mlp(variables, name, h, { widths, norm: 'none' }); // [N, dimension]
}

/**
 * Embeddings [N, D] on the unit sphere, of features h [N, F]; the features' own directions without
 * an instance head.
 */
export function embeddingsOf(
  variables: Variables,
  h: Tensor,
  {
    heads,
    hiddenDim,
    embeddingDim,
  }: Pick<ClusteringSettings, 'heads' | 'hiddenDim' | 'embeddingDim'>,
): Tensor {
  if (heads === 'cluster') return l2Normalize(h); // [N, F]
  return l2Normalize(head(variables, INSTANCE_HEAD, h, hiddenDim, embeddingDim)); // [N, D]
}

/** Probabilities y [N, M] of the clusters, of features h [N, F]. */
export function probabilitiesOf(
  variables: Variables,
  h: Tensor,
  { hiddenDim, clusters }: Pick<ClusteringSettings, 'hiddenDim' | 'clusters'>,
): Tensor {
  return softmax(head(variables, CLUSTER_HEAD, h, hiddenDim, clusters)); // [N, M]
}

function writeStep({ views, settings, step, model, context }: StepScope<ClusteringSettings>): void {
  const { batchSize: B } = step;
  const { heads, clusters: M } = settings;
  const unlabeled = unlabeledStage(context.extra ?? [], context);
  const terms: Tensor[] = [];

  const [ha, hb] = views.map((x) => model.encode(x)) as [Tensor, Tensor]; // [B, F] each
  const za = model.project(ha); // [B, D]
  const zb = model.project(hb); // [B, D]
  let agreement = pairAgreement(za, zb);
  let usage: Tensor | undefined;
  const facts = pairSimilarities('instance', za, zb);
  if (heads !== 'cluster') {
    const instance = ntXent(za, zb, settings);
    step.fact('instanceLoss', instance);
    terms.push(instance);
  }
  if (heads !== 'instance') {
    const ya = probabilitiesOf(model.variables, ha, settings); // [B, M]
    const yb = probabilitiesOf(model.variables, hb, settings); // [B, M]
    const { contrast, imbalance, columns } = clusterContrast(ya, yb, {
      temperature: settings.clusterTemperature,
    });
    const total = add(...imbalance);
    const weight = unlabeled
      ? step.scalar('clusterWeight', (moment) => (unlabeled.isClustering(moment) ? 1 : 0))
      : scalar(1);
    terms.push(mul(weight, add(contrast, total)));
    step.fact('clusterLoss', contrast);
    step.fact('imbalance', total);
    Object.assign(facts, pairSimilarities('cluster', ...columns));
    usage = mean(concat([ya, yb]), { axes: [0] }); // [M]
    agreement = mean(cast(equal(argMax(ya), argMax(yb)), 'float32'));
  }
  for (const [name, value] of Object.entries(facts)) step.fact(name, value);
  const loss = terms.reduce((sum, term) => add(sum, term));
  step.minimize(loss);
  step.minimize(loss, {
    group: 'clusters',
    variables: CLUSTER_HEAD,
    ...(unlabeled && {
      when: { isActive: unlabeled.isClustering, updates: unlabeled.clusteringSteps },
    }),
  });
  const chance = (choices: number, isThere: boolean) => (isThere ? Math.log(2 * choices - 1) : 0);
  step.observe({
    embeddings: za,
    agreement,
    ...(usage && { usage }),
    // In an epoch of two parts the loss jumps between them and is not compared with one number.
    ...(!unlabeled && {
      randomBaselineLoss: chance(B, heads !== 'cluster') + chance(M, heads !== 'instance'),
    }),
  });
  if (unlabeled) {
    step.note(
      `${plural(unlabeled.images, 'image')} without a label are learned from first in each epoch, ` +
        "and take no part in the clusters' loss",
    );
  }
}
