/**
 * Recipes of the papers, written by hand from the papers and from the authors' code, by flat names.
 *
 * `differs` lists the values of our preset that are not the paper's, each with the reason.
 */
import { autoencoderPapers } from './autoencoderPapers.cases.ts';
import { clusterPapers } from './clusterPapers.cases.ts';
import { generativePapers } from './generativePapers.cases.ts';
import { pairPapers } from './pairPapers.cases.ts';
import { relationPapers } from './relationPapers.cases.ts';

export type Values = Readonly<Record<string, string | number>>;

export interface PaperRecipe {
  /** Paper, and files of the authors' code. */
  readonly source: string;
  readonly values: Values;
  readonly differs?: Readonly<
    Record<string, { readonly ours: string | number; readonly reason: string }>
  >;
}

/** Values that most recipes for ImageNet share; torchvision's mean and deviation. */
const imagenet = {
  imageSize: 224,
  mean: '0.485,0.456,0.406',
  std: '0.229,0.224,0.225',
  flipProbability: 0.5,
  jitterProbability: 0.8,
  grayscaleProbability: 0.2,
  grayscaleOrder: 'after',
  blurSigma: '0.1-2',
  solarizeProbability: 0,
  architecture: 'resnet50',
  width: 64,
  stem: 'imagenet',
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

/** Color changes of SimCLR at strength 1, of MoCo v2, and of InstDisc, always and after gray. */
const strong = { brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2 } as const;
const moderate = { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 } as const;
const always = {
  ...moderate,
  hue: 0.4,
  jitterProbability: 1,
  grayscaleOrder: 'before',
  blurProbability: 0,
} as const;

/** LARC as in apex with `clip=False`, and LARS. */
const larc = { optimizer: 'larc', weightDecay: 1e-6, trust: 0.001, larcMode: 'scale' } as const;
const lars = { optimizer: 'lars', trust: 0.001 } as const;
const sgd = { optimizer: 'sgd', learningRate: 0.03, weightDecay: 1e-4 } as const;

/** Multi-crop of SwAV and DeepCluster-v2, with the deviations of their loader. */
const multicrop = {
  std: '0.228,0.224,0.225',
  crops: '2x224+6x96',
  scales: '0.14-1+0.05-0.14',
  ...strong,
  blurProbability: 0.5,
  batchNorm: 'joined', // --sync_bn pytorch
} as const;

/** Head and momentum encoder of MoCo v2, PCL v2 and HCSC. */
const queries = {
  hiddenDim: 2048,
  embeddingDim: 128,
  headNorm: 'none',
  temperature: 0.2,
  encoderMomentum: 0.999,
} as const;
const moco = {
  ...imagenet,
  ...moderate,
  ...sgd,
  ...queries,
  batchSize: 256,
  crops: '2x224',
  scales: '0.2-1',
  blurProbability: 0.5,
  epochs: 200,
  learningRatePer: 'epoch', // adjust_learning_rate
} as const;

/** Clusterings between epochs of PCL and HCSC: faiss with `niter=20`, `nredo=5`; alpha = 10. */
const clusterings = {
  queueLength: 16_384,
  clusterIterations: 20,
  clusterRestarts: 5,
  clusterWarmupEpochs: 20,
  concentrationSmoothing: 10,
  variant: 'reference',
} as const;
const corrected = { ours: 'corrected', reason: "slips of the authors' code are mended" } as const;
const cosine = {
  ours: 0,
  reason: 'the rate falls along a cosine instead of by 10 at epochs 120 and 160',
} as const;

const pcl = {
  ...moco,
  ...clusterings,
  clusters: '25000,50000,100000',
  negativePrototypes: 16_384,
} as const;
const hcsc = { ...moco, ...clusterings, clusters: '3000,2000,1000', selection: 'both' } as const;
const ofPcl =
  'Li et al. 2021 (arXiv:2005.04966), section 4 and appendix B; salesforce/PCL, ' + 'main_pcl.py';
const ofHcsc =
  'Guo et al. 2022 (arXiv:2202.00455), section 4.1; hirl-team/HCSC, utils/options.py, ' +
  'hcsc/loader.py';

const contrastiveClustering = {
  ...imagenet,
  batchSize: 256,
  mean: '0,0,0', // ToTensor alone
  std: '1,1,1',
  crops: '2x224',
  scales: '0.08-1',
  blurProbability: 0,
  architecture: 'resnet34',
  optimizer: 'adam',
  learningRate: 0.0003,
  finalLearningRate: 0.0003,
  weightDecay: 0,
  epochs: 1000,
  hiddenDim: 512,
  embeddingDim: 128,
  temperature: 0.5,
  clusterTemperature: 1,
  clusters: 10,
  heads: 'both',
  augmentedViews: 'both',
} as const;
const ofContrastiveClustering =
  'Li et al. 2021 (arXiv:2009.09687), section 4.2; Yunfan-Li/Contrastive-Clustering, ' +
  'config/config.yaml, modules/transform.py';

/** Recipes by the name of our preset. */
export const papers: Readonly<Record<string, PaperRecipe>> = {
  'swav-imagenet': {
    source:
      'Caron et al. 2020 (arXiv:2006.09882), appendix A; facebookresearch/swav, ' +
      'scripts/swav_200ep_bs256_pretrain.sh, src/multicropdataset.py',
    values: {
      ...imagenet,
      ...multicrop,
      ...larc,
      batchSize: 256,
      learningRate: 0.6,
      finalLearningRate: 0.0006,
      epochs: 200,
      hiddenDim: 2048,
      embeddingDim: 128,
      prototypes: 3000,
      temperature: 0.1,
      epsilon: 0.05,
      sinkhornIterations: 3,
      queueLength: 3840,
      queueStartEpoch: 15,
      freezePrototypesSteps: 5005,
    },
  },
  'deepcluster-v2-imagenet': {
    source:
      'Caron et al. 2020 (arXiv:2006.09882), appendix on DeepCluster-v2; facebookresearch/swav, ' +
      'scripts/deepclusterv2_800ep_pretrain.sh, main_deepclusterv2.py',
    values: {
      ...imagenet,
      ...multicrop,
      ...larc,
      batchSize: 4096,
      learningRate: 4.8,
      startLearningRate: 0.3,
      finalLearningRate: 0.0048,
      warmupEpochs: 10,
      epochs: 800,
      hiddenDim: 2048,
      embeddingDim: 128,
      temperature: 0.1,
      clusters: '3000,3000,3000',
      clusterIterations: 10,
      clusterRestarts: 1,
    },
  },
  'deepcluster-imagenet': {
    source:
      'Caron et al. 2018 (arXiv:1807.05520), section 3.3; facebookresearch/deepcluster, ' +
      'main.sh, main.py, clustering.py',
    values: {
      ...imagenet,
      batchSize: 256,
      crops: '1x224',
      scales: '0.08-1',
      jitterProbability: 0,
      grayscaleProbability: 0,
      blurProbability: 0,
      architecture: 'alexnet',
      frontEnd: 'sobel',
      optimizer: 'sgd',
      learningRate: 0.05,
      finalLearningRate: 0.05,
      weightDecay: 1e-5,
      epochs: 200,
      clusters: 10_000,
      clusterIterations: 20,
      clusterRestarts: 1,
      pcaDim: 256,
      classifierLearningRate: 0.05,
      variant: 'reference',
    },
    differs: { variant: corrected },
  },
  'pcl-v1-imagenet': {
    source: ofPcl,
    values: { ...pcl, ...always, hiddenDim: 0, finalLearningRate: 0.0003 },
    differs: { variant: corrected, finalLearningRate: cosine },
  },
  'pcl-v2-imagenet': { source: ofPcl, values: pcl, differs: { variant: corrected } },
  'hcsc-imagenet': { source: ofHcsc, values: hcsc, differs: { variant: corrected } },
  'hcsc-imagenet-multicrop': {
    source: `${ofHcsc} (MultiCropsTransform: the key's crop and one query per size)`,
    values: {
      ...hcsc,
      crops: '2x224+1x192+1x160+1x128+1x96',
      scales: '0.2-1+0.172-0.86+0.143-0.715+0.114-0.571+0.086-0.429',
    },
    differs: { variant: corrected },
  },
  'contrastive-clustering-cifar': {
    source: `${ofContrastiveClustering}, train.py (strength 0.5)`,
    values: { ...contrastiveClustering, ...moderate },
  },
  'contrastive-clustering-stl': {
    source: `${ofContrastiveClustering}, train_STL10.py (strength 1)`,
    values: { ...contrastiveClustering, ...strong },
  },
  'simclr-imagenet': {
    source:
      'Chen et al. 2020 (arXiv:2002.05709), section 2.2, table 5 and appendix A; ' +
      'google-research/simclr, run.py, data_util.py, lars_optimizer.py',
    values: {
      ...imagenet,
      residualInit: 'zero',
      batchNorm: 'joined', // "global BN"
      ...strong,
      ...lars,
      momentumForm: 'classic',
      mean: '0,0,0', // values from 0 to 1
      std: '1,1,1',
      batchSize: 4096,
      crops: '2x224',
      scales: '0.08-1',
      blurProbability: 0.5,
      learningRate: 4.8, // 0.3 · 4096 / 256
      weightDecay: 1e-6,
      epochs: 100,
      warmupEpochs: 10,
      hiddenDim: 2048,
      embeddingDim: 128,
      temperature: 0.1,
    },
  },
  'moco-v2-imagenet': {
    source: 'Chen et al. 2020 (arXiv:2003.04297); facebookresearch/moco, README.md, main_moco.py',
    values: { ...moco, queueLength: 65_536 },
  },
  'byol-imagenet': {
    source:
      'Grill et al. 2020 (arXiv:2006.07733), section 3.3 and appendix B; deepmind-research, ' +
      'byol/configs/byol.py, byol/byol_experiment.py, byol/utils/augmentations.py',
    values: {
      ...imagenet,
      residualInit: 'zero',
      ...moderate,
      ...lars,
      saturation: 0.2,
      batchSize: 4096,
      crops: '2x224',
      scales: '0.08-1',
      blurProbability: '1 and 0.1',
      solarizeProbability: '0 and 0.2',
      learningRate: 3.2, // 0.2 · 4096 / 256
      weightDecay: 1.5e-6,
      epochs: 1000,
      warmupEpochs: 10,
      hiddenDim: 4096,
      embeddingDim: 256,
      predictorDim: 4096,
      encoderMomentum: 0.996,
      finalEncoderMomentum: 1,
      targetStart: 'own',
    },
    differs: {
      blurProbability: { ours: 0.55, reason: 'the mean, as both views are drawn alike' },
      solarizeProbability: { ours: 0.1, reason: 'the mean, as both views are drawn alike' },
    },
  },
  ...relationPapers,
  'simsiam-imagenet': {
    source:
      'Chen and He 2021 (arXiv:2011.10566), section 3; facebookresearch/simsiam, ' +
      'main_simsiam.py',
    values: {
      ...imagenet,
      residualInit: 'zero',
      batchNorm: 'joined', // nn.SyncBatchNorm
      ...moderate,
      ...sgd,
      batchSize: 512,
      crops: '2x224',
      scales: '0.2-1',
      blurProbability: 0.5,
      learningRate: 0.1, // 0.05 · 512 / 256
      learningRatePer: 'epoch', // adjust_learning_rate
      epochs: 100,
      hiddenDim: 2048,
      embeddingDim: 2048,
      predictorDim: 512,
    },
  },
  'jule-cifar': {
    source: 'Yang et al. 2016 (arXiv:1604.03628), section 4; jwyang/JULE.torch, train.lua',
    values: {
      ...imagenet,
      ...sgd,
      batchSize: 100,
      imageSize: 32,
      crops: '1x32',
      scales: '1-1',
      flipProbability: 0,
      jitterProbability: 0,
      grayscaleProbability: 0,
      blurProbability: 0,
      architecture: 'jule',
      learningRate: 0.01,
      finalLearningRate: 0, // rateDecay takes its place
      weightDecay: 5e-5,
      epochs: 80, // four periods
      clusters: 10,
      neighbors: 20,
      mergeFraction: 0.9,
      mergeEpochs: 20,
      groupSize: 1,
      negatives: 20,
      margin: 0.2,
      positiveWeight: 1,
      rateDecay: 1e-4,
      augmentedViews: 'none',
      variant: 'reference',
    },
    differs: { variant: corrected },
  },
  'instdisc-imagenet': {
    source: 'Wu et al. 2018 (arXiv:1805.01978), section 4; zhirongw/lemniscate.pytorch, main.py',
    values: {
      ...imagenet,
      ...always,
      ...sgd,
      batchSize: 256,
      crops: '1x224',
      scales: '0.2-1',
      architecture: 'resnet18',
      finalLearningRate: 0.0003,
      epochs: 200,
      hiddenDim: 0,
      embeddingDim: 128,
      temperature: 0.07,
      negatives: 4096,
      bankMomentum: 0.5,
      loss: 'nce',
      proximalWeight: 0, // no term in the authors' code
    },
    differs: { finalLearningRate: cosine },
  },
  ...autoencoderPapers,
  ...clusterPapers,
  ...pairPapers,
  ...generativePapers,
};
