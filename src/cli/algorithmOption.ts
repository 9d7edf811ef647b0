/** The option that chooses the algorithm of clusters. */
import { clusterAlgorithms } from '../likeness.ts';
import type { OptionSpec } from './command.ts';
import { oneOf } from './parse.ts';

export const algorithmOption: OptionSpec = {
  flags: '--algorithm <name>',
  description: `algorithm that finds the clusters: ${clusterAlgorithms.join(' or ')}`,
  default: 'smoothed-kmeans for pretrained networks, else kmeans',
  parse: oneOf('--algorithm', clusterAlgorithms),
};
