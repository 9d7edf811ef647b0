/** `likeness evaluate`: what a run's features are worth, beside baselines. */
import type { Command } from './command.ts';
import { evaluateRun } from './evaluateRun.ts';
import { wholeNumber } from './parse.ts';

export const evaluateCommand: Command = {
  name: 'evaluate',
  summary: "Measures a run's features against labels where there are any, beside three baselines.",
  details: [
    'With labels (a folder per class, or a labelled format): NMI (arithmetic and geometric mean), AMI, ACC (Hungarian), ARI, Fowlkes-Mallows index and purity of k-means clusters (of the clusters that the method has learned itself where it has, with those of k-means beside them); weighted kNN (k = 200 and 20, T = 0.1); a linear classifier, with all labels and with 1 % and 10 % of them. The same for an untrained encoder, raw pixels and a colour histogram of the same images, and a word when one of them wins.',
    'Without labels: use of the prototypes, agreement of two views, spread and effective rank of the features.',
    "A source's own train/test split is respected; without one, a fifth of each class is held out. Labels are for measuring only.",
    'Writes evaluation.json into the run folder.',
  ].join('\n'),
  arguments: [{ name: 'source', description: 'folder of images, tar file, or packed data set' }],
  options: [
    { flags: '--run <dir>', description: 'run whose encoder is measured (required)' },
    {
      flags: '-k, --clusters <K>',
      description: 'number of clusters for NMI, ACC and ARI',
      default: 'learned by the method, or the number of labelled classes',
      parse: wholeNumber('-k'),
    },
    {
      flags: '--seed <n>',
      description: 'seed of clustering, probe and draws',
      default: '0',
      parse: wholeNumber('--seed', { least: 0 }),
    },
  ],
  examples: [
    {
      command: 'likeness evaluate photos --run runs/photos',
      meaning: 'photos with one folder per class: all measures, beside the baselines',
    },
    {
      command: 'likeness evaluate cifar10 --run runs/cifar --json',
      meaning:
        'one object for a script, with nmi, acc, ari, ami, fmi, knn.accuracy, linear.accuracy, fewLabels, purityTable, confusion and baselines',
    },
  ],
  run: ([source], options, terminal) => evaluateRun({ ...options, source: source! }, terminal),
};
