/**
 * DeepCluster: an encoder learns to predict the clusters of its own features, in turns with
 * clustering them.
 *
 * Source: Caron, Bojanowski, Joulin, Douze, "Deep Clustering for Unsupervised Learning of Visual
 * Features", ECCV 2018 (arXiv:1807.05520): equations 1 and 2, section 3.2 (trivial solutions), 3.3
 * (details).
 *
 * Before each epoch:
 *
 *   F = encoder(x)                          evaluation views, running statistics             [N, F]
 *   X = L2rows(PCAwhiten(F))                the leading components, at most F                [N, P]
 *   y = k-means(X, k)                       from random rows; empty clusters split           [N]
 *   W ~ N(0, 0.01²), b = 0                  a new classifier: the last one's clusters are gone
 *
 * In the epoch, on images drawn uniformly over clusters (src/methods/uniformSampler.ts):
 *
 *   L = mean CE(softmax(W relu(encoder(x)) + b), y)
 *
 * Symbols: B images per batch, N images, k clusters, F dimension of features, P components.
 *
 * The classifier has an optimizer of its own, plain SGD at a constant rate, without state between
 * steps, so that a new classifier is all that a new clustering needs. The features of
 * AlexNet and VGG are those before the last ReLU, as in the authors' code; those of residual
 * networks are averages of ReLUs, which a further one leaves as they are.
 *
 * Different from the authors' code: cluster numbers of empty clusters stay and are outputs that no
 * image has; k-means ends early where nothing changes any more; directions whose variance is
 * rounding are not blown up. `variant: 'reference'` repeats the slip of its sampler. Clustering by
 * power iteration is not offered.
 */

import { z } from 'zod';
import { fitWhitening, kmeans, normalizeRows, whiten } from '../cluster/index.ts';
import { randomAt } from '../core/random.ts';
import { plural } from '../core/text.ts';
import { featureLength, filled, linear, normal, sgd } from '../nn/index.ts';
import { l2Normalize, relu, slice } from '../tensor/index.ts';
import {
  clusterCount,
  kmeansSettings,
  requireClusters,
  type Variant,
  variant,
} from './clusterSettings.ts';
import { defineMethod } from './defineMethod.ts';
import { inferenceProgram } from './inference.ts';
import type { EpochPhase, StepContext } from './program.ts';
import { labeledCrossEntropy, labelsAt, progressFact, unlabeled } from './pseudoLabels.ts';
import { positive, rate } from './settings.ts';
import { uniformOverClusters } from './uniformSampler.ts';

/** Name of the classifier, as in the authors' checkpoints. */
const CLASSIFIER = 'top_layer';
const LABELS = 'labels';
/** First values of a classifier. */
const first = { weight: normal(0.01), bias: filled(0) };
/**
 * Coordinates of features that the run doctor watches; all would be a matrix of 4096 x 4096 per
 * step.
 */
const WATCHED = 512;

export const deepcluster = defineMethod({
  name: 'deepcluster',
  about: 'clusters of features by k-means as labels, in turns with learning them (2018)',
  crops: 'single',
  settings: z.strictObject({
    clusters: clusterCount(256),
    ...kmeansSettings,
    pcaDim: positive().default(256).describe('components that remain when features are whitened'),
    // A classifier has one short epoch to learn in: at the paper's rate it would hardly begin.
    classifierLearningRate: rate()
      .default(2)
      .describe("constant learning rate of the classifier's own SGD"),
    variant: variant(),
  }),
  fits: ['clusters'],
  presets: {
    'deepcluster-imagenet': {
      description:
        "the paper's AlexNet recipe: Sobel filters, 1x224 at batch 256, 10,000 clusters, SGD",
      settings: {
        data: { batchSize: 256, imageSize: 224 },
        views: {
          crops: [{ count: 1, size: 224 }],
          scales: [[0.08, 1]],
          jitterProbability: 0,
          grayscaleProbability: 0,
        },
        encoder: { architecture: 'alexnet', width: 64, frontEnd: 'sobel' },
        optimizer: { name: 'sgd', learningRate: 0.05, weightDecay: 1e-5 },
        schedule: { epochs: 200, finalLearningRate: 0.05 },
        method: {
          clusters: 10_000,
          clusterIterations: 20,
          pcaDim: 256,
          classifierLearningRate: 0.05,
        },
      },
    },
  },
  check: ({ clusters }, { images }) => requireClusters([clusters], images),
  head: () => ({ project: (_variables, features) => l2Normalize(features) }),
  step({ crops: [images], settings, step, model, context }) {
    const { images: N } = step;
    const features = model.encode(images!, { drop: step.dropout() }); // [B, F]
    const logits = linear(model.variables, CLASSIFIER, relu(features), {
      features: settings.clusters,
      initialize: first,
    }); // [B, k]
    const labels = step.state(LABELS, [N], () => unlabeled(N)).current;
    const { loss, accuracy } = labeledCrossEntropy(logits, labelsAt(labels, step.indices));
    step.minimize(loss);
    step.minimize(loss, {
      group: 'classifier',
      variables: `${CLASSIFIER}.`,
      optimizer: sgd({ momentum: 0, weightDecay: context.optimizerSettings.weightDecay }),
      learningRate: step.scalar('classifierLearningRate', () => settings.classifierLearningRate),
    });
    const watched = slice(features, {
      axis: 1,
      start: 0,
      end: Math.min(WATCHED, features.shape[1]!),
    });
    step.observe({ embeddings: l2Normalize(watched) });
    step.fact('accuracy', accuracy);
  },
  phase: ({ settings, context }) => deepclusterPhase(settings, context),
});

/**
 * Work before every epoch: features, clusters, a new classifier; and images ordered by clusters.
 */
export function deepclusterPhase(
  settings: {
    clusters: number;
    clusterIterations: number;
    clusterRestarts: number;
    pcaDim: number;
    variant: Variant;
  },
  context: Pick<StepContext, 'encoder' | 'normalize' | 'batchSize' | 'imageSize'>,
): EpochPhase {
  const { clusters: k, variant } = settings;
  const { encoder, normalize, batchSize, imageSize: size } = context;
  const F = featureLength(encoder);
  return {
    isDue: () => true,
    async run({ engine, epoch, seed, features, readState, onProgress, signal }) {
      const { program } = inferenceProgram({ encoder, normalize, batchSize, size });
      const found = await features(program, { batchSize, size }); // [N, F]
      onProgress(`whitening features of dimension ${F}`);
      const whitening = await fitWhitening(engine, found, {
        components: Math.min(settings.pcaDim, F),
      });
      const X = normalizeRows(await whiten(engine, found, whitening)); // [N, P]
      onProgress(`k-means into ${plural(k, 'cluster')}`);
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
        state: {
          [LABELS]: Float32Array.from(assignments),
          ...newClassifier(k, F, { seed, epoch }),
        },
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
    order: ({ epoch, seed, state }) =>
      uniformOverClusters(state[LABELS]!, { seed, epoch, variant }),
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
