/** Lines of the methods that train a head on features. */
import type { Mutation } from './mutation.cases.ts';

export const heads = {
  consensus: [
    {
      line: 'each member has columns of its own',
      in: 'membershipTable',
      find: 'i * M * k + m * k + $cluster',
      to: 'i * M * k + $cluster',
      caughtBy: ['consensusClusters.test.ts', 'has rows whose product is the fraction of members'],
    },
    {
      line: 'the head begins with the mean directions',
      in: 'labeledPrototypes/meanDirections',
      find: 'cluster * D + d',
      to: 'd',
      caughtBy: ['consensus.test.ts', 'begins with the clusters of all images'],
    },
  ],
  ensemble: [
    {
      line: 'the clusters of heads are among the members',
      in: 'joinedState',
      find: 'image * byHeads.dimension + head',
      to: 'image * byHeads.dimension',
      caughtBy: ['ensemble.test.ts', 'end with what most members say'],
    },
    {
      line: 'members have the learning rates of their recipes',
      in: 'minimizeMember',
      find: '() => learningRate',
      to: '() => 0.001',
      caughtBy: ['ensemble.test.ts', 'are updated as in the methods themselves'],
    },
    {
      line: 'a short run keeps epochs for the classifier',
      in: 'memberEpochs',
      find: 'Math.floor(MEMBERS_PART * epochs)',
      to: 'epochs',
      caughtBy: ['ensemble.test.ts', 'train the members for whole epochs'],
    },
  ],
  spreadClusters: [
    {
      line: 'rows outside the sample take the cluster of most neighbors',
      in: 'mostFrequent',
      find: '$count > counts.get(best)!',
      to: '$count < counts.get(best)!',
      caughtBy: ['spreadClusters.test.ts', 'takes the cluster of most of the nearest rows'],
    },
  ],
  temi: [
    {
      line: 'pairs on which the teacher agrees weigh more',
      in: 'temiStep',
      find: 'mul(weight, mul(terms, 0.5))',
      to: 'mul(terms, 0.5)',
      caughtBy: ['temi.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'products are raised to beta',
      in: 'pointwiseInformation',
      find: 'pow($product, beta)',
      to: '$product',
      caughtBy: ['temi.test.ts', 'are the golden ones'],
    },
    {
      line: 'the teacher follows the updated student',
      in: 'temiStep',
      find: "when: 'after'",
      to: "when: 'before'",
      caughtBy: ['temi.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'the last layer is frozen at first',
      in: 'temiStep',
      find: 'moment.step >= frozen',
      to: 'moment.step >= 0',
      caughtBy: ['temi.test.ts', 'updates the last layers after the first steps only'],
    },
  ],
  turtle: [
    {
      line: 'the gradient of softmax regression',
      in: 'fittedClassifier',
      find: 'sub(softmax($logits), tau)',
      to: 'sub(tau, softmax($logits))',
      caughtBy: ['turtle.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'the classifier is fixed in the loss',
      in: 'turtleLoss',
      find: 'crossEntropy(stopGradient(logits), tau)',
      to: 'crossEntropy(logits, tau)',
      caughtBy: ['turtle.test.ts', 'without a gradient of the logits'],
    },
    {
      line: 'every cluster gets images',
      in: 'turtleLoss',
      find: 'mul(entropyWeight, entropy)',
      to: 'mul(entropyWeight, 0)',
      caughtBy: ['turtle.test.ts', 'is the cross-entropy less the entropy'],
    },
  ],
  scan: [
    {
      line: 'the entropy is maximized',
      in: 'scanLoss',
      find: 'sub(consistency, $weighted)',
      to: 'add(consistency, $weighted)',
      caughtBy: ['scan.test.ts', 'gives the golden terms'],
    },
    {
      line: 'labels are those of confident images',
      in: 'selfLabelingLoss',
      find: 'greater(max($p, $axes), confidence)',
      to: 'greater(max($p, $axes), 0)',
      caughtBy: ['scan.test.ts', 'gives each cluster the same weight'],
    },
    {
      line: 'each cluster has the same weight',
      in: 'selfLabelingLoss',
      find: 'div(losses, $counts)',
      to: 'losses',
      caughtBy: ['scan.test.ts', 'gives each cluster the same weight'],
    },
  ],
} satisfies Record<string, Mutation[]>;
