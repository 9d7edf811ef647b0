/**
 * Contrastive Clustering: images are told apart by the rows, and clusters by the columns, of what one encoder sees in two
 * views.
 *
 * Source: Li, Hu, Liu, Peng, Zhou, Peng, "Contrastive Clustering", AAAI 2021 (arXiv:2009.09687): section 3.2 (instance
 * head, equations 1 to 3), 3.3 (cluster head, equations 4 to 6), 3.4 (their sum, equation 7).
 *
 *   h = encoder(x)                                 per view v in {a, b}
 *   z = normalise(instanceHead(h))                 [B, D]
 *   y = softmax(clusterHead(h))                    [B, M], column k is cluster k as the batch sees it
 *   L = NT-Xent(z_a, z_b; tau_I)                   over 2B rows
 *     + NT-Xent(columns of y_a, of y_b; tau_C)     over 2M columns
 *     + sum over views of (ln M - H(P_v))          P_v: the clusters' shares in view v
 *
 * An image belongs to the cluster with the largest y. Symbols: B images per batch, D length of embeddings, M clusters,
 * tau temperatures.
 *
 * As in the authors' code: heads of Linear, ReLU, Linear without batch norm; each view goes through the encoder by itself, with
 * batch statistics of its own; a row is no negative of itself (equation 2 of the paper keeps it); the entropy is
 * maximised (the paper's sign is a slip).
 * Different: a cluster that no image has any share of gives 0, not NaN; where images without labels are trained on first
 * (as on STL-10), the cluster head keeps its weights and its optimiser's memory meanwhile.
 */
import { LikenessError } from '../core/errors.ts';
import { createVariables, encode, mlp, type Variables } from '../nn/index.ts';
import {
  add,
  argMax,
  cast,
  concat,
  equal,
  input,
  l2Normalize,
  less,
  mean,
  mul,
  scalar,
  softmax,
  type Tensor,
} from '../tensor/index.ts';
import { clusterContrast } from './clusterContrast.ts';
import { ntXent, pairAgreement } from './contrastive.ts';
import type { Method, MethodProgram, StepContext } from './method.ts';
import { pairSimilarities } from './pairSimilarity.ts';
import type { Settings } from './settings.ts';
import { cropInputs, initialStateOf, ofCrop, trainedState, vitalsOf } from './step.ts';
import { type TwoParts, twoParts } from './unlabelledFirst.ts';

export interface HeadOptions {
  /** Heads that there are. */
  heads: 'both' | 'instance' | 'cluster';
  /** D. */
  embeddingLength: number;
  /** Width of each head's hidden layer; 0: a head is one linear layer. */
  hiddenLength: number;
  /** M. */
  clusterCount: number;
}

export interface ContrastiveClusteringOptions
  extends HeadOptions,
    Pick<StepContext, 'batchSize' | 'encoder' | 'optimizer' | 'learningRate'> {
  /** tau_I. */
  temperature: number;
  /** tau_C. */
  clusterTemperature: number;
  /** Where some images are only learned from: which steps are theirs. */
  parts?: TwoParts;
}

/** Names of the heads' parameters, as in the authors' checkpoints. */
const INSTANCE_HEAD = 'instance_projector';
const CLUSTER_HEAD = 'cluster_projector';

export const contrastiveClustering: Method = {
  about: 'two views agree on images (rows) and on clusters (columns); learns the clusters itself',
  crops: 'pair',
  fits: [],
  recipe: { temperature: 0.5, clusterTemperature: 1, clusters: '10' },
  presets: {
    'contrastive-clustering-cifar': {
      description: "the paper's recipe for CIFAR: ResNet-34 on images enlarged to 224 px, 10 clusters",
      settings: paperRecipe(0.5),
    },
    'contrastive-clustering-stl': {
      description: "the paper's recipe for STL-10: as for CIFAR, with colours changed twice as much",
      settings: paperRecipe(1),
    },
  },
  crop: ({ augmentedViews }, [crop]) => {
    // A view that is not augmented is the image itself: its largest central square, with nothing drawn.
    const whole = { ...crop!, scale: [1, 1], ratio: [1, 1], steps: [] } satisfies typeof crop;
    const one = (of: NonNullable<typeof crop>) => ({ ...of, count: 1 });
    return { both: [crop!], one: [one(crop!), one(whole)], none: [whole] }[augmentedViews];
  },
  program(settings, context) {
    const parts = twoParts(context.extra ?? [], context);
    // Views of one image may come as two crops of one group or as two groups.
    const views = cropInputs(context).flatMap((crops, g) =>
      Array.from({ length: context.crops[g]!.count }, (_, v) => ofCrop(crops, v, context.batchSize)),
    ); // two of [B, 3, s, s]
    return contrastiveClusteringStep(views as [Tensor, Tensor], {
      ...settings,
      ...context,
      clusterCount: clusterCountOf(settings),
      parts,
    });
  },
  head(settings) {
    const options = { ...settings, clusterCount: clusterCountOf(settings) };
    return {
      project: (variables, features) => embeddingsOf(variables, features, options),
      ...(settings.heads !== 'instance' && {
        assign: (variables: Variables, features: Tensor) => probabilitiesOf(variables, features, options),
      }),
    };
  },
};

/** The paper's section 4.2, with colour changes of a strength: no normalisation, no decay, a constant rate. */
function paperRecipe(strength: number) {
  return {
    architecture: 'resnet34',
    width: 64,
    stem: 'imagenet',
    crops: '2x224',
    scales: '0.08-1',
    hiddenLength: 512,
    embeddingLength: 128,
    temperature: 0.5,
    clusterTemperature: 1,
    clusters: '10',
    batchSize: 256,
    epochs: 1000,
    optimizer: 'adam',
    learningRate: 0.0003,
    finalLearningRate: 0.0003,
    weightDecay: 0,
    brightness: 0.8 * strength,
    contrast: 0.8 * strength,
    saturation: 0.8 * strength,
    hue: 0.2 * strength,
    mean: '0,0,0',
    std: '1,1,1',
    imageSize: 224,
  } as const;
}

/** M, the first number of the setting `clusters`. */
function clusterCountOf({ clusters }: Pick<Settings, 'clusters'>): number {
  const [first = ''] = clusters.split(',');
  const M = first.trim() === '' ? Number.NaN : Number(first);
  if (Number.isInteger(M) && M >= 2) return M;
  throw new LikenessError(
    'settings.clusters',
    `clusters: received "${clusters}"; expected a whole number from 2, the clusters that are learned, such as "10"`,
  );
}

function head(variables: Variables, name: string, h: Tensor, hidden: number, length: number): Tensor {
  const widths = hidden > 0 ? [hidden, length] : [length];
  return mlp(variables, name, h, { widths, norm: 'none' }); // [N, length]
}

/** Embeddings [N, D] on the unit sphere, of features h [N, F]; the features' own directions without an instance head. */
export function embeddingsOf(variables: Variables, h: Tensor, options: HeadOptions): Tensor {
  if (options.heads === 'cluster') return l2Normalize(h); // [N, F]
  return l2Normalize(head(variables, INSTANCE_HEAD, h, options.hiddenLength, options.embeddingLength)); // [N, D]
}

/** Probabilities y [N, M] of the clusters, of features h [N, F]. */
export function probabilitiesOf(variables: Variables, h: Tensor, options: HeadOptions): Tensor {
  return softmax(head(variables, CLUSTER_HEAD, h, options.hiddenLength, options.clusterCount)); // [N, M]
}

/** The step on two normalised views [B, 3, s, s] each. */
export function contrastiveClusteringStep(
  views: readonly [Tensor, Tensor],
  options: ContrastiveClusteringOptions,
): MethodProgram & { gradients: Record<string, Tensor> } {
  const { batchSize: B, clusterCount: M, heads, encoder, optimizer, learningRate, parts } = options;
  const variables = createVariables();
  const outputs: Record<string, Tensor> = {};
  const terms: Tensor[] = [];

  const [ha, hb] = views.map((x) => encode(variables, x, encoder)) as [Tensor, Tensor]; // [B, F] each
  const za = embeddingsOf(variables, ha, options); // [B, D]
  const zb = embeddingsOf(variables, hb, options); // [B, D]
  outputs.agreement = pairAgreement(za, zb);
  Object.assign(outputs, pairSimilarities('instance', za, zb));
  if (heads !== 'cluster') {
    const instance = ntXent(za, zb, options);
    outputs['fact.instanceLoss'] = instance;
    terms.push(instance);
  }
  const clusterWeight = parts ? input('clusterWeight', []) : scalar(1);
  if (heads !== 'instance') {
    const ya = probabilitiesOf(variables, ha, options); // [B, M]
    const yb = probabilitiesOf(variables, hb, options); // [B, M]
    const { contrast, imbalance, columns } = clusterContrast(ya, yb, {
      temperature: options.clusterTemperature,
    });
    const [imbalanceA, imbalanceB] = imbalance;
    terms.push(mul(clusterWeight, add(contrast, add(imbalanceA, imbalanceB))));
    outputs['fact.clusterLoss'] = contrast;
    outputs['fact.imbalance'] = add(imbalanceA, imbalanceB);
    Object.assign(outputs, pairSimilarities('cluster', ...columns));
    outputs.usage = mean(concat([ya, yb]), { axes: [0] }); // [M]
    outputs.agreement = mean(cast(equal(argMax(ya), argMax(yb)), 'float32'));
  }
  const loss = terms.reduce((sum, term) => add(sum, term));

  const { state, gradients } = trainedState(variables, loss, {
    optimizer,
    learningRate: input('learningRate', []),
    groupOf: (name) => (name.startsWith(CLUSTER_HEAD) ? 'clusters' : 'network'),
    frozen: parts && { clusters: less(clusterWeight, scalar(0.5)) },
  });
  const chance = (choices: number, isThere: boolean) => (isThere ? Math.log(2 * choices - 1) : 0);
  return {
    gradients,
    // Where an epoch has two parts, the loss jumps between them and is not compared with one number.
    ...(!parts && { chanceLoss: chance(B, heads !== 'cluster') + chance(M, heads !== 'instance') }),
    program: { name: 'contrastive-clustering-step', state, outputs: { loss, ...outputs, ...vitalsOf(za) } },
    initialState: (seed) => initialStateOf(state, variables.initialValues(seed)),
    scalars: (moment) => ({
      learningRate: learningRate(moment),
      ...(parts && { clusterWeight: parts.isClustering(moment) ? 1 : 0 }),
      ...optimizer.scalars(moment.step + 1, 'network'),
      ...optimizer.scalars((parts ? parts.clusteringSteps(moment) : moment.step) + 1, 'clusters'),
    }),
    ...(parts && {
      phase: parts.phase,
      notes: [
        `${parts.extra} images without a label are learned from first in each epoch, and take no part in the clusters' loss`,
      ],
    }),
    encoderState: [...variables.parameters(), ...variables.buffers()].map(({ name }) => name),
  };
}
