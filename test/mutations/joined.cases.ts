/** Lines of patch features that are joined with a network. */
import type { Mutation } from './mutation.cases.ts';

const ofEncoder = 'joined.slow.test.ts';

export const joined = {
  joined: [
    {
      line: 'the network has its weight beside patch features',
      in: 'joinedFeatures',
      find: 'mul(l2Normalize(components), weight)',
      to: 'l2Normalize(components)',
      caughtBy: [ofEncoder, 'components of the network times the weight'],
    },
    {
      line: 'patch features have length 1',
      in: 'joinedFeatures',
      find: 'l2Normalize(own)',
      to: 'own',
      caughtBy: [ofEncoder, 'components of the network times the weight'],
    },
    {
      line: 'components are standardized',
      in: 'whitenedComponents',
      find: 'whitened[p * F + f]! / deviations[f]!',
      to: 'whitened[p * F + f]!',
      caughtBy: [ofEncoder, 'whitens the components of the network'],
    },
    {
      line: 'a view is searched for among all images',
      in: 'joined/viewRetrieval/retrieval',
      find: 'products[j]! > products[i]!',
      to: 'products[j]! > products[0]!',
      caughtBy: [ofEncoder, 'is the mean reciprocal rank'],
    },
    {
      line: 'a network needs time for enough images',
      in: 'trainingBeside',
      find: 'other + FEWEST_SEEN / speed',
      to: 'other',
      caughtBy: ['road.test.ts', 'too little time for a network'],
    },
    {
      line: 'the time of the whole call counts',
      in: 'openTraining',
      find: '(from?.seconds ?? 0) + before',
      to: 'from?.seconds ?? 0',
      caughtBy: ['trainer.test.ts', 'counts the minutes from a given moment'],
    },
  ],
} as const satisfies Readonly<Record<string, readonly Mutation[]>>;
