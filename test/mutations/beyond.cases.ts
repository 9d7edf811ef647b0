/** Lines of the methods that learn clusters beyond Contrastive Clustering. */
import type { Mutation } from './mutation.cases.ts';

export const beyond = {
  propos: [
    {
      line: 'queries move in their neighborhood',
      in: 'propos/propos',
      find: 'add(q, mul(sigma, e))',
      to: 'q',
      caughtBy: ['propos.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'a center finds its center in the target',
      in: 'scatteringLoss',
      find: 'cosines(m, n)',
      to: 'cosines(m, m)',
      caughtBy: ['propos.test.ts', 'pulls a center to its target'],
    },
    {
      line: 'no gradient reaches the centers of the target',
      in: 'scatteringLoss',
      find: 'stopGradient(centers(k))',
      to: 'centers(k)',
      caughtBy: ['propos.test.ts', 'has no gradient for targets'],
    },
    {
      line: 'clusters that the batch lacks have a low logit',
      in: 'scatteringLoss',
      find: 'maskFill($logits, isAbsent, ABSENT)',
      to: '$logits',
      caughtBy: ['propos.test.ts', 'a missing cluster at -10'],
    },
    {
      line: 'the predictor has a rate of its own',
      in: 'propos/propos',
      find: 'settings.predictorRate * $rate',
      to: '$rate',
      caughtBy: ['propos.test.ts', 'agrees with a whole step'],
    },
  ],
} satisfies Record<string, readonly Mutation[]>;
