/** Lines of clusterings on graphs of nearest neighbors. */
import type { Mutation } from './mutation.cases.ts';

const golden = 'classicalGolden.test.ts';
const ofMutual = 'mutualNeighbors.test.ts';

export const graphs = {
  'neighbor graphs': [
    {
      line: 'Euclidean neighbors: candidates are ordered by distance, not by product',
      in: 'euclideanNeighbors',
      find: '-(norm ** 2) / 2',
      to: '0',
      caughtBy: [ofMutual, 'are those of all pairs'],
    },
    {
      line: 'Euclidean neighbors: no row is its own neighbor',
      in: 'nearestOf',
      find: 'other !== row',
      to: 'true',
      caughtBy: [ofMutual, 'are those of all pairs'],
    },
    {
      line: 'mutual neighbors: both ranks count',
      in: 'orderedPairs',
      find: 'i + 1 + back',
      to: 'i + 1',
      caughtBy: [golden, 'clusters of numpy'],
    },
    {
      line: 'mutual neighbors: pairs of one value are ordered by distance',
      in: 'orderedPairs',
      find: 'p.value - q.value || p.squared - q.squared',
      to: 'p.value - q.value',
      caughtBy: [golden, 'clusters of numpy'],
    },
    {
      line: 'NMF: the weights of neighbors are in the numerator',
      in: 'nmfUpdate',
      find: 'add(up, mul(term.locality, neighborSum))',
      to: 'up',
      caughtBy: [golden, 'has the factors and objectives of numpy'],
    },
    {
      line: 'spectral: the scale of a weight is that of both rows',
      in: 'euclideanGraph',
      find: 'scales[row]! * scales[other]!',
      to: 'scales[row]! ** 2',
      caughtBy: ['classical.test.ts', 'with one weight'],
    },
  ],
} satisfies Record<string, readonly Mutation[]>;
