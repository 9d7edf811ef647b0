/**
 * DeepCluster: clusters of an encoder's features are the labels that it learns to predict, in turns.
 *
 * Source: Caron, Bojanowski, Joulin, Douze, "Deep Clustering for Unsupervised Learning of Visual Features", ECCV 2018
 * (arXiv:1807.05520): equations 1 and 2, section 3.2 (trivial solutions), 3.3 (details).
 *
 * Before each epoch:
 *
 *   F = encoder(x)                          every image in its evaluation view, running statistics     [N, F]
 *   X = L2rows(PCAwhiten(F))                the leading components, at most F                           [N, P]
 *   y = k-means(X, k)                       Euclidean, from random rows; empty clusters split           [N]
 *   W ~ N(0, 0.01²), b = 0                  a new classifier: the last one's clusters are gone
 *
 * In the epoch, on images drawn uniformly over clusters (src/methods/uniformSampler.ts):
 *
 *   L = mean CE(softmax(W relu(encoder(x)) + b), y)
 *
 * Symbols: B images per batch, N images, k clusters, F length of features, P components.
 *
 * The classifier has an optimiser of its own, plain SGD at a constant rate, of which nothing is kept between steps, so
 * that a new classifier is all there is to begin anew. The features of AlexNet and VGG are those before the last ReLU, as
 * in the authors' code; those of residual networks are averages of ReLUs, which a further one leaves as they are.
 *
 * Different from the authors' code: cluster numbers of empty clusters stay and are outputs that no image has; k-means
 * ends early where nothing changes any more; directions whose variance is rounding are not blown up. `variant:
 * 'asReleased'` repeats the slip of its sampler. Clustering by power iteration is not offered.
 */
import { fitWhitening, kmeans, normalizeRows, whiten } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import {
  createDropout,
  createVariables,
  encode,
  featureLength,
  filled,
  linear,
  normal,
  type Optimizer,
  sgd,
} from '../nn/index.ts';
import { input, l2Normalize, relu, slice, type Tensor } from '../tensor/index.ts';
import { clusterCounts } from './clusterCounts.ts';
import { inferenceProgram } from './encoder.ts';
import type { EpochPhase, Method, MethodProgram, StepContext } from './method.ts';
import { labelledCrossEntropy, labelsAt, progressFact, unlabelled } from './pseudoLabels.ts';
import type { Settings } from './settings.ts';
import { cropInputs, initialStateOf, trainedState, vitalsOf } from './step.ts';
import { uniformOverClusters } from './uniformSampler.ts';

export interface DeepclusterOptions
  extends Pick<StepContext, 'batchSize' | 'images' | 'encoder' | 'optimizer' | 'learningRate'> {
  /** k. */
  clusters: number;
  classifierLearningRate: number;
  /** L2 decay of the classifier. */
  weightDecay: number;
}

/** Name of the classifier, as in the authors' checkpoints. */
const CLASSIFIER = 'top_layer';
const LABELS = 'labels';
/** First values of a classifier. */
const first = { weight: normal(0.01), bias: filled(0) };
/** Coordinates of features that the run doctor watches; all would be a matrix of 4096 x 4096 per step. */
const WATCHED = 512;

export const deepcluster: Method = {
  about: 'clusters of features by k-means as labels, in turns with learning them (2018)',
  crops: 'single',
  fits: ['clusters'],
  // A classifier has one short epoch to learn in: at the paper's rate it would hardly begin.
  recipe: { clusters: '256', clusterIterations: 20, classifierLearningRate: 2 },
  presets: {
    'deepcluster-imagenet': {
      description: "the paper's AlexNet recipe: Sobel filters, 1x224 at batch 256, 10,000 clusters, SGD",
      settings: {
        architecture: 'alexnet',
        width: 64,
        frontEnd: 'sobel',
        crops: '1x224',
        scales: '0.08-1',
        imageSize: 224,
        jitterProbability: 0,
        greyscaleProbability: 0,
        clusters: '10000',
        clusterIterations: 20,
        pcaLength: 256,
        batchSize: 256,
        epochs: 200,
        optimizer: 'sgd',
        learningRate: 0.05,
        finalLearningRate: 0.05,
        classifierLearningRate: 0.05,
        weightDecay: 1e-5,
      },
    },
  },
  program(settings, context) {
    const [clusters, ...more] = clusterCounts(settings, context.images);
    if (more.length > 0) {
      throw new LikenessError(
        'settings.clusters',
        `clusters: received "${settings.clusters}"; expected one number, for method deepcluster`,
      );
    }
    const options = { ...settings, ...context, clusters: clusters! };
    const [images] = cropInputs(context); // [B, 3, s, s]
    return { ...deepclusterStep(images!, options), phase: deepclusterPhase(settings, context, clusters!) };
  },
  head: () => ({ project: (_variables, features) => l2Normalize(features) }),
};

/** The step on normalised images [B, 3, s, s]. */
export function deepclusterStep(
  images: Tensor,
  options: DeepclusterOptions,
): MethodProgram & { gradients: Record<string, Tensor> } {
  const { batchSize: B, images: N, clusters: k, encoder, learningRate } = options;
  const variables = createVariables();
  const { drop, draws } = createDropout();
  const features = encode(variables, images, { ...encoder, drop }); // [B, F]
  const encoderState = [...variables.parameters(), ...variables.buffers()].map(({ name }) => name);
  const logits = linear(variables, CLASSIFIER, relu(features), { features: k, initialize: first }); // [B, k]

  const labels = input(LABELS, [N]);
  const { loss, accuracy } = labelledCrossEntropy(logits, labelsAt(labels, input('indices', [B], 'int32')));
  const optimizer = withOwnSgd(options.optimizer, options);
  const trained = trainedState(variables, loss, {
    optimizer,
    learningRate: input('learningRate', []),
    groupOf: (name) => (name.startsWith(`${CLASSIFIER}.`) ? 'classifier' : 'network'),
  });
  const state = [...trained.state, { current: labels }];
  const watched = slice(features, { axis: 1, start: 0, end: Math.min(WATCHED, features.shape[1]!) });
  return {
    gradients: trained.gradients,
    program: {
      name: 'deepcluster-step',
      state,
      outputs: { loss, ...vitalsOf(l2Normalize(watched)), 'fact.accuracy': accuracy },
    },
    initialState: (seed) =>
      initialStateOf(state, { ...variables.initialValues(seed), [LABELS]: unlabelled(N) }),
    scalars: (moment) => ({
      learningRate: learningRate(moment),
      classifierLearningRate: options.classifierLearningRate,
      ...optimizer.scalars(moment.step + 1, 'network'),
    }),
    draws: ({ step }, seed) => draws(step, seed),
    encoderState,
  };
}

/** The optimiser, and plain SGD at a rate of its own for the classifier. */
function withOwnSgd(optimizer: Optimizer, { weightDecay }: { weightDecay: number }): Optimizer {
  const own = sgd({ momentum: 0, weightDecay });
  const rate = input('classifierLearningRate', []);
  return {
    scalars: optimizer.scalars,
    update: (parameter, lr) =>
      parameter.group === 'classifier' ? own.update(parameter, rate) : optimizer.update(parameter, lr),
  };
}

/** What comes before every epoch: features, clusters, a new classifier; and the order of the images by clusters. */
export function deepclusterPhase(
  settings: Settings,
  { encoder, normalise, batchSize }: Pick<StepContext, 'encoder' | 'normalise' | 'batchSize'>,
  k: number,
): EpochPhase {
  const { imageSize: size, variant } = settings;
  const F = featureLength(encoder);
  return {
    isDue: () => true,
    async run({ engine, epoch, seed, features, readState, onProgress, signal }) {
      const { program } = inferenceProgram({ encoder, normalise, batchSize, size });
      const found = await features(program, { batchSize, size }); // [N, F]
      onProgress(`whitening features of length ${F}`);
      const whitening = await fitWhitening(engine, found, { components: Math.min(settings.pcaLength, F) });
      const X = normalizeRows(await whiten(engine, found, whitening)); // [N, P]
      onProgress(`k-means into ${k} clusters`);
      const { assignments, sizes, empty, repaired } = await kmeans(X, k, {
        engine,
        start: 'random',
        restarts: settings.clusterRestarts,
        iterations: settings.clusterIterations,
        tolerance: 0,
        seed: randomAt(seed, 'deepcluster', epoch).bits(),
        signal,
      });
      const before = (await readState([LABELS]))[LABELS]!;
      return {
        state: { [LABELS]: Float32Array.from(assignments), ...newClassifier(k, F, { seed, epoch }) },
        facts: {
          ...progressFact(before, assignments),
          clusters: k - empty,
          largestCluster: Math.max(...sizes) / X.count,
          splitClusters: repaired,
          variance: whitening.explained,
        },
      };
    },
    orderState: [LABELS],
    order: ({ epoch, seed, state }) => uniformOverClusters(state[LABELS]!, { seed, epoch, variant }),
  };
}

/** First values of the classifier of an epoch. */
function newClassifier(k: number, F: number, { seed, epoch }: { seed: number; epoch: number }) {
  const random = randomAt(seed, 'deepclusterClassifier', epoch);
  return {
    [`${CLASSIFIER}.weight`]: first.weight([k, F], random),
    [`${CLASSIFIER}.bias`]: first.bias([k], random),
  };
}
