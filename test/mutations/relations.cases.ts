/** Key lines of DAC, DDC and DCCM, and of the affine map of views. */
import type { Mutation } from './mutation.cases.ts';

export const relations: Readonly<Record<string, readonly Mutation[]>> = {
  dac: [
    {
      line: 'pairs above the upper threshold belong together',
      in: 'chosenRelations',
      find: 'greater(s, upper)',
      to: 'greater(s, lower)',
      caughtBy: ['dac.test.ts', 'leaves pairs between the thresholds'],
    },
    {
      line: 'pairs below the lower threshold belong apart',
      in: 'chosenRelations',
      find: 'less(s, lower)',
      to: 'less(s, upper)',
      caughtBy: ['dac.test.ts', 'leaves pairs between the thresholds'],
    },
    {
      line: 'label features have length 1',
      in: 'pairRelations/similarities',
      find: 'l2Normalize(y)',
      to: 'y',
      caughtBy: ['pairRelations.test.ts', 'are the cosines of the known probabilities'],
    },
    {
      line: 'the loss is a mean over the chosen pairs',
      in: 'relationLoss',
      find: 'maximum(add(sum(positive), sum(negative)), 1)',
      to: 'maximum(sum(positive), 1)',
      caughtBy: ['dac.test.ts', 'has the known loss of known outputs'],
    },
    {
      line: 'no gradient reaches the clean images',
      in: 'dac',
      find: 'stopGradient(probabilitiesOf($variables, clean, settings))',
      to: 'probabilitiesOf($variables, clean, settings)',
      caughtBy: ['dac.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'thresholds move once per epoch',
      in: 'thresholdAt',
      find: 'Math.floor(step / stepsPerEpoch)',
      to: '0',
      caughtBy: ['pairRelations.test.ts', "moves by the paper's step"],
    },
  ],
  ddc: [
    {
      line: 'relations are those of the partition',
      in: 'samePartition',
      find: 'matmul(member, transpose(member))',
      to: 'matmul(y, transpose(y))',
      caughtBy: ['pairRelations.test.ts', 'is an equivalence'],
    },
    {
      line: 'the local term draws an image to the cluster of its clean self',
      in: 'ddcLoss',
      find: 'oneHot(argMax(clean), $K)',
      to: 'oneHot(argMax(y), $K)',
      caughtBy: ['ddc.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'the local term is weighted',
      in: 'ddc',
      find: 'mul(settings.localWeight, local)',
      to: 'local',
      caughtBy: ['ddc.test.ts', 'agrees with a whole step'],
    },
  ],
  dccm: [
    {
      line: 'only confident images have a pseudo-label',
      in: 'dccmLoss',
      find: 'mul(isLabeled, perImage)',
      to: 'perImage',
      caughtBy: ['dccm.test.ts', 'has the known losses'],
    },
    {
      line: 'pseudo-labels are those of the clean image',
      in: 'dccmLoss',
      find: 'argMax(target)',
      to: 'argMax(y)',
      caughtBy: ['dccm.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'a positive is another image',
      in: 'chosenPairs',
      find: 'mul(graph, sub(1, itself))',
      to: 'graph',
      caughtBy: ['dccm.test.ts', 'are a drawn image of the same graph'],
    },
    {
      line: 'negatives are not of the graph',
      in: 'chosenPairs',
      find: 'sub(1, graph)',
      to: 'graph',
      caughtBy: ['dccm.test.ts', 'are a drawn image of the same graph'],
    },
    {
      line: 'true pairs have high scores',
      in: 'informationLoss',
      find: 'softplus(neg(scoresOf(maps)))',
      to: 'softplus(scoresOf(maps))',
      caughtBy: ['dccm.test.ts', 'agrees with a whole step'],
    },
  ],
  affine: [
    {
      line: 'the center stays where it is',
      in: 'applyAffine',
      find: 'x - right / 2',
      to: 'x - right / 2 + 0.5',
      caughtBy: ['affine.test.ts', 'shows at every pixel the source'],
    },
    {
      line: 'the shift is turned with the image, as in Keras',
      in: 'applyAffine',
      find: 'squeeze * v + ty',
      to: 'squeeze * v',
      caughtBy: ['affine.test.ts', 'shows at every pixel the source'],
    },
  ],
};
