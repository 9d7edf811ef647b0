/** Lines of the methods that contrast images and clusters. */
import type { Mutation } from './mutation.cases.ts';

const METHODS = 'src/methods';
const golden = 'gives the golden';
const ofPcl = `${METHODS}/pcl.test.ts`;
const ofHcsc = `${METHODS}/hcsc.test.ts`;
const ofSelection = `${METHODS}/selection.test.ts`;
const ofClusters = `${METHODS}/contrastiveClustering.test.ts`;
const ofConcentration = 'src/cluster/concentration.test.ts';
const ofTree = 'src/cluster/hierarchicalKmeans.test.ts';

export const contrast = {
  pcl: [
    {
      line: 'prototypes are brought back to length 1',
      file: `${METHODS}/pcl.ts`,
      from: 'normaliseRows(featuresOf(found.centroids, F.dimension)).data',
      to: 'found.centroids',
      caughtBy: [ofPcl, 'gives unit prototypes'],
    },
    {
      line: 'phi: the sum of distances over n ln(n + alpha)',
      file: 'src/cluster/concentration.ts',
      from: 'Math.log(sizes[c]! + smoothing)',
      to: '1',
      caughtBy: [ofConcentration, golden],
    },
    {
      line: 'phi: clipped to percentiles',
      file: 'src/cluster/concentration.ts',
      from: 'Math.min(Math.max(phi, low), high)',
      to: 'phi',
      caughtBy: [ofConcentration, golden],
    },
    {
      line: 'phi: scaled to mean tau',
      file: 'src/cluster/concentration.ts',
      from: '(tau * phi) / mean',
      to: 'phi',
      caughtBy: [ofConcentration, golden],
    },
    {
      line: 'phi: clusters of one image take the largest',
      file: 'src/cluster/concentration.ts',
      from: 'sizes[c]! > 1 ? phi : largest',
      to: 'phi',
      caughtBy: [ofConcentration, golden],
    },
    {
      line: 'each prototype counts at its own temperature',
      file: `${METHODS}/protoNce.ts`,
      from: 'drawn ? gather(phi, ids) : phi)',
      to: 'scalar(1))',
      caughtBy: [ofPcl, 'each at its own temperature'],
    },
    {
      line: 'the key encoder follows by the momentum',
      file: 'src/nn/momentum.ts',
      from: 'add(mul(current, momentum), mul(stopGradient(trained), sub(scalar(1), momentum)))',
      to: 'add(mul(current, sub(scalar(1), momentum)), mul(stopGradient(trained), momentum))',
      caughtBy: [ofPcl, 'agrees in loss, gradients, weights, key encoder and queue'],
    },
    {
      line: 'the key encoder moves before keys are made',
      file: `${METHODS}/pcl.ts`,
      from: "when: 'before',",
      to: "when: 'after',",
      caughtBy: [ofPcl, 'agrees in loss, gradients, weights, key encoder and queue'],
    },
    {
      line: 'mask: drawn negatives that the batch holds are left out',
      file: `${METHODS}/protoNce.ts`,
      from: 'where(isInBatch, scalar(MASKED), ofNegatives)',
      to: 'ofNegatives',
      caughtBy: [ofPcl, 'leaves out drawn negatives'],
    },
    {
      line: 'mask: images of one cluster are not negatives of each other',
      file: `${METHODS}/protoNce.ts`,
      from: "variant === 'asReleased' ? inBatch : where(isFalseNegative, scalar(MASKED), inBatch)",
      to: 'inBatch',
      caughtBy: [ofPcl, 'makes images of one cluster negatives'],
    },
    {
      line: 'clusterings are of the key encoder',
      file: `${METHODS}/momentumContrast.ts`,
      from: "createVariables({ mode: 'evaluate', prefix: KEY })",
      to: "createVariables({ mode: 'evaluate' })",
      caughtBy: [ofPcl, 'asks for features of the key encoder'],
    },
    {
      line: 'prototypes wait for the warm-up',
      file: `${METHODS}/pcl.ts`,
      from: 'moment.step >= clusterWarmupEpochs * moment.stepsPerEpoch ? 1 : 0',
      to: '1',
      caughtBy: [ofPcl, 'turns the prototypes on with the first step after it'],
    },
    {
      line: 'the mean over clusterings',
      file: `${METHODS}/protoNce.ts`,
      from: 'div(total, scalar(losses.length))',
      to: 'total',
      caughtBy: [ofPcl, 'agrees in loss, gradients, weights, key encoder and queue'],
    },
  ],
  hcsc: [
    {
      line: 'the hierarchy is a tree of prototypes',
      file: 'src/cluster/hierarchicalKmeans.ts',
      from: 'const grouped = below?.prototypes ?? features;',
      to: 'const grouped = features;',
      caughtBy: [ofTree, 'groups the prototypes of the level below'],
    },
    {
      line: 'a row goes where its cluster goes',
      file: 'src/cluster/hierarchicalKmeans.ts',
      from: 'below.labels.map((child) => assignments[child]!)',
      to: 'below.labels.map((_, row) => assignments[row % assignments.length]!)',
      caughtBy: [ofTree, 'is a tree'],
    },
    {
      line: 'prototypes are brought back to length 1',
      file: 'src/cluster/hierarchicalKmeans.ts',
      from: 'normaliseRows(featuresOf(centroids, features.dimension))',
      to: 'featuresOf(centroids, features.dimension)',
      caughtBy: [ofTree, 'which have length 1'],
    },
    {
      line: 'mask: what belongs to the cluster is left out, not kept',
      file: `${METHODS}/selection.ts`,
      from: 'sub(scalar(1), transpose(gather(belongs, labels, 1)))',
      to: 'transpose(gather(belongs, labels, 1))',
      caughtBy: [ofSelection, golden],
    },
    {
      line: 'mask: belonging is at the temperature phi',
      file: `${METHODS}/selection.ts`,
      from: 'maximum(phi, scalar(SMALLEST_PHI))',
      to: 'scalar(1)',
      caughtBy: [ofSelection, golden],
    },
    {
      line: 'mask: a removed negative is gone',
      file: `${METHODS}/selection.ts`,
      from: ': where(kept, cosinesOf, scalar(MASKED));',
      to: ": mul(cosinesOf, cast(kept, 'float32'));",
      caughtBy: [ofSelection, 'does without what was not kept'],
    },
    {
      line: "mask: an image's own prototype is no negative",
      file: `${METHODS}/selection.ts`,
      from: 'greater(sub(candidates, excluded), scalar(0.5))',
      to: 'greater(candidates, scalar(0.5))',
      caughtBy: [ofSelection, 'leaves out the own prototype'],
    },
    {
      line: 'mask: a coin with that probability',
      file: `${METHODS}/bernoulli.ts`,
      from: 'less(sub(sum, floor(sum)), probabilities)',
      to: 'less(sum, probabilities)',
      caughtBy: [`${METHODS}/bernoulli.test.ts`, 'are true as often as they should be'],
    },
    {
      line: 'prototypes are selected by the level above',
      file: `${METHODS}/hcsc.ts`,
      from: 'const above = levels[l + 1]!;',
      to: 'const above = levels[l]!;',
      caughtBy: [ofHcsc, 'agrees in loss, gradients, weights, key encoder and queue'],
    },
    {
      line: 'the key encoder moves before keys are made',
      file: `${METHODS}/hcsc.ts`,
      from: "when: 'before',",
      to: "when: 'after',",
      caughtBy: [ofHcsc, 'agrees in loss, gradients, weights, key encoder and queue'],
    },
    {
      line: 'phi of mean tau',
      file: 'src/cluster/concentration.ts',
      from: '(tau * phi) / mean',
      to: 'phi',
      caughtBy: [ofHcsc, 'phi of mean tau'],
    },
  ],
  'contrastive-clustering': [
    {
      line: 'entropy: its sign rewards clusters of equal size',
      file: `${METHODS}/clusterContrast.ts`,
      from: 'add(scalar(Math.log(y.shape[1]!)), negativeEntropy)',
      to: 'add(scalar(Math.log(y.shape[1]!)), mul(scalar(-1), negativeEntropy))',
      caughtBy: [ofClusters, 'give the golden cluster loss'],
    },
    {
      line: 'clusters are columns',
      file: `${METHODS}/clusterContrast.ts`,
      from: 'l2Normalize(transpose(y), { epsilon: SHORTEST })',
      to: 'l2Normalize(y, { epsilon: SHORTEST })',
      caughtBy: [ofClusters, 'give the golden cluster loss'],
    },
    {
      line: 'each head has its own temperature',
      file: `${METHODS}/contrastiveClustering.ts`,
      from: 'temperature: options.clusterTemperature,',
      to: 'temperature: options.temperature,',
      caughtBy: [ofClusters, 'agrees in loss, its parts, gradients'],
    },
    {
      line: 'instance embeddings lie on the sphere',
      file: `${METHODS}/contrastiveClustering.ts`,
      from: 'return l2Normalize(head(variables, INSTANCE_HEAD, h, options.hiddenLength, options.embeddingLength));',
      to: 'return head(variables, INSTANCE_HEAD, h, options.hiddenLength, options.embeddingLength);',
      caughtBy: [ofClusters, 'agrees in loss, its parts, gradients'],
    },
    {
      line: 'extra images do not move the cluster head',
      file: `${METHODS}/contrastiveClustering.ts`,
      from: 'frozen: parts && { clusters: less(clusterWeight, scalar(0.5)) },',
      to: '',
      caughtBy: [ofClusters, 'agrees on images that are only learned from'],
    },
    {
      line: 'sampler: extra images come first and mix with no others',
      file: `${METHODS}/unlabelledFirst.ts`,
      from: 'i < extraSteps * B ? extras![i % extras!.length]! : others![i - extraSteps * B]!',
      to: 'others![i % others!.length]!',
      caughtBy: [`${METHODS}/unlabelledFirst.test.ts`, 'visit extra images first'],
    },
  ],
} satisfies Record<string, readonly Mutation[]>;
