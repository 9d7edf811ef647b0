/**
 * The tiny trainings whose results are recorded: one per method, in which all its phases run, and
 * one more with every kernel of the convolutions.
 */

export interface Recipe {
  readonly method: string;
  readonly settings: Readonly<Record<string, string | number>>;
  /** Options of `likeness cluster`; default: five clusters. */
  readonly cluster?: readonly string[];
  /** Kernels are taken from plan.json instead of the default of each convolution. */
  readonly plan?: 'pinned';
}

/** Pictures of the source that all recipes learn from. */
export const IMAGES = 160;

/**
 * Settings that all recipes share. Convolutions this small are not worth measuring for `likeness
 * train`, which takes the default kernel of each, so that timings cannot change bytes. Batches of
 * 16 give 10 steps in an epoch.
 */
export const shared: Recipe['settings'] = {
  seed: 11,
  threads: 2,
  epochs: 3,
  batchSize: 16,
  ...{
    architecture: 'resnet10',
    width: 4,
    stem: 'cifar',
    stemStart: 'random',
    imageSize: 16,
    crops: '2x16',
    scales: '0.2-1',
  },
  ...{ hiddenLength: 16, embeddingLength: 16, warmupEpochs: 0.5 },
  ...{ blurProbability: 0.3, solariseProbability: 0.2, clusterIterations: 5 },
  ...{ measures: 'none', checkpointSeconds: 100_000 },
};

const multiCrop = { crops: '2x16+2x8', scales: '0.25-1+0.1-0.3' };
const queue = { queueLength: 48 };

export const recipes: Readonly<Record<string, Recipe>> = {
  swav: {
    method: 'swav',
    settings: {
      ...{ ...multiCrop, ...queue, queueStartEpoch: 1, prototypes: 12, freezePrototypesSteps: 3 },
      ...{ optimizer: 'larc', learningRate: 0.3, measures: 'epochs' },
    },
  },
  deepcluster: {
    method: 'deepcluster',
    settings: { crops: '1x16', frontEnd: 'sobel', clusters: '8', pcaLength: 8, optimizer: 'sgd' },
  },
  'deepcluster-v2': { method: 'deepcluster-v2', settings: { ...multiCrop, clusters: '8,8,6' } },
  pcl: {
    method: 'pcl',
    settings: { ...queue, clusters: '4,8,12', clusterWarmupEpochs: 1, negativePrototypes: 5 },
  },
  hcsc: { method: 'hcsc', settings: { ...queue, clusters: '12,6,3', clusterWarmupEpochs: 1 } },
  'contrastive-clustering': {
    method: 'contrastive-clustering',
    settings: { clusters: '4' },
    // Without a number the clusters that the method has learned are used.
    cluster: [],
  },
  simclr: { method: 'simclr', settings: { crops: '2x32', imageSize: 32, stem: 'imagenet' } },
  moco: {
    method: 'moco',
    settings: { ...queue, stem: 'small', optimizer: 'sgd', learningRate: 0.03 },
  },
  byol: { method: 'byol', settings: { predictorLength: 16, optimizer: 'lars', learningRate: 0.5 } },
  simsiam: { method: 'simsiam', settings: { predictorLength: 8 } },
  instdisc: { method: 'instdisc', settings: { crops: '1x16', negatives: 40 } },
  'swav-kernels': {
    method: 'swav',
    settings: { ...multiCrop, prototypes: 12, width: 16, batchSize: 32, epochs: 1 },
    plan: 'pinned',
  },
};
