/** Lines of the methods that learn clusters from pairs of an image and its perturbed copies. */
import type { Mutation } from './mutation.cases.ts';

const ofPica = 'pica.test.ts';
const ofIic = 'iic.test.ts';
const ofHeads = 'pairHeads.test.ts';

export const pairs = {
  pica: [
    {
      line: 'clusters are columns',
      in: 'picaLoss',
      find: 'l2Normalize(transpose(p))',
      to: 'transpose(l2Normalize(p))',
      caughtBy: [ofPica, 'gives the golden similarities'],
    },
    {
      line: 'each cluster finds itself',
      in: 'picaLoss',
      find: 'oneHot(arange(K), K)',
      to: 'oneHot(mul(0, arange(K)), K)',
      caughtBy: [ofPica, 'gives the golden similarities'],
    },
    {
      line: 'shares are those of the unperturbed images',
      in: 'picaLoss',
      find: 'imbalanceOf(x)',
      to: 'imbalanceOf(perturbed)',
      caughtBy: [ofPica, 'gives the golden similarities'],
    },
    {
      line: 'the balance has its weight',
      in: 'picaLoss',
      find: 'mul(balanceWeight, imbalance)',
      to: 'imbalance',
      caughtBy: [ofPica, 'gives the golden similarities'],
    },
    {
      line: 'an image counts once per perturbed copy',
      in: 'writePairStep',
      find: 'lossOf(repeated($$$given), $others)',
      to: 'lossOf(others[i]!, others[i]!)',
      caughtBy: [ofPica, 'agrees with a whole step'],
    },
    {
      line: 'the image itself is not augmented',
      in: 'pairCrops',
      find: '{ ...$crop, count: 1, scale: $s, ratio: $r, steps: [] }',
      to: '{ ...crop!, count: 1 }',
      caughtBy: [ofHeads, 'are a random square without other changes'],
    },
    {
      line: 'turns begin with over-clustering',
      in: 'turnsOf',
      find: '$epoch % (1 + clusterEpochs) > 0',
      to: '$epoch % (1 + clusterEpochs) < 1',
      caughtBy: [ofHeads, 'are one epoch of over-clustering'],
    },
  ],
  iic: [
    {
      line: 'the joint distribution is symmetric',
      in: 'iicLoss',
      find: 'add(counts, transpose(counts))',
      to: 'add(counts, counts)',
      caughtBy: [ofIic, 'gives the golden joint distribution'],
    },
    {
      line: 'the joint distribution sums to 1',
      in: 'iicLoss',
      find: 'div(symmetric, sum(symmetric))',
      to: 'symmetric',
      caughtBy: [ofIic, 'gives the golden joint distribution'],
    },
    {
      line: 'margins have the weight lambda',
      in: 'iicLoss',
      find: 'mul(marginWeight, $entropies)',
      to: 'add(log(ofRows), log(ofColumns))',
      caughtBy: [ofIic, 'gives the golden joint distribution'],
    },
    {
      line: 'the logarithm of a margin of 0 is finite',
      in: 'iicLoss',
      find: 'maximum(p, $floor)',
      to: 'p',
      caughtBy: [ofIic, 'is finite, with finite gradients'],
    },
    {
      line: 'only turns of the cluster heads count for the choice of a head',
      in: 'recordLosses',
      find: 'isRecorded ? $recorded : next',
      to: 'next',
      caughtBy: [ofIic, 'agrees with a whole step in PyTorch: over'],
    },
    {
      line: 'heads begin near 0, as in the code of the authors',
      in: 'iic/headsOf',
      find: 'normal(0.01)',
      to: 'normal(1)',
      caughtBy: [ofIic, 'begins with heads that know nothing'],
    },
  ],
} satisfies Record<string, readonly Mutation[]>;
