/** What features and clusters are worth: against labels, against baselines, and without labels. */
export { adjustedRand, type Contingency, contingency, type Labels } from '../cluster/index.ts';
export { accuracy, type Matching, matchingOf } from './accuracy.ts';
export { ami, amiOf, expectedMutualInformation } from './ami.ts';
export { colourHistogram, type PlanarImages, rawPixelDimension, rawPixels } from './baselines.ts';
export { type ClusterAgreement, clusterAgreement, kmeansAgreement } from './clusterFigures.ts';
export { type Confusion, confusionOf } from './confusion.ts';
export { type EpochBudget, type EpochWork, epochBudget } from './epochBudget.ts';
export {
  type EpochMeasureOptions,
  type EpochMeasures,
  type EpochMemory,
  type EpochSample,
  epochMeasureNames,
  measureEpoch,
  trackingMeasures,
} from './epochMeasures.ts';
export {
  type ClusterScores,
  type EvaluateInput,
  type EvaluateOptions,
  type Evaluation,
  evaluateFeatures,
  type LearnedClusters,
} from './evaluateFeatures.ts';
export { type FewLabelsOptions, type FewLabelsResult, fewLabels, labelledDraw } from './fewLabels.ts';
export { fowlkesMallows, fowlkesMallowsOf } from './fowlkesMallows.ts';
export { type KnnOptions, type KnnResult, knn, type Labelled } from './knn.ts';
export {
  type EffectiveRank,
  effectiveRank,
  featureDeviation,
  type LabelFree,
  type LabelFreeInput,
  labelFree,
  type NeighbourConsistency,
  neighbourConsistency,
  type Usage,
  usage,
  type ViewAgreement,
  viewAgreement,
} from './labelFree.ts';
export { linearProbe, type ProbeOptions, type ProbeResult } from './linearProbe.ts';
export { type NmiOptions, nmi, nmiOf } from './nmi.ts';
export { type PairFigures, pairFigures } from './pairFigures.ts';
export { type ClusterPurity, purity, purityOf, purityTable } from './purity.ts';
export { ranks, spearman } from './spearman.ts';
export { type Split, splitOf } from './split.ts';
