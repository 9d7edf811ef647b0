/**
 * Evaluation of encoders, features and clusters: against labels, against baselines, and without
 * labels.
 */
export { type BaselineStore, baselineStore } from './baselineStore.ts';
export type { ClassifierEvaluation } from './classifierScores.ts';
export type { ClusterEvaluation, ClusterScores, LearnedClusters } from './clusterScores.ts';
export {
  type ColorAgreement,
  type ColorClusterings,
  type ColorFigures,
  type ColorVerdict,
  colorAgreement,
  colorFigures,
} from './colorAgreement.ts';
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
  type EpochSampleOptions,
  epochPlan,
  type OpenSample,
  openEpochSample,
} from './epochSample.ts';
export {
  type EncoderEvaluation,
  type EvaluateOptions,
  type EvaluationReport,
  evaluate,
} from './evaluate.ts';
export {
  type Evaluation,
  evaluateFeatures,
  type FeatureEvaluationOptions,
  type LabeledFeatures,
} from './evaluateFeatures.ts';
export {
  type EvaluationRecord,
  evaluationRecord,
  KMEANS_TITLE,
  kmeansTitle,
  protocolOf,
  reportVerdicts,
  scoresOf,
} from './evaluationRecord.ts';
export {
  type EvaluationSet,
  evaluationSet,
  type SetLimits,
  trainingImages,
} from './evaluationSet.ts';
export {
  type FewLabelsOptions,
  type FewLabelsResult,
  fewLabels,
  labeledDraw,
} from './fewLabels.ts';
export {
  type FineTunedResult,
  type FineTuneLabelsOptions,
  fineTuneLabels,
  type LabeledImages,
} from './fineTuneLabels.ts';
export { kmeansAgreement } from './kmeansAgreement.ts';
export { type KnnOptions, type KnnResult, knn, type Labeled } from './knn.ts';
export * from './labelFree.ts';
export { linearProbe, type ProbeOptions, type ProbeResult } from './linearProbe.ts';
export { type ColorAgreementOptions, measureColorAgreement } from './measureColorAgreement.ts';
export {
  type GivenClusters,
  type LabelFreeReport,
  type MeasureOptions,
  measureLabelFree,
} from './measureLabelFree.ts';
export { type PairFigures, pairFigures } from './pairFigures.ts';
export { type RunEncodersOptions, runEncoders } from './runEncoders.ts';
export {
  furtherScores,
  mainScores,
  type ScoreColumn,
  type ScoredEncoder,
  type Scores,
  scoreTables,
  type Verdict,
  verdictsOf,
} from './scores.ts';
export { type Split, splitOf } from './split.ts';
