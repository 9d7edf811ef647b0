/** Recipes of papers on clustering, a part of the table in `papers.cases.ts`. */

/** Values that these recipes share. */
const shared = {
  mean: '0.4914,0.4822,0.4465',
  std: '0.2023,0.1994,0.201',
  flipProbability: 0.5,
  jitterProbability: 0.8,
  brightness: 0.4,
  contrast: 0.4,
  saturation: 0.4,
  hue: 0.1,
  grayscaleProbability: 0.2,
  grayscaleOrder: 'after',
  blurProbability: 0,
  blurSigma: '0.1-2',
  solarizeProbability: 0,
  width: 64,
  stem: 'cifar',
  frontEnd: 'none',
  residualInit: 'one',
  batchNorm: 'own',
  stemStart: 'random',
  momentum: 0.9,
  momentumForm: 'popular',
  warmupEpochs: 0,
  startLearningRate: 0,
  finalLearningRate: 0,
  learningRatePer: 'step',
} as const;

export const clusterPapers = {
  'propos-cifar10': {
    source:
      'Huang et al. 2022 (arXiv:2111.12142); Hzzone/ProPos, config/cifar10_r18_propos.yml, ' +
      'models/basic_template.py, models/propos/byol.py',
    values: {
      ...shared,
      optimizer: 'sgd',
      batchSize: 512, // 128 on each of 4 devices
      imageSize: 32,
      crops: '2x32',
      scales: '0.08-1',
      architecture: 'resnet18',
      learningRate: 0.1, // 0.05 · 512 / 256
      weightDecay: 5e-4,
      epochs: 1000,
      warmupEpochs: 50,
      hiddenDim: 4096,
      embeddingDim: 256,
      predictorDim: 4096,
      predictorRate: 10,
      encoderMomentum: 0.996,
      finalEncoderMomentum: 0.996,
      clusters: 10,
      clusterWarmupEpochs: 50,
      clusterIterations: 300,
      clusterRestarts: 1,
      temperature: 0.5,
      prototypeWeight: 0.1,
      queryNoise: 0.001,
    },
  },
  'tcl-cifar10': {
    source:
      'Li et al. 2022 (arXiv:2210.11680); Yunfan-Li/Twin-Contrastive-Learning, README.md, ' +
      'train.py, boost.py, transforms.py',
    values: {
      ...shared,
      imageSize: 224,
      stem: 'imagenet',
      batchSize: 1024, // 256 on each of 4 devices
      crops: '2x224',
      scales: '0.2-1',
      saturation: 0.2,
      blurProbability: 1,
      architecture: 'resnet34',
      optimizer: 'adam',
      learningRate: 1e-4,
      finalLearningRate: 1e-4,
      weightDecay: 1e-4,
      epochs: 1200, // 1,000 of train.py, 200 of boost.py
      hiddenDim: 512,
      embeddingDim: 128,
      clusters: 10,
      temperature: 0.5,
      clusterTemperature: 1,
      twinEpochs: 1000,
      confidence: 0.99,
      labelFraction: 0.5,
    },
  },
  'adc-cifar10': {
    source:
      'Haeusser et al. 2018 (GCPR); jplapp/associative_deep_clustering, ' +
      'semisup/train_unsup2.py, semisup/augment.py, semisup/tools/cifar_inmemory.py',
    values: {
      ...shared,
      batchSize: 100,
      imageSize: 32,
      mean: '0.5,0.5,0.5', // values in -1 to 1
      std: '0.5,0.5,0.5',
      crops: '2x32', // the image and 3 copies
      scales: '0.64-1', // sides of 80 to 100 %
      affineRotation: 10,
      jitterProbability: 1,
      brightness: 'added',
      contrast: '0.4-1.8',
      saturation: 0.3,
      hue: 0.2,
      grayscaleProbability: 0,
      noise: 0.025, // 0.05 of values in -1 to 1
      architecture: 'pre-activation ResNet-20',
      width: 16,
      optimizer: 'adam',
      learningRate: 2e-4,
      weightDecay: 0,
      epochs: 400, // 200,000 steps on 50,000 images
      warmupEpochs: 2, // 1,000 steps
      embeddingDim: 128,
      clusters: 10,
      centroids: 4,
      copies: 3,
      visitWeight: 0.5,
      copyVisitWeight: 1,
      logitWeight: 0.5,
      sizeWeight: 2e-4,
      transformationWeight: 0,
      variant: 'reference',
    },
    differs: {
      architecture: { ours: 'resnet18', reason: 'the nearest of our networks, 16 channels first' },
      brightness: { ours: 0.5, reason: 'a factor, not an addition of up to half of the range' },
      contrast: { ours: 0.6, reason: 'a symmetric range' },
      variant: { ours: 'corrected', reason: 'without effect at a weight of 0' },
    },
  },
} as const;
