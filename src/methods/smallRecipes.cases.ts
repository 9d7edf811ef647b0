/**
 * Recipes for small images and for minutes on two cores, written by hand: the presets for kinds of
 * images, the shared defaults, and the values in which a method's own defaults differ from its
 * paper's.
 */
import type { Values } from './papers.cases.ts';

/** Presets for kinds of images. They are ours; the reason stands with each. */
export const sizePresets: Readonly<
  Record<string, { readonly reason: string; readonly values: Values }>
> = {
  'tiny-28': {
    reason: 'mean and deviation of Fashion-MNIST, no color changes, small networks',
    values: {
      batchSize: 128,
      imageSize: 28,
      mean: '0.286,0.286,0.286',
      std: '0.353,0.353,0.353',
      crops: '2x28',
      scales: '0.3-1',
      saturation: 0,
      hue: 0,
      grayscaleProbability: 0,
      architecture: 'resnet10',
      width: 16,
      stem: 'small',
      epochs: 28,
      prototypes: 256,
      hiddenDim: 256,
    },
  },
  'small-32': {
    reason: 'half an hour on two cores',
    values: {
      batchSize: 256,
      imageSize: 32,
      crops: '2x32',
      scales: '0.2-1',
      architecture: 'resnet10',
      width: 16,
      stem: 'cifar',
      stemStart: 'patches',
      epochs: 12,
      prototypes: 512,
      hiddenDim: 256,
    },
  },
  'multicrop-64': {
    reason: 'multi-crop in the proportions of SwAV, global crops of a quarter of the area or more',
    values: {
      batchSize: 128,
      imageSize: 64,
      crops: '2x64+4x32',
      scales: '0.25-1+0.08-0.25',
      architecture: 'resnet10',
      width: 16,
      stem: 'small',
      stemStart: 'patches',
      epochs: 60,
      prototypes: 512,
      hiddenDim: 512,
    },
  },
  'multicrop-96': {
    reason: 'for many cores or a night',
    values: {
      batchSize: 256,
      imageSize: 96,
      crops: '2x96+4x48',
      scales: '0.25-1+0.05-0.25',
      blurProbability: 0.5,
      architecture: 'resnet18',
      width: 64,
      stem: 'imagenet',
      epochs: 200,
      prototypes: 1000,
      hiddenDim: 512,
    },
  },
  'cifar-resnet18': {
    reason: "lightly's CIFAR-10 benchmark: Adam at 0.001 · 512 / 128, 512 prototypes, 200 epochs",
    values: {
      batchSize: 512,
      imageSize: 32,
      crops: '2x32',
      scales: '0.14-1',
      architecture: 'resnet18',
      width: 64,
      stem: 'cifar',
      learningRate: 0.004,
      epochs: 200,
      prototypes: 512,
      hiddenDim: 512,
    },
  },
};

/** Defaults that all methods share: color changes of MoCo v2, crops of SwAV, Adam. */
export const sharedDefaults: Values = {
  batchSize: 256,
  imageSize: 32,
  mean: '0.485,0.456,0.406',
  std: '0.229,0.224,0.225',
  crops: '2x32',
  scales: '0.14-1',
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
  architecture: 'resnet18',
  width: 64,
  stem: 'cifar',
  frontEnd: 'none',
  residualInit: 'one',
  batchNorm: 'own',
  stemStart: 'random',
  optimizer: 'adam',
  learningRate: 0.002,
  weightDecay: 1e-6,
  momentum: 0.9,
  momentumForm: 'popular',
  trust: 0.001,
  larcMode: 'scale',
  epochs: 100,
  warmupEpochs: 0,
  startLearningRate: 0,
  finalLearningRate: 0,
  learningRatePer: 'step',
};

export interface SmallRecipe {
  /** Preset with the paper's recipe. */
  readonly paper: string;
  /** Values that are not the paper's. */
  readonly values: Values;
  readonly reason: string;
}

/** Key encoder over some hundred steps: batch norm in the head, a faster average. */
const fewSteps = { hiddenDim: 512, headNorm: 'batch', encoderMomentum: 0.99 } as const;
const hundreds = 'some hundred steps: a slow average would hardly leave its random start';

/** Defaults of each method's own settings, with its recipe. */
export const smallRecipes: Readonly<Record<string, SmallRecipe>> = {
  swav: {
    paper: 'swav-imagenet',
    values: { hiddenDim: 512, prototypes: 512, queueLength: 0, freezePrototypesSteps: 0 },
    reason: 'fewer images per prototype; batches that are large beside the prototypes',
  },
  deepcluster: {
    paper: 'deepcluster-imagenet',
    values: { clusters: 256, classifierLearningRate: 2 },
    reason: 'fewer images; a classifier that begins anew in each short epoch needs a higher rate',
  },
  'deepcluster-v2': {
    paper: 'deepcluster-v2-imagenet',
    values: { hiddenDim: 512, clusters: '512,512,512' },
    reason: 'fewer images',
  },
  pcl: {
    paper: 'pcl-v2-imagenet',
    values: {
      ...fewSteps,
      queueLength: 2048,
      clusters: '250,500,1000',
      clusterRestarts: 1,
      clusterWarmupEpochs: 2,
      negativePrototypes: 16_000, // the paper's r, 16,384 in its code
    },
    reason: hundreds,
  },
  hcsc: {
    paper: 'hcsc-imagenet',
    values: {
      ...fewSteps,
      queueLength: 2048,
      clusters: '600,400,200',
      clusterRestarts: 1,
      clusterWarmupEpochs: 2,
    },
    reason: hundreds,
  },
  autoencoder: { paper: 'autoencoder-cifar', values: {}, reason: 'it has no settings of its own' },
  'denoising-autoencoder': {
    paper: 'denoising-autoencoder-mnist',
    values: { layerEpochs: 1 },
    reason: 'minutes on two cores',
  },
  dec: {
    paper: 'dec-mnist',
    values: { layerEpochs: 1, stackEpochs: 4, clusterIterations: 100, targetInterval: 40 },
    reason: 'minutes on two cores, in which an image is seen a dozen times',
  },
  'contrastive-clustering': {
    paper: 'contrastive-clustering-cifar',
    values: {},
    reason: 'none differs',
  },
  iic: {
    paper: 'iic-cifar',
    values: { perturbedViews: 1, training: 'together', clusterEpochs: 1 },
    reason: 'minutes: one copy per image, and runs that may have a single epoch',
  },
  pica: {
    paper: 'pica-cifar20',
    values: { clusters: 10, perturbedViews: 1, training: 'together' },
    reason: 'minutes: one copy per image, and runs that may have a single epoch',
  },
  simclr: {
    paper: 'simclr-imagenet',
    values: { hiddenDim: 512, temperature: 0.5 },
    reason: "tau of the paper's CIFAR-10 experiments (appendix B.9)",
  },
  moco: { paper: 'moco-v2-imagenet', values: { ...fewSteps, queueLength: 4096 }, reason: hundreds },
  byol: {
    paper: 'byol-imagenet',
    values: {
      hiddenDim: 512,
      embeddingDim: 128,
      predictorDim: 256,
      encoderMomentum: 0.5,
      finalEncoderMomentum: 0.99,
      targetStart: 'copy',
    },
    reason: hundreds,
  },
  dac: { paper: 'dac-cifar', values: {}, reason: "the paper's thresholds" },
  ddc: { paper: 'ddc-cifar', values: {}, reason: 'a reconstruction for all images' },
  dccm: {
    paper: 'dccm-cifar',
    values: { hiddenChannels: 64 },
    reason: 'at 512 channels the information loss takes longer than the network',
  },
  simsiam: {
    paper: 'simsiam-imagenet',
    values: { hiddenDim: 256, embeddingDim: 256, predictorDim: 64 },
    reason: "the paper's proportions (a predictor of a quarter) at an eighth of its width",
  },
  jule: {
    paper: 'jule-cifar',
    values: { mergeEpochs: 5, groupSize: 5, rateDecay: 0 },
    reason: 'short runs: a cosine schedule, and batches in which every image has a pair',
  },
  instdisc: {
    paper: 'instdisc-imagenet',
    values: { temperature: 0.1, loss: 'softmax' },
    reason: "tau of the authors' code for CIFAR-10 (cifar.py); few images, so all are candidates",
  },
  propos: {
    paper: 'propos-cifar10',
    values: {
      hiddenDim: 512,
      embeddingDim: 128,
      predictorDim: 256,
      predictorRate: 1,
      encoderMomentum: 0.5,
      finalEncoderMomentum: 0.99,
      clusterWarmupEpochs: 2,
      clusterIterations: 20,
    },
    reason: hundreds,
  },
  tcl: {
    paper: 'tcl-cifar10',
    values: { twinEpochs: 8 },
    reason: 'some dozen epochs',
  },
  adc: { paper: 'adc-cifar10', values: {}, reason: 'none differs' },
  vae: { paper: 'vae-cifar', values: {}, reason: 'none differs' },
  dcgan: { paper: 'dcgan-cifar', values: {}, reason: 'none differs' },
  decnn: { paper: 'decnn-cifar', values: {}, reason: 'none differs' },
};
