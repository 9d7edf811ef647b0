/** A metric and k-means alone: cluster any rows of numbers and compare the clusters with labels. */
import { kmeans } from '../src/cluster/index.ts';
import { adjustedRand, nmi } from '../src/metrics/index.ts';

const rows = [
  [0, 0],
  [0, 1],
  [1, 0],
  [9, 9],
  [9, 8],
  [8, 9],
];
const labels = [0, 0, 0, 1, 1, 1];

const { assignments, centroids } = await kmeans(rows, 2, { seed: 1 });
console.log(`assignments: ${[...assignments].join(' ')}`);
console.log(`centroids: ${[...centroids].map((value) => value.toFixed(2)).join(' ')}`);
console.log(`NMI ${nmi(labels, assignments)}, ARI ${adjustedRand(labels, assignments)}`);
