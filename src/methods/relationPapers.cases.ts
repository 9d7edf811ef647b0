/** Recipes of DAC, DDC and DCCM for CIFAR, written by hand as in `papers.cases.ts`. */

/** Networks, views and optimizer of DAC and DCCM for CIFAR, with color changes by channel alone. */
const relations = {
  flipProbability: 0.5,
  grayscaleOrder: 'after',
  blurSigma: '0.1-2',
  solarizeProbability: 0,
  width: 64,
  stem: 'imagenet',
  frontEnd: 'none',
  residualInit: 'one',
  batchNorm: 'own',
  stemStart: 'random',
  warmupEpochs: 0,
  startLearningRate: 0,
  learningRatePer: 'step',
  imageSize: 32,
  mean: '0,0,0',
  std: '1,1,1',
  crops: '2x32',
  scales: '1-1',
  jitterProbability: 0,
  grayscaleProbability: 0,
  blurProbability: 0,
  optimizer: 'rmsprop',
  weightDecay: 0,
  clusters: 10,
} as const;
const dac = {
  ...relations,
  architecture: 'dac',
  affineRotation: 10,
  affineShift: 0.09,
  affineZoom: '0.95-1.05',
  channelShift: 0.05,
  learningRate: 0.001,
  finalLearningRate: 0.001, // constant
} as const;

export const relationPapers = {
  'dac-cifar': {
    source:
      'Chang et al. 2017 (ICCV), section 4; vector-1127/DAC, CIFAR10/cifar10_2.py; ' +
      'HongtaoYang/DAC-tensorflow, DAC.py',
    values: {
      ...dac,
      batchSize: 128,
      epochs: 46, // until the thresholds meet
      upperThreshold: '0.95,0.5',
      lowerThreshold: '0.455,0.5',
      ownWeight: 0,
    },
    differs: {
      epochs: {
        ours: 98,
        reason: 'an epoch of the code is 1,000 steps, of ours a pass over the 60,000 images',
      },
    },
  },
  'dac-cifar-code': {
    source: 'vector-1127/DAC, CIFAR10/cifar10_2.py',
    values: {
      ...dac,
      batchSize: 32,
      epochs: 50,
      upperThreshold: '0.99,0.895',
      lowerThreshold: '0.8,0.895',
      ownWeight: 1,
    },
    differs: {
      epochs: { ours: 1000, reason: 'an epoch of the code visits each image 20 times' },
    },
  },
  'ddc-cifar': {
    source:
      'Chang et al. 2019 (arXiv:1905.01681), without code; network and views of ' +
      'vector-1127/DAC, CIFAR10/cifar10_2.py',
    values: { ...dac, batchSize: 128, epochs: 98, localWeight: 1 },
  },
  'dccm-cifar': {
    source:
      'Wu et al. 2019 (ICCV), section 4; Cory-M/DCCM, main.py, models/cifar_C4_L2.py, ' +
      'models/dim_Model.py, cfgs/cifar10.yaml',
    values: {
      ...relations,
      architecture: 'dccm',
      batchSize: 32,
      affineRotation: 20,
      affineShift: 0.18,
      affineZoom: '0.85-1.15',
      channelShift: 0.1,
      learningRate: 1e-4,
      finalLearningRate: 1e-4, // constant
      epochs: 200,
      headWidth: 64,
      graphThreshold: 0.95,
      labelThreshold: 0.9,
      labelWeight: 5,
      informationWeight: 0.05,
      hiddenChannels: 512,
      variant: 'reference',
    },
    differs: {
      epochs: { ours: 4000, reason: 'an epoch of the code visits each image 20 times' },
      variant: { ours: 'corrected', reason: "slips of the authors' code are mended" },
    },
  },
} as const;
