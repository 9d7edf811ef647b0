/**
 * HCSC: contrast with a hierarchy of prototypes, in which negatives that probably mean the same are
 * left out.
 *
 * Source: Guo, Xu, Chen, Ni, Wang, Zhang, Yu, "HCSC: Hierarchical Contrastive Selective Coding",
 * CVPR 2022 (arXiv:2202.00455): section 3.1 and algorithm 1 (tree), 3.2 and 3.3 (selection), 3.4
 * (whole loss).
 *
 * Before each epoch once `clusterWarmupEpochs` are over: the features of all images by the momentum
 * encoder, the tree of prototypes C_l over them (src/cluster/hierarchicalKmeans.ts), and a
 * concentration phi for every prototype. Above the finest level, phi is that of the child
 * prototypes around theirs.
 *
 *   theta_k ← m theta_k + (1 - m) theta_q
 *   q = normalize(head(f_q(x_1)));  k = normalize(head(f_k(x_2)))
 *   before  L = InfoNCE(q, k, queue)
 *   after   L = sum_l InfoNCE(q, k, selected_l queue)
 *             + 1/levels sum_l ProtoNCE(q; C_l, selected prototypes)
 *           the top level's prototypes are all kept
 *   queue ← k in front, the oldest gone
 *
 * Multi-crop: further crops z are queries for the same key; each adds `InfoNCE(z, k, queue)`, its
 * negatives not selected, and after the warm-up `1/levels sum_l ProtoNCE(z; C_l, selected
 * prototypes)`, with coins of its own.
 *
 * Symbols: B images per batch, N images, L keys in the queue, D dimension of embeddings, K_l
 * clusters of level l.
 *
 * As in the authors' code: the instance terms of the levels are added, not averaged, so the
 * instance term weighs more once selection begins; views are added as well; local crops' negatives
 * in the queue are not selected (`selection_on_local`, off by default there).
 * Different: `variant` (src/methods/selection.ts); a failure in selection is an error, where the
 * authors' code goes on without selection; the crops of one size that are queries share one pass
 * and its batch statistics.
 */
import { z } from 'zod';
import {
  concentrations,
  hierarchicalKmeans,
  requireTree,
  type TreeLevel,
} from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import {
  add,
  concat,
  div,
  matmul,
  mean,
  mul,
  rows,
  softmax,
  sub,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import { createMasks } from './bernoulli.ts';
import {
  clusterCounts,
  prototypeSettings,
  requireClusters,
  storedPrototypes,
  variant,
} from './clusterSettings.ts';
import { infoNce } from './contrastive.ts';
import { ofCrop } from './crops.ts';
import { defineMethod } from './defineMethod.ts';
import { embeddingProgram } from './embeddingProgram.ts';
import { keyHead, queueSettings } from './moco.ts';
import { encoderMomentumAt } from './momentumEncoder.ts';
import type { EpochPhase, StepContext } from './program.ts';
import { meanOf } from './protoNce.ts';
import { createQueue } from './queue.ts';
import {
  candidatesOf,
  instanceChance,
  keepProbability,
  prototypeChance,
  selected,
  selectedProtoNce,
} from './selection.ts';
import type { Step } from './step.ts';
import {
  agreementFact,
  foundState,
  labelsName,
  prototypesName,
  type StoredClusters,
  storedClusters,
} from './storedClusters.ts';

const settingsSchema = z.strictObject({
  ...queueSettings,
  clusters: clusterCounts(600, 400, 200),
  ...prototypeSettings,
  selection: z
    .enum(['both', 'instances', 'prototypes', 'none'])
    .default('both')
    .describe('negatives that are selected by likelihood'),
  variant: variant(),
});
type HcscSettings = z.output<typeof settingsSchema>;

/** Recipe of the paper, for its crops. */
const imagenet = (views: {
  crops: { count: number; size: number }[];
  scales: [number, number][];
}) => ({
  data: { batchSize: 256, imageSize: 224 },
  views: { ...views, blurProbability: 0.5 },
  encoder: { architecture: 'resnet50', width: 64, stem: 'imagenet' } as const,
  optimizer: { name: 'sgd', learningRate: 0.03, weightDecay: 1e-4 } as const,
  schedule: { epochs: 200, learningRatePer: 'epoch' } as const,
  method: {
    hiddenDim: 2048,
    headNorm: 'none' as const,
    temperature: 0.2,
    encoderMomentum: 0.999,
    queueLength: 16_384,
    clusters: [3000, 2000, 1000],
    clusterRestarts: 5,
    clusterWarmupEpochs: 20,
  },
});

export const hcsc = defineMethod({
  name: 'hcsc',
  about: 'a hierarchy of prototypes, and negatives selected by it (HCSC)',
  crops: 'multiple',
  settings: settingsSchema,
  fits: ['clusters', 'queueLength'],
  presets: {
    'hcsc-imagenet': {
      description: "the paper's ResNet-50 recipe at batch 256 with two crops",
      settings: imagenet({ crops: [{ count: 2, size: 224 }], scales: [[0.2, 1]] }),
    },
    'hcsc-imagenet-multicrop': {
      description: "the paper's ResNet-50 recipe at batch 256 with six crops of five sizes",
      settings: imagenet({
        crops: [
          { count: 2, size: 224 },
          ...[192, 160, 128, 96].map((size) => ({ count: 1, size })),
        ],
        scales: [
          [0.2, 1],
          [0.172, 0.86],
          [0.143, 0.715],
          [0.114, 0.571],
          [0.086, 0.429],
        ],
      }),
    },
  },
  check({ clusters }, { images }) {
    requireClusters(clusters, images);
    requireTree(clusters, images);
  },
  head: (settings) => ({
    project: (variables, features) => keyHead(variables, features, settings),
    prototypes: (variables) => storedPrototypes(variables, prototypesName(0), settings), // [K, D]
    levels: settings.clusters,
  }),
  stages: ({ settings, context }) => [
    { name: 'warm-up', epochs: settings.clusterWarmupEpochs },
    { name: 'prototypes', beforeEpoch: treePhase(settings, context) },
  ],
  step({ crops, views, settings, step, model }) {
    const { batchSize: B } = step;
    const { queueLength: L, embeddingDim: dimension, selection, variant } = settings;
    // theta_k ← m theta_k + (1 - m) theta_q, before the keys are made
    const key = step.momentumCopy({
      momentum: step.scalar('encoderMomentum', (moment) => encoderMomentumAt(settings, moment)),
      when: 'before',
    });
    const k = key.embed(views[1]!); // [B, D]
    const queries = queryCrops(crops, views[0]!.shape[0]!).flatMap((images) => {
      const z = model.embed(images); // [count B, D]
      return Array.from({ length: z.shape[0]! / B }, (_, v) => ofCrop(z, v, B)); // each [B, D]
    });
    const [q, ...local] = queries as [Tensor, ...Tensor[]];
    const queue = createQueue(step, 'queue', { length: L, dimension });
    const levels = settings.clusters.map((clusters, l) => ({
      ...storedClusters(step, l, { clusters, dimension }),
      candidates: step.state(candidatesName(l), [clusters]).current, // [K]
    }));
    const selects = (what: 'instances' | 'prototypes') =>
      selection === 'both' || selection === what;

    // sum_l InfoNCE(q, k, selected_l queue); one term where instances are not selected
    const plain = (z: Tensor) => infoNce(z, k, queue.current, settings);
    const instances = selects('instances')
      ? selectedInstances({ step, q, k, queue: queue.current, levels, settings })
      : undefined;
    const instanceLoss = instances?.loss ?? plain(q);
    const prototypes = selectedPrototypes({
      step,
      queries,
      levels,
      variant,
      selects: selects('prototypes'),
    });
    queue.push(k);

    const weight = step.during('prototypes'); // 0 during the warm-up, then 1
    const warmingUp = instances ? plain(q) : instanceLoss;
    const clustered = add(instanceLoss, prototypes.loss);
    const global = add(mul(sub(1, weight), warmingUp), mul(weight, clustered));
    step.minimize(local.map(plain).reduce((sum, term) => add(sum, term), global));

    const { prototypes: C, phi } = levels[0]!;
    step.observe({
      embeddings: q,
      pairs: [q, k],
      usage: mean(softmax(div(matmul(q, transpose(C)), phi)), { axes: [0] }), // [K]
    });
    step.fact('instanceLoss', instanceLoss);
    step.fact('prototypeLoss', prototypes.loss);
    if (instances) step.fact('meanKeep', meanOfAll(instances.keep));
    if (prototypes.keep.length > 0) step.fact('meanKeepPrototypes', meanOfAll(prototypes.keep));
  },
});

/** A level of the tree as a step reads it. */
interface Level extends StoredClusters {
  /** 1 for prototypes that may be negatives, [K]. */
  readonly candidates: Tensor;
}

/**
 * `sum_l InfoNCE(q, k, selected_l queue)`, and the probabilities of keeping a key, [B, L] per
 * level.
 */
function selectedInstances({
  step,
  q,
  k,
  queue,
  levels,
  settings,
}: {
  step: Step;
  q: Tensor;
  k: Tensor;
  queue: Tensor;
  levels: readonly Level[];
  settings: HcscSettings;
}): { loss: Tensor; keep: Tensor[] } {
  const masks = createMasks(step, 'instances', {
    rows: step.batchSize,
    columns: settings.queueLength,
    uses: levels.length,
  });
  const keep = levels.map((level) => keepProbability(queue, level, level.labels)); // each [B, L]
  const terms = keep.map((probability, l) => {
    const kept = masks(l, instanceChance(probability)); // [B, L]
    const select = (cosines: Tensor) => selected(cosines, kept, settings.variant);
    return infoNce(q, k, queue, { ...settings, select });
  });
  return { loss: totalOf(terms), keep };
}

/**
 * `1/levels sum_l ProtoNCE(z; C_l, selected prototypes)`, summed over queries, and the
 * probabilities of keeping a prototype, [B, K_l] per level below the top, where all are kept.
 */
function selectedPrototypes({
  step,
  queries,
  levels,
  variant,
  selects,
}: {
  step: Step;
  queries: readonly Tensor[];
  levels: readonly Level[];
  variant: HcscSettings['variant'];
  selects: boolean;
}): { loss: Tensor; keep: Tensor[] } {
  const belowTop = selects ? levels.slice(0, -1) : [];
  const masks =
    belowTop.length > 0
      ? createMasks(step, 'prototypes', {
          rows: step.batchSize,
          columns: levels[0]!.candidates.shape[0]!,
          uses: belowTop.length * queries.length,
        })
      : undefined;
  const keep = belowTop.map((level, l) => {
    const above = levels[l + 1]!;
    return keepProbability(level.prototypes, above, above.labels); // [B, K_l]
  });
  const losses = queries.map((z, v) =>
    meanOf(
      levels.map((level, l) => {
        const kept = keep[l] && masks?.(v * belowTop.length + l, prototypeChance(keep[l])); // [B, K_l]
        return selectedProtoNce(z, { ...level, kept, variant });
      }),
    ),
  );
  return { loss: totalOf(losses), keep };
}

/** Crops that are queries, by resolution: all but the second of the first group, the key's. */
function queryCrops(images: readonly Tensor[], B: number): Tensor[] {
  const [global, ...smaller] = images as [Tensor, ...Tensor[]];
  const first = ofCrop(global, 0, B);
  const count = global.shape[0]! / B;
  const others = count > 2 ? [rows(global, 2 * B, count * B)] : [];
  return [concat([first, ...others]), ...smaller];
}

function totalOf(losses: readonly Tensor[]): Tensor {
  return losses.reduce((sum, loss) => add(sum, loss));
}

/** Mean over all levels' probabilities, each level counting the same. */
function meanOfAll(probabilities: readonly Tensor[]): Tensor {
  return meanOf(probabilities.map((p) => mean(p)));
}

const candidatesName = (l: number) => `candidates.${l}`;

/** The phase: features by the momentum encoder, the tree over them, concentrations. */
function treePhase(settings: HcscSettings, context: StepContext): EpochPhase['run'] {
  const { clusters: counts, temperature, concentrationSmoothing: smoothing, variant } = settings;
  const { batchSize, imageSize: size } = context;
  const program = embeddingProgram(
    (variables, features) => keyHead(variables, features, settings),
    context,
    {
      prefix: 'key.',
    },
  );
  return async ({ engine, epoch, seed, features, readState, onProgress, signal }) => {
    const F = await features(program, { batchSize, size }); // [N, D]
    onProgress(`hierarchical k-means into ${counts.join(', ')} clusters`);
    const tree = await hierarchicalKmeans(F, counts, {
      engine,
      start: 'random',
      restarts: settings.clusterRestarts,
      iterations: settings.clusterIterations,
      tolerance: 0,
      seed: randomAt(seed, 'hcsc', epoch).bits(),
      signal,
    });
    const state: Values = {};
    for (const [l, level] of tree.entries()) {
      const phi = concentrations(level.squaredDistances, level.assignments, level.clusters, {
        temperature,
        smoothing,
      });
      Object.assign(
        state,
        foundState(l, { prototypes: level.prototypes.data, phi, labels: level.labels }),
        {
          [candidatesName(l)]: candidatesOf(level.labels, level.clusters, variant),
        },
      );
    }
    const before = (await readState([labelsName(0)]))[labelsName(0)]!;
    return {
      state,
      facts: { empty: emptyOf(tree), ...agreementFact(before, state[labelsName(0)]!) },
    };
  };
}

/** Clusters without an image, over all levels. */
function emptyOf(tree: readonly TreeLevel[]): number {
  return tree.reduce((sum, { clusters, labels }) => sum + clusters - new Set(labels).size, 0);
}
