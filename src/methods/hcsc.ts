/**
 * HCSC: contrast with a hierarchy of prototypes, in which negatives that probably mean the same are left out.
 *
 * Source: Guo, Xu, Chen, Ni, Wang, Zhang, Yu, "HCSC: Hierarchical Contrastive Selective Coding", CVPR 2022
 * (arXiv:2202.00455): section 3.1 and algorithm 1 (tree), 3.2 and 3.3 (selection), 3.4 (whole loss).
 *
 * Before each epoch once `clusterWarmupEpochs` are over: the features of all images by the momentum encoder, the tree of
 * prototypes C_l over them (src/cluster/hierarchicalKmeans.ts), and a concentration phi for every prototype. Above the
 * finest level, phi is that of the child prototypes around theirs.
 *
 *   theta_k ← m theta_k + (1 - m) theta_q
 *   q = normalise(head(f_q(x_1)));  k = normalise(head(f_k(x_2)))
 *   before  L = InfoNCE(q, k, queue)
 *   after   L = sum_l InfoNCE(q, k, selected_l queue) + 1/levels sum_l ProtoNCE(q; C_l, selected prototypes)
 *           the top level's prototypes are all kept
 *   queue ← k in front, the oldest gone
 *
 * Multi-crop: further crops z are queries for the same key; each adds `InfoNCE(z, k, queue)`, its negatives not selected,
 * and after the warm-up `1/levels sum_l ProtoNCE(z; C_l, selected prototypes)`, with coins of its own.
 *
 * Symbols: B images per batch, N images, L keys in the queue, D length of embeddings, K_l clusters of level l.
 *
 * As in the authors' code: the instance terms of the levels are added, not averaged, so the instance term weighs more once
 * selection begins; views are added as well; local crops' negatives in the queue are not selected
 * (`selection_on_local`, off by default there).
 * Different: `variant` (src/methods/selection.ts); a failure in selection is an error, where the authors' code goes on without
 * selection; the crops of one size that are queries share one pass and its batch statistics.
 */
import { concentrations, hierarchicalKmeans, requireTree, type TreeLevel } from '../cluster/index.ts';
import type { ProgramState, Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { createMomentumVariables, createVariables } from '../nn/index.ts';
import {
  add,
  concat,
  div,
  input,
  matmul,
  mean,
  mul,
  scalar,
  slice,
  softmax,
  sub,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import { createMaskSource } from './bernoulli.ts';
import { clusterCounts, storedPrototypes } from './clusterCounts.ts';
import { pairAgreement } from './contrastive.ts';
import {
  agreementFact,
  foundState,
  type HeldClusters,
  heldClusters,
  labelsName,
  prototypesName,
} from './heldClusters.ts';
import type { EpochPhase, Method, MethodProgram, StepContext } from './method.ts';
import { project } from './moco.ts';
import { embedImages, keyProgram, requireQueue } from './momentumContrast.ts';
import { encoderMomentumAt } from './momentumSchedule.ts';
import type { ProjectionOptions } from './projection.ts';
import { meanOf } from './protoNce.ts';
import { createQueue } from './queue.ts';
import {
  candidatesOf,
  instanceChance,
  keepProbability,
  prototypeChance,
  selectedInfoNce,
  selectedProtoNce,
} from './selection.ts';
import type { Settings } from './settings.ts';
import { cropInputs, initialStateOf, ofCrop, trainedState, vitalsOf } from './step.ts';

export interface HcscOptions
  extends ProjectionOptions,
    Pick<
      Settings,
      'encoderMomentum' | 'finalEncoderMomentum' | 'clusterWarmupEpochs' | 'variant' | 'selection'
    >,
    Omit<StepContext, 'normalise'> {
  /** tau. */
  temperature: number;
  /** L, keys kept as negatives. */
  queueLength: number;
  /** K_l, clusters of each level, finest first. */
  counts: readonly number[];
}

const IMAGENET = {
  architecture: 'resnet50',
  width: 64,
  stem: 'imagenet',
  crops: '2x224',
  scales: '0.2-1',
  imageSize: 224,
  batchSize: 256,
  epochs: 200,
  optimizer: 'sgd',
  learningRate: 0.03,
  weightDecay: 1e-4,
  hiddenLength: 2048,
  temperature: 0.2,
  encoderMomentum: 0.999,
  queueLength: 16_384,
  clusters: '3000,2000,1000',
  clusterRestarts: 5,
  clusterWarmupEpochs: 20,
  blurProbability: 0.5,
} as const;

export const hcsc: Method = {
  about: 'a hierarchy of prototypes, and negatives selected by it (HCSC)',
  crops: 'multiple',
  fits: ['clusters', 'queueLength'],
  recipe: {
    temperature: 0.2,
    headNorm: 'batch',
    encoderMomentum: 0.99,
    queueLength: 2048,
    clusters: '600,400,200',
    clusterWarmupEpochs: 2,
  },
  presets: {
    'hcsc-imagenet': {
      description: "the paper's ResNet-50 recipe at batch 256 with two crops",
      settings: IMAGENET,
    },
    'hcsc-imagenet-multicrop': {
      description: "the paper's ResNet-50 recipe at batch 256 with six crops of five sizes",
      settings: {
        ...IMAGENET,
        crops: '2x224+1x192+1x160+1x128+1x96',
        scales: '0.2-1+0.172-0.86+0.143-0.715+0.114-0.571+0.086-0.429',
      },
    },
  },
  program(settings, context) {
    requireQueue(settings.queueLength);
    const counts = clusterCounts(settings, context.images);
    requireTree(counts, context.images);
    return {
      ...hcscStep(cropInputs(context), { ...settings, ...context, counts }),
      phase: hcscPhase(settings, context, counts),
    };
  },
  head: (settings) => ({
    project: (variables, features) => project(variables, features, settings),
    prototypes: (variables) => storedPrototypes(variables, prototypesName(0), settings), // [K, D]
  }),
};

/** The clusters of one level as a step sees them. */
interface HeldLevel extends HeldClusters {
  /** The batch's clusters, int32 [B]. */
  readonly labels: Tensor;
  /** 1 for prototypes that may be negatives, [K]. */
  readonly candidates: Tensor;
}

/** The step on normalised images, one tensor [count B, 3, s, s] per crop group, as the inputs of the program. */
export function hcscStep(
  images: readonly Tensor[],
  options: HcscOptions,
): MethodProgram & { gradients: Record<string, Tensor> } {
  const { batchSize: B, optimizer, queueLength, embeddingLength, counts, selection } = options;
  const variables = createVariables();
  // theta_k ← m theta_k + (1 - m) theta_q, before the keys are made
  const key = createMomentumVariables({
    follows: variables,
    momentum: input('encoderMomentum', []),
    when: 'before',
  });
  const k = embedImages(key, ofCrop(images[0]!, 1, B), options); // [B, D]
  const queries = queryCrops(images, options).flatMap((crops) => {
    const z = embedImages(variables, crops, options); // [count B, D]
    return Array.from({ length: z.shape[0]! / B }, (_, v) => ofCrop(z, v, B)); // each [B, D]
  });
  const [q, ...local] = queries as [Tensor, ...Tensor[]];
  const queue = createQueue('queue', queueLength, embeddingLength);

  const indices = input('indices', [B], 'int32');
  const levels = counts.map((clusters, l): HeldLevel => {
    const held = heldClusters(l, { clusters, images: options.images, dimension: embeddingLength });
    const candidates = input(candidatesName(l), [clusters]);
    return {
      ...held,
      labels: held.labelsOf(indices), // [B]
      candidates,
      state: [...held.state, { current: candidates }],
    };
  });
  const selects = (what: 'instances' | 'prototypes') => selection === 'both' || selection === what;

  // sum_l InfoNCE(q, k, selected_l queue); one term where instances are not selected
  const plain = (z: Tensor) => selectedInfoNce(z, k, queue.current, options);
  const instanceMasks = createMaskSource('instances', {
    rows: B,
    columns: queueLength,
    uses: counts.length,
  });
  const keepInstances = selects('instances')
    ? levels.map((level) => keepProbability(queue.current, level, level.labels)) // each [B, L]
    : [];
  const instanceTerms = keepInstances.map((keep, l) => {
    const kept = instanceMasks.mask(l, instanceChance(keep)); // [B, L]
    return selectedInfoNce(q, k, queue.current, { ...options, kept });
  });
  const instanceLoss = selects('instances') ? totalOf(instanceTerms) : plain(q);

  // 1/levels sum_l ProtoNCE(z; C_l, selected prototypes), for each query; all are kept at the top
  const belowTop = selects('prototypes') ? levels.slice(0, -1) : [];
  const prototypeMasks = createMaskSource('prototypes', {
    rows: B,
    columns: counts[0]!,
    uses: Math.max(1, belowTop.length * queries.length),
  });
  const keepPrototypes = belowTop.map((level, l) => {
    const above = levels[l + 1]!;
    return keepProbability(level.prototypes, above, above.labels); // [B, K_l]
  });
  const prototypeLoss = totalOf(
    queries.map((z, v) =>
      meanOf(
        levels.map((level, l) => {
          const keep = keepPrototypes[l];
          const kept = keep && prototypeMasks.mask(v * belowTop.length + l, prototypeChance(keep)); // [B, K_l]
          return selectedProtoNce(z, { ...level, kept, variant: options.variant });
        }),
      ),
    ),
  );
  const masks = [
    ...(keepInstances.length > 0 ? [instanceMasks] : []),
    ...(keepPrototypes.length > 0 ? [prototypeMasks] : []),
  ];

  const weight = input('prototypeWeight', []); // 0 during the warm-up, then 1
  const warmingUp = selects('instances') ? plain(q) : instanceLoss;
  const clustered = add(instanceLoss, prototypeLoss);
  const global = add(mul(sub(scalar(1), weight), warmingUp), mul(weight, clustered));
  const loss = local.map(plain).reduce((sum, term) => add(sum, term), global);

  const trained = trainedState(variables, loss, { optimizer, learningRate: input('learningRate', []) });
  const state: ProgramState[] = [
    ...trained.state,
    ...key.state(),
    queue.state(k),
    ...levels.flatMap((level) => level.state),
    ...masks.flatMap((source) => source.state),
  ];
  const finest = levels[0]!;
  return {
    gradients: trained.gradients,
    program: {
      name: 'hcsc-step',
      state,
      outputs: {
        loss,
        usage: mean(softmax(div(matmul(q, transpose(finest.prototypes)), finest.phi)), { axes: [0] }), // [K]
        ...vitalsOf(q),
        agreement: pairAgreement(q, k),
        'fact.instanceLoss': instanceLoss,
        'fact.prototypeLoss': prototypeLoss,
        ...(keepInstances.length > 0 && { 'fact.meanKeep': meanOfAll(keepInstances) }),
        ...(keepPrototypes.length > 0 && { 'fact.meanKeepPrototypes': meanOfAll(keepPrototypes) }),
      },
    },
    initialState: (seed) =>
      initialStateOf(state, {
        ...variables.initialValues(seed),
        ...key.initialValues(seed),
        ...queue.initialValues(seed),
        ...Object.assign({}, ...levels.map(({ initialValues }) => initialValues)),
        ...Object.assign({}, ...masks.map((source) => source.initialValues(seed))),
      }),
    scalars: (moment) => ({
      learningRate: options.learningRate(moment),
      encoderMomentum: encoderMomentumAt(options, moment),
      prototypeWeight: moment.step >= options.clusterWarmupEpochs * moment.stepsPerEpoch ? 1 : 0,
      ...optimizer.scalars(moment.step + 1, 'network'),
    }),
    draws: ({ step }, seed) => Object.assign({}, ...masks.map((source) => source.draws(step, seed))),
    encoderState: [...variables.parameters(), ...variables.buffers()].map(({ name }) => name),
  };
}

/** Crops that are queries, by resolution: all but the second of the first group, the key's. */
function queryCrops(images: readonly Tensor[], { batchSize: B, crops }: HcscOptions): Tensor[] {
  const [big, ...smaller] = images as [Tensor, ...Tensor[]];
  const first = ofCrop(big, 0, B);
  const { count } = crops[0]!;
  const others = count > 2 ? [slice(big, { axis: 0, start: 2 * B, end: count * B })] : [];
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
function hcscPhase(
  settings: Settings,
  context: Pick<StepContext, 'encoder' | 'normalise' | 'batchSize'>,
  counts: readonly number[],
): EpochPhase {
  const { temperature, concentrationSmoothing: smoothing, imageSize: size, variant } = settings;
  return {
    isDue: (epoch) => epoch >= settings.clusterWarmupEpochs,
    async run({ engine, epoch, seed, features, readState, onProgress, signal }) {
      const { batchSize } = context;
      const F = await features(keyProgram({ ...settings, ...context }, { batchSize, size }), {
        batchSize,
        size,
      }); // [N, D]
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
      return { state, facts: { empty: emptyOf(tree), ...agreementFact(before, state[labelsName(0)]!) } };
    },
  };
}

/** Clusters without an image, over all levels. */
function emptyOf(tree: readonly TreeLevel[]): number {
  return tree.reduce((sum, { clusters, labels }) => sum + clusters - new Set(labels).size, 0);
}
