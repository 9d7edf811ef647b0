/** Lines of steps on several ranks. */
import type { Mutation } from './mutation.cases.ts';

const ofProgram = 'backends/ranks.test.ts';
const ofTraining = 'train/ranks.test.ts';

export const ranks = {
  ranks: [
    {
      line: 'a mean divides by the number of ranks',
      in: 'exchange/reduce',
      find: 'joined[i]! / communicator.size',
      to: 'joined[i]!',
      caughtBy: [ofProgram, 'leave each other'],
    },
    {
      line: 'a second exchange finds its operand as it was',
      in: 'exchange/exchange',
      find: 'overwritten.has(operand) ? values.slice() : values',
      to: 'values',
      caughtBy: [ofProgram, 'leave each other'],
    },
    {
      line: 'rows of all ranks are in the order of crops',
      in: 'cropsOfAll',
      find: 'transpose(ofReplicas, [1, 0, 2])',
      to: 'ofReplicas',
      caughtBy: [ofTraining, 'train simclr as one does'],
    },
    {
      line: 'heads on rows of all ranks have complete statistics',
      in: 'ofWholeBatch',
      find: '{ ...variables, batchNormReplicas: 1 }',
      to: 'variables',
      caughtBy: [ofTraining, 'train simclr as one does'],
    },
    {
      line: 'statistics of each rank are stored as their mean',
      in: 'layers/batchNormOf',
      find: 'replicas === 1 ? crossReplicaMean(seen) : seen',
      to: 'seen',
      caughtBy: [ofTraining, 'statistics of their own'],
    },
    {
      line: 'a rank that ends ends the work of all',
      in: 'rowsOfRanks',
      find: 'isEnded: isAborted',
      to: 'isEnded: false',
      caughtBy: [ofTraining, 'end on all ranks where one ends'],
    },
  ],
} as const satisfies Readonly<Record<string, readonly Mutation[]>>;
