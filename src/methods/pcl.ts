/**
 * PCL: instance contrast with a momentum encoder, and contrast with the prototypes of clusterings at several
 * granularities, each cluster at a temperature of its own.
 *
 * Source: Li, Zhou, Xiong, Hoi, "Prototypical Contrastive Learning of Unsupervised Representations", ICLR 2021
 * (arXiv:2005.04966): equations 11 (ProtoNCE) and 12 (phi), algorithm 1, appendix B (settings).
 *
 * E step, before each epoch once `clusterWarmupEpochs` are over:
 *
 *   F = normalise(head_k(f_k(x)))          every image in its evaluation view, by the momentum encoder
 *   c, y = k-means(F, K_m)                 for each of M numbers of clusters
 *   phi = concentration(|F_i - c_y(i)|)    mean tau (src/cluster/concentration.ts)
 *   C = normalise(c)                       distances are those to the centroids before this
 *
 * M step:
 *
 *   theta_k ← m theta_k + (1 - m) theta_q
 *   q = normalise(head(f_q(x_1)));  k = normalise(head(f_k(x_2)))
 *   L = InfoNCE(q, k, queue) + 1/M sum_m ProtoNCE(q; C_m, y_m, phi_m)
 *   queue ← k in front, the oldest gone
 *
 * Symbols: B images per batch, N images, D length of embeddings, K_m clusters of clustering m, tau temperature.
 *
 * v2 has a head of two layers, v1 a linear one (`hiddenLength: 0`) and no blur. Before the warm-up is over the prototype
 * term is multiplied by 0, so one compiled step serves the whole run.
 * Different from the authors' code: which prototypes are negatives (src/methods/protoNce.ts); the learning rate falls
 * along a cosine for v1 as well; k-means starts from another draw in each epoch.
 */
import {
  concentrations,
  distinctRows,
  featuresOf,
  kmeans,
  normalizeRows,
  squaredDistancesToOwn,
} from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { randomAt } from '../core/random.ts';
import { createMomentumVariables, createVariables } from '../nn/index.ts';
import { add, div, input, matmul, mean, mul, softmax, type Tensor, transpose } from '../tensor/index.ts';
import { clusterCounts, storedPrototypes } from './clusterCounts.ts';
import { infoNce, pairAgreement } from './contrastive.ts';
import { agreementFact, foundState, heldClusters, labelsName, prototypesName } from './heldClusters.ts';
import type { EpochPhase, Method, MethodProgram, StepContext } from './method.ts';
import { project } from './moco.ts';
import { embedImages, keyProgram, requireQueue } from './momentumContrast.ts';
import { encoderMomentumAt } from './momentumSchedule.ts';
import type { ProjectionOptions } from './projection.ts';
import { meanOf, protoNce } from './protoNce.ts';
import { createQueue } from './queue.ts';
import type { Settings } from './settings.ts';
import { cropInputs, initialStateOf, ofCrop, trainedState, vitalsOf } from './step.ts';

export interface PclOptions
  extends ProjectionOptions,
    Pick<Settings, 'encoderMomentum' | 'finalEncoderMomentum' | 'clusterWarmupEpochs' | 'variant'>,
    Omit<StepContext, 'crops' | 'normalise'> {
  /** tau. */
  temperature: number;
  /** Keys kept as negatives. */
  queueLength: number;
  /** K_m, clusters of each clustering. */
  counts: readonly number[];
  /** r, prototypes drawn as negatives per clustering and step; all where there are no more. */
  negativePrototypes: number;
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
  temperature: 0.2,
  encoderMomentum: 0.999,
  queueLength: 16_384,
  negativePrototypes: 16_384,
  clusters: '25000,50000,100000',
  clusterRestarts: 5,
  clusterWarmupEpochs: 20,
  brightness: 0.4,
  contrast: 0.4,
  saturation: 0.4,
} as const;

export const pcl: Method = {
  about: 'instances and prototypes of several clusterings, contrasted with a momentum encoder (PCL)',
  crops: 'pair',
  fits: ['clusters', 'queueLength'],
  recipe: {
    temperature: 0.2,
    headNorm: 'batch',
    encoderMomentum: 0.99,
    queueLength: 2048,
    clusters: '250,500,1000',
    clusterWarmupEpochs: 2,
  },
  presets: {
    'pcl-v1-imagenet': {
      description:
        "the paper's ResNet-50 recipe with a linear head; the rate along a cosine instead of in steps",
      settings: { ...IMAGENET, hiddenLength: 0, jitterProbability: 1, hue: 0.4 },
    },
    'pcl-v2-imagenet': {
      description: "the authors' improved ResNet-50 recipe: head of two layers, blur, cosine",
      settings: { ...IMAGENET, hiddenLength: 2048, blurProbability: 0.5 },
    },
  },
  program(settings, context) {
    requireQueue(settings.queueLength);
    const counts = clusterCounts(settings, context.images);
    const [images] = cropInputs(context); // [2B, 3, s, s]
    return {
      ...pclStep(images!, { ...settings, ...context, counts }),
      phase: pclPhase(settings, context, counts),
    };
  },
  head: (settings) => ({
    project: (variables, features) => project(variables, features, settings),
    prototypes: (variables) => storedPrototypes(variables, prototypesName(0), settings), // [K, D]
  }),
};

/** The step on normalised images [2B, 3, s, s], first views first. */
export function pclStep(
  images: Tensor,
  options: PclOptions,
): MethodProgram & { gradients: Record<string, Tensor> } {
  const { batchSize: B, optimizer, queueLength, embeddingLength, counts, clusterWarmupEpochs } = options;
  const variables = createVariables();
  // theta_k ← m theta_k + (1 - m) theta_q, before the keys are made
  const key = createMomentumVariables({
    follows: variables,
    momentum: input('encoderMomentum', []),
    when: 'before',
  });
  const q = embedImages(variables, ofCrop(images, 0, B), options); // [B, D]
  const k = embedImages(key, ofCrop(images, 1, B), options); // [B, D]
  const queue = createQueue('queue', queueLength, embeddingLength);
  const instanceLoss = infoNce(q, k, queue.current, options);

  const indices = input('indices', [B], 'int32');
  const held = counts.map((clusters, m) =>
    heldClusters(m, { clusters, images: options.images, dimension: embeddingLength }),
  );
  const drawn = counts.map((K, m) => drawnInput(m, K, options));
  const prototypeLoss = meanOf(
    held.map((clusters, m) =>
      protoNce(q, {
        ...clusters,
        labels: clusters.labelsOf(indices), // [B]
        drawn: drawn[m],
        variant: options.variant,
      }),
    ),
  );
  const loss = add(instanceLoss, mul(prototypeLoss, input('prototypeWeight', [])));

  const trained = trainedState(variables, loss, { optimizer, learningRate: input('learningRate', []) });
  const state = [
    ...trained.state,
    ...key.state(),
    queue.state(k),
    ...held.flatMap((clusters) => clusters.state),
  ];
  const first = held[0]!;
  return {
    gradients: trained.gradients,
    program: {
      name: 'pcl-step',
      state,
      outputs: {
        loss,
        usage: mean(softmax(div(matmul(q, transpose(first.prototypes)), first.phi)), { axes: [0] }), // [K]
        ...vitalsOf(q),
        agreement: pairAgreement(q, k),
        'fact.instanceLoss': instanceLoss,
        'fact.prototypeLoss': prototypeLoss,
      },
    },
    initialState: (seed) =>
      initialStateOf(state, {
        ...variables.initialValues(seed),
        ...key.initialValues(seed),
        ...queue.initialValues(seed),
        ...Object.assign({}, ...held.map(({ initialValues }) => initialValues)),
      }),
    scalars: (moment) => ({
      learningRate: options.learningRate(moment),
      encoderMomentum: encoderMomentumAt(options, moment),
      prototypeWeight: moment.step >= clusterWarmupEpochs * moment.stepsPerEpoch ? 1 : 0,
      ...optimizer.scalars(moment.step + 1, 'network'),
    }),
    draws: ({ step }, seed) => drawNegatives(step, seed, options),
    encoderState: [...variables.parameters(), ...variables.buffers()].map(({ name }) => name),
  };
}

type NegativeOptions = Pick<PclOptions, 'counts' | 'negativePrototypes'>;

const drawnName = (m: number) => `negativePrototypes.${m}`;

/** Where the drawn negatives of clustering m come in; nothing where all prototypes are negatives. */
function drawnInput(m: number, K: number, { negativePrototypes: r }: NegativeOptions): Tensor | undefined {
  return r < K ? input(drawnName(m), [r], 'int32') : undefined; // [r]
}

/** r distinct clusters per clustering, from the stream at (seed, step, clustering). */
function drawNegatives(
  step: number,
  seed: number,
  { counts, negativePrototypes: r }: NegativeOptions,
): Values {
  return Object.fromEntries(
    counts.flatMap((K, m) =>
      r < K ? [[drawnName(m), distinctRows(K, r, randomAt(seed, 'pclNegatives', step, m))]] : [],
    ),
  );
}

/** The E step: features by the momentum encoder, M clusterings, their concentrations. */
function pclPhase(
  settings: Settings,
  context: Pick<StepContext, 'encoder' | 'normalise' | 'batchSize'>,
  counts: readonly number[],
): EpochPhase {
  const { temperature, concentrationSmoothing: smoothing, imageSize: size } = settings;
  return {
    isDue: (epoch) => epoch >= settings.clusterWarmupEpochs,
    async run({ engine, epoch, seed, features, readState, onProgress, signal }) {
      const { batchSize } = context;
      const F = await features(keyProgram({ ...settings, ...context }, { batchSize, size }), {
        batchSize,
        size,
      }); // [N, D]
      const state: Values = {};
      let empty = 0;
      for (const [m, k] of counts.entries()) {
        onProgress(`k-means into ${k} clusters`);
        const found = await kmeans(F, k, {
          engine,
          start: 'random',
          restarts: settings.clusterRestarts,
          iterations: settings.clusterIterations,
          tolerance: 0,
          seed: randomAt(seed, 'pcl', epoch, m).bits(),
          signal,
        });
        empty += found.empty;
        Object.assign(
          state,
          foundState(m, {
            prototypes: normalizeRows(featuresOf(found.centroids, F.dimension)).data, // [K, D]
            phi: concentrations(await squaredDistancesToOwn(engine, F, found), found.assignments, k, {
              temperature,
              smoothing,
            }), // [K]
            labels: found.assignments, // [N]
          }),
        );
      }
      const before = (await readState([labelsName(0)]))[labelsName(0)]!;
      return { state, facts: { empty, ...agreementFact(before, state[labelsName(0)]!) } };
    },
  };
}
