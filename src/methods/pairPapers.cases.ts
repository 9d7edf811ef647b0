/** Recipes of IIC and PICA, a part of the table in `papers.cases.ts`. */

/**
 * Shared recipe of IIC and PICA. The authors' epoch has a pass per head, and ours has one pass.
 */
const pairs = {
  mean: '0.485,0.456,0.406',
  std: '0.229,0.224,0.225',
  flipProbability: 0.5,
  grayscaleProbability: 0.2,
  grayscaleOrder: 'after',
  blurSigma: '0.1-2',
  solarizeProbability: 0,
  width: 64,
  residualInit: 'one',
  batchNorm: 'own',
  stemStart: 'random',
  momentum: 0.9,
  momentumForm: 'popular',
  warmupEpochs: 0,
  startLearningRate: 0,
  learningRatePer: 'step',
  brightness: 0.4,
  contrast: 0.4,
  saturation: 0.4,
  jitterProbability: 1,
  blurProbability: 0,
  architecture: 'resnet34',
  stem: 'pooled',
  frontEnd: 'sobel',
  optimizer: 'adam',
  learningRate: 1e-4,
  finalLearningRate: 1e-4,
  weightDecay: 0,
  training: 'turns',
} as const;
const pica = {
  ...pairs,
  scales: '0.2-1',
  hue: 0.4,
  epochs: 400, // 200 of two passes
  overClusters: 70,
  perturbedViews: 3,
  clusterEpochs: 1,
  balanceWeight: 2,
} as const;
const ofPica =
  'Huang et al. 2020, section 4; Raymond-sci/PICA, main.py, pica/losses.py, pica/networks.py, ' +
  'configs/base.yaml';
const iic = {
  ...pairs,
  mean: '0,0,0', // ToTensor alone
  std: '1,1,1',
  hue: 0.125,
  grayscaleProbability: 0,
  clusterHeads: 5,
  marginWeight: 1,
} as const;
const iicCifar = {
  ...iic,
  imageSize: 32,
  crops: '2x32',
  scales: '0.390625-0.390625', // 20 of 32 px
  originalScale: 0.390625,
} as const;
const ofIic =
  'Ji et al. 2019 (arXiv:1807.06653), section 4; xu-ji/IIC, examples/commands.txt, ' +
  'code/utils/cluster/transforms.py';

/** Recipes by the name of our preset. */
export const pairPapers = {
  'iic-cifar': {
    source: `${ofIic} (CIFAR10, 640)`,
    values: {
      ...iicCifar,
      batchSize: 220, // 660 pairs
      perturbedViews: 3,
      epochs: 6000, // 2,000 of three passes
      clusterEpochs: 2,
      clusters: 10,
      overClusters: 70,
    },
  },
  'iic-cifar20': {
    source: `${ofIic} (CIFAR100-20, 579)`,
    values: {
      ...iicCifar,
      batchSize: 200, // 1,000 pairs
      perturbedViews: 5,
      epochs: 4000, // 2,000 of two passes
      clusterEpochs: 1,
      clusters: 20,
      overClusters: 140,
    },
  },
  'iic-stl': {
    source: `${ofIic} (STL10, 569)`,
    values: {
      ...iic,
      imageSize: 64,
      crops: '2x64',
      scales: '0.4444444444444444-0.4444444444444444', // 64 of 96 px
      originalScale: 0.4444444444444444,
      batchSize: 140, // 700 pairs
      perturbedViews: 5,
      epochs: 4000, // 2,000 of two passes
      clusterEpochs: 1,
      clusters: 10,
      overClusters: 70,
    },
  },
  'pica-cifar20': {
    source: `${ofPica}, configs/cifar100.yaml`,
    values: {
      ...pica,
      batchSize: 256,
      imageSize: 32,
      mean: '0.5071,0.4866,0.4409',
      std: '0.2009,0.1984,0.2023',
      crops: '2x32',
      originalScale: 0.64, // 32 of 40 px
      clusters: 20,
    },
  },
  'pica-stl': {
    source: `${ofPica}, configs/stl10.yaml`,
    values: {
      ...pica,
      batchSize: 128,
      imageSize: 96,
      crops: '2x96',
      originalScale: 0.7346938775510204, // 96 of 112 px
      clusters: 10,
    },
  },
} as const;
