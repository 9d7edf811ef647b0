/**
 * The library: train an image encoder on unlabeled images, cluster, evaluate, assign and export.
 *
 * @example
 * import { openImages, train } from 'likeness-ml';
 * const images = await openImages('photos');
 * const model = await train(images, { minutes: 30, out: 'runs/photos' });
 * const groups = await model.cluster(images);
 */

export { type ClusterAlgorithm, clusterAlgorithms } from './cluster/index.ts';
export {
  type ClassicalName,
  type ComparedMethod,
  type CompareRequest,
  type Comparison,
  classicalNames,
  compareTable,
  type SettingValues,
  type WrittenComparison,
} from './compare/index.ts';
export { LikenessError } from './core/errors.ts';
export type { Notice, ProgressEvent, ReporterOptions } from './core/reporter.ts';
export { type ClassList, classListNames, classLists, type ValueRange } from './data/index.ts';
export { type KeepRule, keepRules } from './duplicates/index.ts';
export {
  type FeatureEncoderName,
  learnedNames,
  type Precision,
  precisions,
  type StoredModel,
} from './encoders/index.ts';
export {
  type ColorAgreement,
  type ColorVerdict,
  furtherScores,
  kmeansTitle,
  type LabelFreeReport,
  mainScores,
  reportVerdicts,
  type ScoreColumn,
  type ScoredEncoder,
  scoresOf,
  scoreTables,
} from './evaluate/index.ts';
export type { RunListing } from './explore/index.ts';
export type { Assigned, AssignedImage, AssignOptions } from './library/assign.ts';
export { type CacheListing, clearCaches, listCaches } from './library/cache.ts';
export {
  type Clustering,
  type ClusteringRequest,
  type ClusterOptions,
  checkClustering,
  type SortIntoOptions,
} from './library/cluster.ts';
export { type CompareOptions, compare } from './library/compare.ts';
export {
  type ContactSheet,
  type ContactSheetOptions,
  writeContactSheet,
} from './library/contactSheet.ts';
export {
  type DuplicateGroup,
  type DuplicateImage,
  type Duplicates,
  type DuplicatesOptions,
  findDuplicates,
  moveDuplicates,
  restoreDuplicates,
} from './library/duplicates.ts';
export type { Embeddings, EmbedOptions, EmbedToResult } from './library/embed.ts';
export type { UnreadableImage } from './library/embedFiles.ts';
export {
  type EncoderListing,
  type KnownEncoder,
  type ListEncodersOptions,
  listEncoders,
} from './library/encoders.ts';
export type { EvaluateOptions, RunEvaluation } from './library/evaluate.ts';
export { clusterFormatOf, type ExportedClusters } from './library/exportClusters.ts';
export type { ExportedHub, ExportHubOptions } from './library/exportHub.ts';
export type { PrecisionLoss } from './library/exportLoss.ts';
export type { ExportOnnxOptions } from './library/exportModel.ts';
export type { ClusterName } from './library/exportParts.ts';
export type { ExportedWeights } from './library/exportWeights.ts';
export { type FeatureFormat, featureFormats } from './library/featureFiles.ts';
export type { FinishedOptions, FinishedSteps } from './library/finished.ts';
export { type Images, type OpenImagesOptions, openImages } from './library/images.ts';
export { type ImportOptions, type ImportResult, importModel } from './library/importModel.ts';
export {
  type EqualImages,
  type Inspected,
  type InspectedCheckpoint,
  type InspectedFeatures,
  type InspectedRun,
  type InspectedSource,
  inspect,
} from './library/inspect.ts';
export {
  type FeaturesModel,
  type Model,
  openModel,
  type TrainedModel,
  type TrainingSummary,
} from './library/model.ts';
export { inspectMpi, launchedRank, type MpiFacts, type MpiRank } from './library/mpi.ts';
export {
  type EmbeddedFiles,
  type EncoderModel,
  type OpenEncoderOptions,
  openEncoder,
} from './library/openEncoder.ts';
export { parseSettings, parseSettingValues, parseSharedSettings } from './library/parseSettings.ts';
export {
  type ReadReportOptions,
  type RenderReportOptions,
  readReport,
  renderReport,
} from './library/report.ts';
export { type RoadName, roads } from './library/road.ts';
export { samplePath } from './library/sample.ts';
export { type StartOptions, start } from './library/start.ts';
export { type TrainOptions, train } from './library/train.ts';
export type { MovedFiles } from './library/trash.ts';
export { type KernelChoice, type TuneOptions, type TuneResult, tune } from './library/tune.ts';
export type { ExportedOnnx } from './library/writeOnnx.ts';
export {
  type DefinedMethod,
  defaultHead,
  defaultMethod,
  defineMethod,
  embeddingProgram,
  flatSettings,
  headNames,
  type Method,
  type MethodDefinition,
  methodNames,
  ntXent,
  presets,
  project,
  projectionSettings,
  registerMethod,
  type Settings,
  type SettingsPatch,
  type Stage,
  type StepScope,
  settingNames,
} from './methods/index.ts';
export type {
  NamedText,
  ReportBand,
  ReportClustering,
  ReportMeasures,
  ReportSimilarity,
  ReportTraining,
  RunReport,
} from './report/index.ts';
export type {
  ExampleImage,
  FeatureMap,
  FeatureMaps,
  ReportClasses,
  ReportCluster,
  ReportColorAgreement,
  ReportSuggestion,
  StoredClustering,
  StoredEvaluation,
  StoredHierarchy,
  StoredReport,
  Thumbnails,
} from './run/index.ts';
export { type ExploreOptions, type ExploreServer, explore } from './server/index.ts';
export type { TrainEvent } from './train/index.ts';
