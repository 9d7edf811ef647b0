/** What features and clusters are worth: against labels, against baselines, and without labels. */
export { colourHistogram, type PlanarImages, rawPixelDimension, rawPixels } from './baselines.ts';
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
export { type EpochSampleOptions, epochPlan, type OpenSample, openEpochSample } from './epochSample.ts';
export {
  type ClusterScores,
  type EvaluateInput,
  type EvaluateOptions,
  type Evaluation,
  evaluateFeatures,
  type LearnedClusters,
} from './evaluateFeatures.ts';
export { type FewLabelsOptions, type FewLabelsResult, fewLabels, labelledDraw } from './fewLabels.ts';
export { kmeansAgreement } from './kmeansAgreement.ts';
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
export { type PairFigures, pairFigures } from './pairFigures.ts';
export { type Split, splitOf } from './split.ts';
