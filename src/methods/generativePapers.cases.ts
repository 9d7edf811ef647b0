/** Recipes of methods that generate or reconstruct images, as in `papers.cases.ts`. */

/** Whole images of 32 px, in the normalization of torchvision, with Adam. */
const generative = {
  batchSize: 128,
  imageSize: 32,
  mean: '0.485,0.456,0.406',
  std: '0.229,0.224,0.225',
  crops: '1x32',
  scales: '1-1',
  flipProbability: 0,
  jitterProbability: 0,
  grayscaleProbability: 0,
  grayscaleOrder: 'after',
  blurProbability: 0,
  solarizeProbability: 0,
  width: 64,
  stem: 'cifar', // not read
  frontEnd: 'none',
  residualInit: 'one', // not read
  batchNorm: 'own',
  stemStart: 'random',
  optimizer: 'adam',
  warmupEpochs: 0,
  startLearningRate: 0,
  finalLearningRate: 0,
  learningRatePer: 'step',
} as const;

export const generativePapers = {
  'vae-cifar': {
    source:
      'no recipe was published; network and values are choices after Kingma and Welling 2014 ' +
      '(arXiv:1312.6114)',
    values: {
      ...generative,
      architecture: 'vae',
      learningRate: 0.001,
      finalLearningRate: 0.001,
      weightDecay: 0,
      epochs: 100,
      divergenceWeight: 1,
    },
  },
  'dcgan-cifar': {
    source:
      'Radford et al. 2016 (arXiv:1511.06434), section 4; Newmu/dcgan_code, ' +
      'imagenet/load_pretrained.py, faces/train_uncond_dcgan.py',
    values: {
      ...generative,
      mean: '0.5,0.5,0.5', // images in -1 ... 1
      std: '0.5,0.5,0.5',
      architecture: 'dcgan',
      learningRate: 0.0002,
      finalLearningRate: 0.0002,
      weightDecay: 1e-5,
      epochs: 30, // the stored weights are of that epoch
      beta1: 0.5,
    },
  },
  'decnn-cifar': {
    source:
      'Zeiler et al. 2010 (CVPR), section 4.1, for filters and maps; the rest are choices, because ' +
      'no code was published',
    values: {
      ...generative,
      architecture: 'decnn',
      learningRate: 0.002,
      weightDecay: 0,
      epochs: 10,
    },
  },
} as const;
