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
  tcl: [
    {
      line: 'only known labels leave images out',
      in: 'sameLabel',
      find: 'mul(equals, known)',
      to: 'equals',
      caughtBy: ['tcl.test.ts', 'is NT-Xent without labels'],
    },
    {
      line: 'the own pair stays a candidate',
      in: 'sameLabel',
      find: 'mul($shared, sub(1, isOwn))',
      to: '$shared',
      caughtBy: ['tcl.test.ts', 'keeps the own pair'],
    },
    {
      line: 'each cluster of the batch has the same weight',
      in: 'balancedCrossEntropy',
      find: 'div(losses, $counts)',
      to: 'losses',
      caughtBy: ['tcl.test.ts', 'mean over the clusters of the batch'],
    },
    {
      line: 'labels teach the strong view',
      in: 'boostStep',
      find: 'logitsOf($variables, hs, settings)',
      to: 'logitsOf($variables, hw, settings)',
      caughtBy: ['tcl.test.ts', 'agrees with a whole step of boosting'],
    },
    {
      line: 'a label ends when its image is no longer confident',
      in: 'confidentLabels',
      find: 'largest[i]! < alpha ? UNLABELED : label',
      to: 'label',
      caughtBy: ['tcl.test.ts', 'keeps a label while its image is confident'],
    },
  ],
  adc: [
    {
      line: 'a walk goes there and back',
      in: 'associationLosses',
      find: 'softmax(transpose(match))',
      to: 'transpose(softmax(match))',
      caughtBy: ['adc.test.ts', 'gives the golden losses'],
    },
    {
      line: 'a walk ends evenly among the rows of its class',
      in: 'associationLosses',
      find: 'div(same, $count)',
      to: 'same',
      caughtBy: ['adc.test.ts', 'gives the golden losses'],
    },
    {
      line: 'all images are visited alike',
      in: 'associationLosses',
      find: 'logOf(visited)',
      to: 'logOf(there)',
      caughtBy: ['adc.test.ts', 'gives the golden losses'],
    },
    {
      line: 'the head learns the clusters of centroids',
      in: 'associationStep',
      find: 'mul(settings.logitWeight, logitLoss)',
      to: 'mul(settings.logitWeight, 0)',
      caughtBy: ['adc.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'lengths are compared with 1',
      in: 'adc/sizeOf',
      find: 'sub(length, 1)',
      to: 'length',
      caughtBy: ['adc.test.ts', 'measures lengths against 1'],
    },
  ],
} satisfies Record<string, readonly Mutation[]>;
