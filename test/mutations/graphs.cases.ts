/** Lines of clusterings on graphs of nearest neighbors. */
import type { Mutation } from './mutation.cases.ts';

const golden = 'classicalGolden.test.ts';
const ofMerges = 'mergeByAffinity.test.ts';
const ofMutual = 'mutualNeighbors.test.ts';

export const graphs = {
  'neighbor graphs': [
    {
      line: 'Euclidean neighbors: candidates are ordered by distance, not by product',
      in: 'euclideanNeighbors',
      find: '-(norm ** 2) / 2',
      to: '0',
      caughtBy: [ofMutual, 'of a row near the middle are beside it'],
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
  jule: [
    {
      line: 'the scale of the weights is the mean of all distances',
      in: 'neighborWeights',
      find: '$sum / squared.length',
      to: '$sum / indices[0]!',
      caughtBy: [ofMerges, 'with the mean squared distance as scale'],
    },
    {
      line: 'an affinity is divided by the square of the size',
      in: 'affinityOf',
      find: 'there / sizes[a]! ** 2',
      to: 'there / sizes[a]!',
      caughtBy: [ofMerges, 'are the golden ones'],
    },
    {
      line: 'the affinities of both merged clusters to a third add up',
      in: 'mergeByAffinity',
      find: 'increase(affinities[a]!, other, affinities[b]!.get(other) ?? 0)',
      to: 'increase(affinities[a]!, other, 0)',
      caughtBy: [ofMerges, 'are those of dense matrices'],
    },
    {
      line: 'the lead over the next clusters counts while there are many',
      in: 'bestMerge',
      find: 'left > MANY_CLUSTERS',
      to: 'false',
      caughtBy: [ofMerges, 'of many clusters'],
    },
    {
      line: 'triplets: negatives are of other clusters',
      in: 'tripletLoss',
      find: 'where(same, scalar(-1), order)',
      to: 'order',
      caughtBy: ['jule.test.ts', 'are all pairs of a cluster'],
    },
    {
      line: 'triplets: the reference alone has the slip of the gradients',
      in: 'tripletLoss',
      find: "variant === 'reference'",
      to: "variant === 'corrected'",
      caughtBy: ['jule.test.ts', 'the right gradients'],
    },
  ],
} satisfies Record<string, readonly Mutation[]>;
