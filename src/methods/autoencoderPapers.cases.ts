/** Recipes of autoencoders and of DEC, a part of the table in `papers.cases.ts`. */

/** Autoencoders of DEC on gray digits: images as they are, and SGD. */
const pixels = {
  batchSize: 256,
  imageSize: 28,
  mean: '0,0,0',
  crops: '1x28',
  scales: '1-1',
  flipProbability: 0,
  jitterProbability: 0,
  grayscaleProbability: 0,
  grayscaleOrder: 'after',
  blurProbability: 0,
  solarizeProbability: 0,
  architecture: 'mlp',
  width: 64,
  frontEnd: 'none',
  stemStart: 'random',
  optimizer: 'sgd',
  learningRate: 0.1,
  weightDecay: 0,
  momentum: 0.9,
  momentumForm: 'popular',
  warmupEpochs: 0,
  startLearningRate: 0,
  finalLearningRate: 0,
  learningRatePer: 'step',
} as const;

export const autoencoderPapers = {
  'autoencoder-cifar': {
    source: 'XifengGuo/DEC-keras, DEC.py: pretrain with its defaults (200 epochs of Adam at .001)',
    values: {
      ...pixels,
      imageSize: 32,
      crops: '1x32',
      std: '1,1,1',
      optimizer: 'adam',
      learningRate: 0.001,
      epochs: 200,
      finalLearningRate: 0.001,
    },
  },
  'denoising-autoencoder-mnist': {
    source: 'vlukiyanov/pt-dec, examples/mnist/mnist.py; the rate falls by 10 every 100 epochs',
    values: {
      ...pixels,
      std: '1,1,1',
      epochs: 4 * 300 + 500,
      layerEpochs: 300,
      corruption: 0.2,
    },
  },
  'dec-mnist': {
    source:
      'Xie et al. 2016 (arXiv:1511.06335), section 4.3; piiswrong/dec, dec.py and pretrain.py: ' +
      '50,000 steps per layer, 100,000 of the stack, 20,000 of clustering; 273 steps an epoch',
    values: {
      ...pixels,
      std: '0.196,0.196,0.196', // pixels 0 … 255 times .02
      epochs: 4 * 183 + 366 + 73,
      clusters: 10,
      layerEpochs: 183,
      stackEpochs: 366,
      corruption: 0.2,
      clusterIterations: 300, // KMeans of scikit-learn
      clusterRestarts: 20,
      clusteringLearningRate: 0.01,
      targetInterval: 160,
      tolerance: 0.001,
    },
  },
} as const;

/** Images as they are, in 0 … 1, and a network of fully connected layers. */
const changes = {
  mean: '0,0,0',
  std: '1,1,1',
  flipProbability: 0,
  jitterProbability: 0,
  grayscaleProbability: 0,
  blurProbability: 0,
  solarizeProbability: 0,
  architecture: 'mlp',
  frontEnd: 'none',
  stemStart: 'random',
  optimizer: 'adam',
  learningRate: 0.001,
  weightDecay: 0,
} as const;

/** Shared settings that the recipes of these methods change. */
export const autoencoderChanges = ['autoencoder', 'denoising-autoencoder', 'dec'].map(
  (method) => [method, changes] as const,
);
