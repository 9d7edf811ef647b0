/** `likeness cluster`: from a trained run and images to clusters. */
import { clusterRun } from './clusterRun.ts';
import type { Command } from './command.ts';
import { oneOf, wholeNumber } from './parse.ts';

export const clusterCommand: Command = {
  name: 'cluster',
  summary: "Groups a source's images by likeness, with a run's encoder.",
  details: [
    'Writes into the run folder: report.html (pictures per cluster, most typical first), clusters.csv (path, cluster, confidence, margin to the second best, nearest prototype), embeddings.safetensors, and clusters.safetensors, from which "likeness assign" puts further images into the same clusters.',
    'Where the method has learned clusters itself (contrastive-clustering), these are used, unless -k asks for another number; confidence is then the probability of the cluster, and margin its lead in probability. The column of prototypes is empty where a method has none.',
    'Otherwise, without -k, a number of clusters is suggested from the data, with the range that is about as good; the report shows how each number fits: separation compared with data without groups, agreement of two halves and of random starts, neighbours kept together. That compares numbers of clusters for this encoder and says nothing of how good the encoder is. Cluster 0 is the largest.',
    'The report also draws how alike positive and negative pairs of images and of clusters were over training, and where up to 1,000 images lie among each other before training, at the snapshots that were kept (likeness train --snapshots) and now, coloured by cluster.',
    'The source may be another one than the run was trained on.',
  ].join('\n'),
  arguments: [{ name: 'source', description: 'folder of images, tar file, or packed data set' }],
  options: [
    { flags: '--run <dir>', description: 'run whose encoder is used (required)' },
    {
      flags: '-k, --clusters <K>',
      description: 'number of clusters',
      default: 'learned by the method, or suggested from the data',
      parse: wholeNumber('-k'),
    },
    { flags: '--into <dir>', description: 'sort the images into a folder per cluster there' },
    {
      flags: '--by <way>',
      description: 'how --into places them: copy or link',
      default: 'copy',
      parse: oneOf('--by', ['copy', 'link'] as const),
    },
    {
      flags: '--split <part>',
      description: 'images to cluster: train, test or all',
      default: 'all',
      parse: oneOf('--split', ['train', 'test', 'all'] as const),
    },
    {
      flags: '--seed <n>',
      description: 'seed of the clustering',
      default: '0',
      parse: wholeNumber('--seed', { least: 0 }),
    },
  ],
  examples: [
    {
      command: 'likeness cluster photos --run runs/photos',
      meaning: 'suggest a number of clusters and write the report',
    },
    {
      command: 'likeness cluster photos --run runs/photos -k 20 --into sorted --by link',
      meaning: '20 clusters, with a folder of links for each',
    },
  ],
  run: ([source], options, terminal) => clusterRun({ ...options, source: source! }, terminal),
};
